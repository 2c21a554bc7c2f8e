// What one look decides: the verdict, and everything that should be true because of it.

import type {
  AnswerWanted,
  ApprovalWanted,
  CheckWanted,
  CommandResult,
  RollbackWanted,
  RunWanted,
} from "./effect.ts";
import type { Verdict } from "./gate.ts";
import type { Reason } from "./reason.ts";
import type { StopReason } from "./stop.ts";

export interface Decision {
  /** Whether the subject needs any further look by itself. */
  readonly open: boolean;
  /** The commit that the verdict is about; null where there is none. */
  readonly sha: string | null;
  /** The branch that the change goes to. */
  readonly base: string | null;
  /** What this subject alone says of the commit; null where Interlock has nothing to say. */
  readonly verdict: Verdict | null;
  /** The base for which a pull request of the repository itself speaks for this one. */
  readonly silentFor?: string;
  readonly runs: readonly RunWanted[];
  readonly stops: readonly StopWanted[];
  readonly retries: readonly RetryWanted[];
  readonly approvals: readonly ApprovalWanted[];
  readonly rollbacks: readonly RollbackWanted[];
  /** Every check that should stand on `sha`. */
  readonly checks: readonly CheckWanted[];
  /** Checks wanted only where one of the name stands already: news for those who saw it. */
  readonly corrections: readonly CheckWanted[];
  /** Names of checks on `sha` that nothing stands behind any more. */
  readonly obsolete: readonly string[];
  /** Why all that this subject left in progress comes to its end; null where it does not. */
  readonly end: Reason | null;
  /** Whether that also ends a gate that this subject left open; absent: it stays as it was decided. */
  readonly closesGate?: boolean;
  readonly answers: readonly AnswerWanted[];
  readonly results: readonly CommandResult[];
  /** Subjects that should look again because of this one. */
  readonly wake: readonly string[];
  /** When to look again without any event; null where nothing is awaited. */
  readonly dueAt: number | null;
}

export interface StopWanted {
  readonly execution: string;
  readonly reason: StopReason;
}

export interface RetryWanted {
  readonly key: string;
  readonly execution: string;
  readonly stage: string;
}

/** Nothing to say and nothing to do, apart from what is given. */
export function silence(change: Partial<Decision>): Decision {
  return {
    open: false,
    sha: null,
    base: null,
    verdict: null,
    runs: [],
    stops: [],
    retries: [],
    approvals: [],
    rollbacks: [],
    checks: [],
    corrections: [],
    obsolete: [],
    end: null,
    answers: [],
    results: [],
    wake: [],
    dueAt: null,
    ...change,
  };
}
