// Where a pipeline of AWS is not what the plan counts on, each with the way to mend it.

import type { CodePipelinePart } from "../../core/plan.ts";
import type { Difference } from "../../core/survey.ts";
import type { Summary } from "./executions.ts";
import { findSource, oldType, startsItself } from "./source.ts";
import type { StageNow } from "./state.ts";
import type { Structure } from "./structure.ts";
import { oneLine } from "./text.ts";

export interface DifferencesQuestion {
  readonly spec: CodePipelinePart;
  readonly structure: Structure;
  readonly state: readonly StageNow[];
  /** Executions of the commit. */
  readonly own: readonly Summary[];
}

export function differencesOf(question: DifferencesQuestion): readonly Difference[] {
  const { spec } = question;
  return [
    ...wholeDifferences(question),
    ...spec.stages.flatMap(({ name }) => stageDifferences(question, name)),
  ];
}

function wholeDifferences({ spec, structure, own }: DifferencesQuestion): readonly Difference[] {
  const found: Difference[] = [];
  const old = oldType(spec, structure);
  if (old !== null) found.push({ kind: "cannot_start", sentence: old });
  const source = findSource(spec, structure);
  if (source.kind === "refused") found.push({ kind: "cannot_start", sentence: source.why });
  const own_start = source.kind === "chosen" ? startsItself(spec, source.source) : null;
  if (own_start !== null) found.push({ kind: "starts_itself", sentence: own_start });
  for (const { id, startedAt, status } of own)
    if (structure.updatedAt !== null && structure.updatedAt > startedAt && touched.has(status))
      found.push({
        kind: "structure_changed",
        execution: id,
        sentence: `The pipeline ${spec.pipeline} was changed while the execution ${id} of this commit was under way.`,
      });
  return found;
}

/** An execution that had ended before was not changed by it. A change cancels what runs. */
const touched = new Set(["InProgress", "Stopping", "Cancelled"]);

function stageDifferences(
  { spec, structure, state, own }: DifferencesQuestion,
  name: string,
): readonly Difference[] {
  if (!structure.stages.some((stage) => stage.name === name)) {
    const now = standIn(spec, structure, name);
    if (now === null)
      return [
        {
          kind: "stage_missing",
          stage: name,
          sentence: `The pipeline ${spec.pipeline} has no stage ${name}. Bring it back, or change the plan.`,
        },
      ];
    return [
      {
        kind: "stage_renamed",
        stage: name,
        now,
        sentence: `The pipeline ${spec.pipeline} has a stage ${now} where the plan has ${name}. Give it its name back, or change the plan.`,
      },
    ];
  }
  const found: Difference[] = [];
  if (isOutOfOrder(spec, structure, name))
    found.push({
      kind: "stage_reordered",
      stage: name,
      sentence: `The stage ${name} of the pipeline ${spec.pipeline} does not come where the plan has it.`,
    });
  const now = state.find((stage) => stage.name === name);
  if (now === undefined) return found;
  if (now.execution?.status === "Skipped")
    found.push({
      kind: "stage_off",
      stage: name,
      sentence: `A condition of the pipeline ${spec.pipeline} skipped the stage ${name} the last time.`,
    });
  if (now.closed !== null) {
    const { by, reason } = now.closed;
    const whose = by === "" ? "" : ` by ${oneLine(by, 200)}`;
    const why = reason === "" ? "" : `: ${oneLine(reason, 300)}`;
    found.push({
      kind: "transition_disabled",
      stage: name,
      sentence: `The way into the stage ${name} of the pipeline ${spec.pipeline} was closed${whose}${why}`,
    });
  }
  if (now.overridden && own.some(({ id }) => id === now.execution?.id))
    found.push({
      kind: "condition_overridden",
      stage: name,
      sentence: `Somebody let this commit pass a condition of the stage ${name} that did not hold.`,
    });
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
