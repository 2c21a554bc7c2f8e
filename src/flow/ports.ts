// What the flow reaches the outside through.

import type { Engine } from "../ports/engine.ts";
import type { GitHub } from "../ports/github.ts";
import type { Clock, Log } from "../ports/log.ts";
import type { Meter } from "../ports/meter.ts";
import type { Store } from "../ports/store.ts";

/** Everything the flow reaches the outside with. */
export interface Ports {
  readonly github: GitHub;
  readonly store: Store;
  /** By the name that plans use. */
  readonly engines: ReadonlyMap<string, Engine>;
  readonly clock: Clock;
  /** Milliseconds since some moment: only goes forward, and for this process alone. */
  readonly elapsed: () => number;
  readonly log: Log;
  readonly meter?: Meter;
}
