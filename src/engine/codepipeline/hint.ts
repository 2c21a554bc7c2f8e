// Whether something that was told of an execution says more than what is known of it already.

import type { StageState } from "../../core/model/fact.ts";
import type { Observation } from "../../ports/engine.ts";

/** What AWS told of an execution of ours; an order to nobody. */
export interface AwsEventHint {
  readonly executionId: string;
  readonly moved: "execution" | "stage" | "action";
  /** As events have it, such as STARTED. */
  readonly state: string;
  /** Null where it is about the whole execution, or not known. */
  readonly stage: string | null;
  /** Whether it is about an action that waits for a person. */
  readonly approval: boolean;
}

/** One line, as the ledger keeps it. */
export function lineOf({ moved, state, stage, approval }: AwsEventHint): string {
  const where = stage === null ? "" : ` ${stage}`;
  return `${moved} ${state}${where}${where !== "" && approval ? ` ${asked}` : ""}`;
}

const asked = "approval";

/** Rather than about one of its stages. */
export function isAboutExecution(line: string): boolean {
  return line.startsWith("execution ");
}

export interface Shown {
  readonly state: Observation["state"];
  readonly stages: readonly { readonly name: string; readonly state: StageState }[];
  /** Nothing was read yet: it was started a moment ago, and so is in its first stage. */
  readonly fresh: boolean;
}

/** Where in doubt, no: one reading too many costs a call, one too few a minute. */
export function isShown(line: string, shown: Shown): boolean {
  const [, state = "", name, more] = line.split(" ");
  if (isAboutExecution(line)) return (executionStates.get(state) ?? []).includes(shown.state);
  const stage = shown.stages.find((candidate) => candidate.name === name);
  if (stage === undefined) return false;
  if (shown.fresh && state === "STARTED" && stage === shown.stages[0]) return true;
  const states = stageStates.get(state) ?? [];
  // A stage that runs need not have come to the approval.
  if (more === asked && stage.state === "running") return false;
  return states.includes(stage.state);
}

const executionStates: ReadonlyMap<string, readonly Observation["state"][]> = new Map([
  ["STARTED", ["running", "succeeded", "failed", "stopped"]],
  ["RESUMED", ["running"]],
  ["SUCCEEDED", ["succeeded"]],
  ["FAILED", ["failed"]],
  ["SUPERSEDED", ["failed"]],
  ["STOPPED", ["stopped"]],
  ["CANCELED", ["stopped"]],
]);

const stageStates: ReadonlyMap<string, readonly StageState[]> = new Map([
  ["STARTED", ["running", "waiting", "succeeded", "failed", "stopped"]],
  ["RESUMED", ["running", "waiting", "succeeded"]],
  ["SUCCEEDED", ["succeeded"]],
  ["FAILED", ["failed"]],
  ["STOPPED", ["stopped"]],
  ["CANCELED", ["stopped"]],
  ["ABANDONED", ["stopped"]],
]);
