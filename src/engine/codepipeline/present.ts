// Which commit is in a stage at this moment, so that nothing else is taken out of it than what is meant.

import type { PipelineRun } from "../../ports/run.ts";
import type { Summary } from "./execution.ts";
import { isOver } from "./stages.ts";
import type { StageNow } from "./state.ts";

export interface Present {
  readonly sha: string;
  /** When the execution began that brought it there by itself; null where that is not known. */
  readonly startedAt: number | null;
}

export interface PresentQuestion {
  readonly now: StageNow | undefined;
  /** Executions of the pipeline, as far as they are known. */
  readonly known: readonly Summary[];
  readonly shaOf: (summary: Summary) => string | null;
  /** Those of them that are ours. */
  readonly ledger: ReadonlyMap<string, PipelineRun>;
}

/**
 * Of what entered the stage last; of a rollback, what it brought back. Where that did not succeed nobody
 * can tell how far it came, so that what it was to take out follows as a second one.
 */
export function presentIn(question: PresentQuestion): readonly Present[] {
  const { now, known, shaOf } = question;
  const last = known.find(({ id }) => id === now?.execution?.id);
  if (last === undefined) return [];
  if (last.type !== "ROLLBACK") return asPresent(shaOf(last), last.startedAt);
  const target = known.find(({ id }) => id === last.target);
  const back = asPresent(target === undefined ? shaOf(last) : shaOf(target), target?.startedAt);
  const status = now?.execution?.status ?? null;
  const unfinished = isOver(status) && status !== "Succeeded";
  return unfinished ? [...back, ...takenOut(question, last)] : back;
}

function takenOut(
  { known, shaOf, ledger }: PresentQuestion,
  rollback: Summary,
): readonly Present[] {
  const pendingCommand = ledger.get(rollback.id)?.request;
  const { type, detail } = rollback.trigger;
  // AWS names what failed as the cause of a rollback of its own.
  const cause =
    type === "AutomatedRollback" ? known.find(({ id }) => detail.includes(id)) : undefined;
  const sha =
    pendingCommand?.kind === "rollback" ? pendingCommand.rollback.from : cause && shaOf(cause);
  const brought = known.find(
    (summary) =>
      summary.type === "STANDARD" &&
      shaOf(summary) === sha &&
      summary.startedAt <= rollback.startedAt,
  );
  return asPresent(sha ?? null, brought?.startedAt);
}

function asPresent(sha: string | null, startedAt: number | undefined): readonly Present[] {
  return sha === null ? [] : [{ sha, startedAt: startedAt ?? null }];
}
