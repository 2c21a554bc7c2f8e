// Whether a failed run can be run again from a stage on, and its record when it is.

import type { Acted } from "../../ports/engine.ts";
import type { LocalRun } from "../../ports/run.ts";
import type { Change } from "./run.ts";
import { rewoundStages } from "./stages.ts";
import { tokenOf, workspaceOf } from "./workspace.ts";

export interface RetryOrder {
  readonly run: LocalRun | null;
  readonly stage: string;
  readonly key: string;
  readonly folder: string;
}

export type RetryPlan =
  | { readonly kind: "answer"; readonly answer: Acted }
  | {
      readonly kind: "run";
      readonly run: LocalRun;
      readonly index: number;
      readonly change: Change;
    };

export async function planRetry(order: RetryOrder): Promise<RetryPlan> {
  const { run, stage, key, folder } = order;
  if (run === null) return refused("The local engine does not know this run.");
  if (run.retries.includes(key)) return { kind: "answer", answer: { kind: "done" } };
  switch (run.state) {
    case "running":
      return refused("The run has not ended yet.");
    case "succeeded":
      return refused("Every stage of the run has passed.");
    case "lost":
      return refused(`Nobody watched the run to its end. ${afresh(run)}`);
    case "failed":
    case "stopped":
  }
  const index = run.stages.findIndex(({ name }) => name === stage);
  if (index < 0) return refused(`The run has no stage ${stage}.`);
  const before = run.stages.slice(0, index).find(({ state }) => state !== "succeeded");
  if (before !== undefined)
    return refused(`Stage ${before.name} comes before ${stage} and has not passed.`);
  const kept = (await tokenOf(workspaceOf(folder, run.token).root)) === run.token;
  if (run.workspace === null || !kept)
    return refused(`The workspace of this run is gone. ${afresh(run)}`);
  const change = {
    state: "running",
    why: "",
    stages: rewoundStages(run.stages, index),
    endedAt: null,
    process: null,
    stopRequested: null,
    retries: [...run.retries, key],
  } as const;
  return { kind: "run", run, index, change };
}

function refused(why: string): RetryPlan {
  return { kind: "answer", answer: { kind: "refused", why } };
}

function afresh(run: LocalRun): string {
  return run.request.run.part === "verify"
    ? "`/interlock verify` starts afresh."
    : "Re-run its check to start afresh.";
}
