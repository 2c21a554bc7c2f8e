// The stages of a run as facts, from the first record to the last.

import type { StageFact, StageState } from "../../core/model/fact.ts";

/** None of them has started. */
export function createdStages(stages: readonly { readonly name: string }[]): readonly StageFact[] {
  return stages.map(({ name }) => blank(name));
}

export function withStage(
  stages: readonly StageFact[],
  index: number,
  change: Partial<StageFact>,
): readonly StageFact[] {
  return stages.map((stage, at) => (at === index ? { ...stage, ...change } : stage));
}

/** From this stage on as if they had never started. */
export function rewoundStages(stages: readonly StageFact[], from: number): readonly StageFact[] {
  return stages.map((stage, at) => (at < from ? stage : blank(stage.name)));
}

export interface StagesEnd {
  /** What a stage that runs comes to. */
  readonly state: Extract<StageState, "failed" | "stopped" | "unknown">;
  readonly why: string;
  readonly at: number;
}

/** The run is over: what runs is ended, and what waits never begins. */
export function endedStages(stages: readonly StageFact[], end: StagesEnd): readonly StageFact[] {
  return stages.map((stage) => {
    if (stage.state === "running")
      return { ...stage, state: end.state, why: end.why, endedAt: end.at };
    return stage.state === "pending" ? { ...stage, state: "skipped", why: "" } : stage;
  });
}

function blank(name: string): StageFact {
  return {
    name,
    state: "pending",
    startedAt: null,
    endedAt: null,
    why: "",
    output: "",
    reports: [],
  };
}
