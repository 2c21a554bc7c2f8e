// Reads of the store that cost one statement together, and readings of GitHub that are kept there.

import type { AgedReading, KeptReading, Moment, Store } from "../port.ts";

/** What a look reads of its subject, of the others beside it, and of what was told of them. */
export type Reads = Pick<
  Store,
  | "told"
  | "executions"
  | "rollbacks"
  | "intentions"
  | "siblings"
  | "newer"
  | "waiting"
  | "busy"
  | "carried"
  | "checks"
  | "openChecks"
  | "answers"
>;

export interface GatheredReads {
  /**
   * The same reads for one caller: those that it asks for within one turn of the event loop are one
   * statement, and so are of one moment. Where one of them fails, all do.
   */
  together(): Reads;
}

export interface ReadingLedger {
  reading(key: string): Promise<AgedReading | null>;
  /** The reading, and a moment before which GitHub has not been asked again. */
  recall(key: string): Promise<{ readonly old: AgedReading | null; readonly moment: Moment }>;
  /** Resolves once it is kept. */
  keepReading(key: string, reading: KeptReading): Promise<void>;
  dropReading(keyPrefix: string): Promise<void>;
}
