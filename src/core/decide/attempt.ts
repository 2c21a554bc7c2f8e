// Which execution of a part counts, and whether a new one is wanted.

import { canonical } from "../model/canonical.ts";
import type { RunWanted } from "../model/effect.ts";
import type { Execution } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import type { Part, PartName } from "../model/plan.ts";
import { isPersons } from "../model/stop.ts";

/** The newest attempt of a part for a commit; older ones never count again. */
export function latest(
  executions: readonly Execution[],
  of: { readonly pipeline: string; readonly part: PartName; readonly sha: string },
): Execution | null {
  return executions
    .filter(
      (execution) =>
        execution.pipeline === of.pipeline &&
        execution.part === of.part &&
        execution.sha === of.sha,
    )
    .reduce<Execution | null>(
      (best, execution) => (best === null || execution.attempt > best.attempt ? execution : best),
      null,
    );
}

/**
 * Whether it was ended because nothing asked for it then. That says nothing about the commit: where
 * the head comes back, the pull request is reopened or the plan is what it was, it runs again.
 */
export function isVoid({ state, stopReason }: Execution): boolean {
  return (
    state === "stopped" &&
    stopReason !== null &&
    stopReason !== "deadline_passed" &&
    !isPersons(stopReason)
  );
}

/** Whether its engine may still be working on it. */
export function isLive({ state }: Pick<Execution, "state">): boolean {
  return state === "intended" || state === "unconfirmed" || state === "running";
}

/**
 * Whether its start may still be on its way to the engine, though the ledger ended it as one that the engine
 * never had: anyone who sent it was paused or killed, and the subject has passed to another process.
 */
export function mayArrive(
  { state, engineId, endedAt }: Pick<Execution, "state" | "engineId" | "endedAt">,
  now: number,
): boolean {
  const isNever = state === "stopped" && engineId === null && endedAt !== null;
  return isNever && now - endedAt <= limit.look.arrive_ms;
}

/** When it was started, or started again: its deadline counts from there. */
export function startedAt({
  createdAt,
  retries,
}: Pick<Execution, "createdAt" | "retries">): number {
  const again = retries.filter(({ state }) => state === "done").map(({ at }) => at);
  return Math.max(createdAt, ...again);
}

/**
 * From when on nothing waits for it where its engine is turned off, in milliseconds since 1970: its deadline
 * has passed, so nothing that it comes to later lets it pass, and it is stopped once the engine is back.
 */
export function goneAt({
  spec,
  ...run
}: Pick<Execution, "spec" | "createdAt" | "retries">): number {
  return startedAt(run) + spec.deadline_ms + limit.look.engine_gone_ms;
}

/** Whether it counts as lost for the order of the releases. It has not ended and has not passed by that. */
export function isGone(
  execution: Pick<Execution, "spec" | "createdAt" | "retries">,
  { engines, now }: { readonly engines: readonly string[]; readonly now: number },
): boolean {
  return !engines.includes(execution.spec.engine) && now > goneAt(execution);
}

/** Whether a stop can come about: asked of the engine, or in the ledger alone. */
export function isStoppable(execution: Execution, engines: readonly string[]): boolean {
  return (
    isLive(execution) && (execution.state === "intended" || engines.includes(execution.spec.engine))
  );
}

/** Whether it was told to run what the plan says now. An execution under an older plan proves nothing. */
export function fits(execution: Execution, part: Part): boolean {
  return canonical(execution.spec) === canonical(part);
}

/** Where a part runs, whatever its stages are: another pipeline of the engine is another production. */
export function placeOf(part: Part): string {
  return canonical({ ...part, stages: [], deadline_ms: 0 });
}

/** The same run once more, where the engine never got it. */
export function sameRun(execution: Execution): RunWanted {
  const { key, pipeline, part, sha, attempt, cause, spec } = execution;
  return { key, pipeline, part, sha, attempt, cause, spec };
}

/**
 * The next attempt. Its key is the client token, so that it starts once however often it is wanted. The
 * generation is in it because a database that was restored counts attempts again that engines have seen.
 */
export function nextRun(of: {
  readonly subject: string;
  readonly generation: string;
  readonly pipeline: string;
  readonly part: PartName;
  readonly spec: Part;
  readonly sha: string;
  readonly cause: string;
  readonly previous: Execution | null;
}): RunWanted {
  const attempt = (of.previous?.attempt ?? 0) + 1;
  const key = [of.subject, of.pipeline, of.part, of.sha, attempt].join("|");
  return {
    key: of.generation ? `${key}|${of.generation}` : key,
    pipeline: of.pipeline,
    part: of.part,
    sha: of.sha,
    attempt,
    cause: of.cause,
    spec: of.spec,
  };
}
