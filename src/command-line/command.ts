// What a command of the terminal is.

import type { Environment } from "../settings.ts";
import type { Grammar, Words } from "./words.ts";

export interface Command extends Grammar {
  readonly name: string;
  /** What follows the call, such as `OWNER/NAME#12`; empty where nothing does. */
  readonly usage: string;
  readonly says: string;
  /** More for its own `--help`; empty where `says` is all. */
  readonly more: string;
  /** Resolves when it is done. Throws `Misused`, or an error whose message is a sentence. */
  run(context: Context, words: Words): Promise<void>;
}

export interface Context {
  readonly environment: Environment;
  /** One line of the answer that was asked for. */
  print(line: string): void;
  /** One line for the person, beside the answer. */
  warn(line: string): void;
}
