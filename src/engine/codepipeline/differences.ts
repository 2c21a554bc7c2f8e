// Where a pipeline of AWS is not what the plan counts on, each with the way to fix it.

import { oneLine } from "../../aws/text.ts";
import type { Difference } from "../../core/model/drift.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import { findSource, oldType, startsItself } from "./source.ts";
import type { StageNow } from "./state.ts";
import type { Structure } from "./structure.ts";

export interface DifferencesQuestion {
  readonly spec: CodePipelinePart;
  readonly structure: Structure;
  readonly state: readonly StageNow[];
}

export function differencesOf(question: DifferencesQuestion): readonly Difference[] {
  const { spec, structure, state } = question;
  return [
    ...wholeDifferences(spec, structure),
    ...spec.stages.flatMap(({ name }) => {
      const built = builtOtherwise(spec, structure, name);
      const now = state.find((stage) => stage.name === name);
      return [
        ...(built === null ? [] : [built]),
        ...(now === undefined ? [] : standing(spec, now)),
      ];
    }),
  ];
}

/** Stages that the pipeline would leave out or reach in another order, whatever is in them now. */
export function structuralDifferences(
  spec: CodePipelinePart,
  structure: Structure,
): readonly Difference[] {
  return spec.stages.flatMap(({ name }) => builtOtherwise(spec, structure, name) ?? []);
}

function wholeDifferences(spec: CodePipelinePart, structure: Structure): readonly Difference[] {
  const found: Difference[] = [];
  const old = oldType(spec, structure);
  if (old !== null) found.push({ kind: "cannot_start", sentence: old });
  const source = findSource(spec, structure);
  if (source.kind === "refused") found.push({ kind: "cannot_start", sentence: source.why });
  const own = source.kind === "chosen" ? startsItself(spec, source.source) : null;
  if (own !== null) found.push({ kind: "starts_itself", sentence: own });
  return found;
}

function builtOtherwise(
  spec: CodePipelinePart,
  structure: Structure,
  name: string,
): Difference | null {
  const { pipeline } = spec;
  if (structure.stages.some((stage) => stage.name === name))
    return isOutOfOrder(spec, structure, name)
      ? {
          kind: "stage_reordered",
          stage: name,
          sentence: `The stage ${name} of the pipeline ${pipeline} does not come where the plan has it. Move it back, or change the plan.`,
        }
      : null;
  const now = standIn(spec, structure, name);
  if (now === null)
    return {
      kind: "stage_missing",
      stage: name,
      sentence: `The pipeline ${pipeline} has no stage ${name}. Bring it back, or change the plan.`,
    };
  return {
    kind: "stage_renamed",
    stage: name,
    now,
    sentence: `The pipeline ${pipeline} has a stage ${now} where the plan has ${name}. Give it its name back, or change the plan.`,
  };
}

function standing({ pipeline }: CodePipelinePart, now: StageNow): readonly Difference[] {
  const { name: stage, execution, closed } = now;
  const found: Difference[] = [];
  if (execution?.status === "Skipped")
    found.push({
      kind: "stage_off",
      stage,
      sentence: `A condition of the pipeline ${pipeline} skipped the stage ${stage} the last time.`,
    });
  if (closed !== null) {
    const whose = closed.by === "" ? "" : ` by ${oneLine(closed.by, 200)}`;
    const why = closed.reason === "" ? "" : `: ${oneLine(closed.reason, 300)}`;
    found.push({
      kind: "transition_disabled",
      stage,
      sentence: `The way into the stage ${stage} of the pipeline ${pipeline} was closed${whose}${why}`,
    });
  }
  return found;
}

/** The one stage that the plan does not know, between the same neighbours. */
function standIn(
  { stages: planned }: CodePipelinePart,
  { stages: present }: Structure,
  name: string,
): string | null {
  const wanted = planned.map((stage) => stage.name);
  const names = present.map((stage) => stage.name);
  const at = wanted.indexOf(name);
  const before = wanted.slice(0, at).findLast((other) => names.includes(other));
  const after = wanted.slice(at + 1).find((other) => names.includes(other));
  const from = before === undefined ? 0 : names.indexOf(before) + 1;
  const to = after === undefined ? names.length : names.indexOf(after);
  const strangers = names.slice(from, to).filter((other) => !wanted.includes(other));
  const missing = wanted.slice(
    before === undefined ? 0 : wanted.indexOf(before) + 1,
    after === undefined ? wanted.length : wanted.indexOf(after),
  );
  return strangers.length === missing.length ? (strangers[missing.indexOf(name)] ?? null) : null;
}

/** Whether a stage that the plan has before it comes after it. */
function isOutOfOrder(
  { stages: planned }: CodePipelinePart,
  { stages: present }: Structure,
  name: string,
): boolean {
  const places = new Map(present.map((stage, index) => [stage.name, index]));
  const own = places.get(name) ?? 0;
  const earlier = planned.slice(
    0,
    planned.findIndex((stage) => stage.name === name),
  );
  return earlier.some((stage) => (places.get(stage.name) ?? -1) > own);
}
