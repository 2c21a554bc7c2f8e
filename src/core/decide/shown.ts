// What GitHub shows of repositories, pull requests and gates where many are looked over at once.

import type { CheckWanted } from "../model/effect.ts";
import type { Repository } from "../model/event.ts";

export interface OpenPull {
  readonly number: number;
  readonly head: string;
  readonly base: string;
}

/** A repository that an installation may see. */
export interface ListedRepository {
  readonly repository: Repository;
  readonly defaultBranch: string;
}

/** What changes whenever something happens in a repository. */
export interface RepositoryOverview {
  /** As GitHub writes it: when anything was pushed to any branch. */
  readonly pushedAt: string | null;
  /** The commit of the default branch. */
  readonly tip: string | null;
  readonly branches: number;
  /** Open ones. */
  readonly pulls: number;
  /** Of these the hundred that changed last, newest first. */
  readonly newest: readonly OpenPull[];
}

/** A check run with the gate's name, as GitHub shows it. */
export interface ShownGate {
  /** Whether it was made by this App. */
  readonly source: "own" | "foreign";
  /** The name of the App that made it. */
  readonly app: string;
  /** A conclusion; `in_progress` where it has none. */
  readonly state: string;
  readonly title: string;
  readonly externalId: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** A gate by the ledger, of which nothing is under way. */
export interface LedgerGate {
  readonly repository: Repository;
  readonly content: CheckWanted;
  readonly sentAt: number;
}
