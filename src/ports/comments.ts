// What is asked of the comments of a pull request.

import type { Repository } from "../core/model/event.ts";
import type { Read } from "../port.ts";

/** One list of all comments, however many marks are looked for. */
export type FindComments = (
  repository: Repository,
  pull: number,
  marks: readonly string[],
) => Promise<Read<ReadonlyMap<string, number>>>;

/** An answer as it stands at GitHub. */
export interface SentAnswer {
  /** Of the comment. */
  readonly id: number;
  readonly body: string;
}
