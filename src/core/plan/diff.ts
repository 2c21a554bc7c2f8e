// Says in plain sentences what a proposed plan would change, for the preview on the check.

import { durationText } from "../model/duration.ts";
import type { PlanReading } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import type { Part, Pipeline, Plan } from "../model/plan.ts";

/** Plain text, never Markdown: commands and patterns are repeated as they stand, in one line. */
export function describePlanChange(base: PlanReading, proposed: PlanReading): readonly string[] {
  const sentences = [...describe(base, proposed)];
  const most = limit.plan.changes;
  if (sentences.length <= most) return sentences;
  return [...sentences.slice(0, most), `And ${sentences.length - most} more changes.`];
}

function* describe(base: PlanReading, proposed: PlanReading): Iterable<string> {
  if (proposed.kind === "unknown") {
    yield `The proposed plan could not be read: ${oneLine(proposed.why)}`;
    return;
  }
  if (proposed.kind === "absent") {
    yield base.kind === "absent"
      ? "There is no plan, and none would be added."
      : "The plan would be deleted: Interlock would guard nothing in this repository any more.";
    return;
  }
  if (proposed.parse.kind === "invalid") {
    const count = proposed.parse.problems.length;
    yield `The proposed plan has ${count === 1 ? "a problem" : `${count} problems`}. Once merged it would hold up every later change.`;
    return;
  }
  if (base.kind === "read" && base.parse.kind === "valid")
    yield* changes(base.parse.plan, proposed.parse.plan);
  else {
    yield beginning(base);
    yield* changes(nothing, proposed.parse.plan);
  }
}

const nothing: Plan = { exempt: [], pipelines: [], commands: {}, notify: [] };

function beginning(base: PlanReading): string {
  switch (base.kind) {
    case "absent":
      return "This would be the first plan of the branch.";
    case "unknown":
      return `The plan in force could not be read (${oneLine(base.why)}), so this is all of the proposed one.`;
    case "read":
      return "The plan in force is invalid; this one would replace it.";
  }
}

function* changes(base: Plan, proposed: Plan): Iterable<string> {
  const before = new Map(base.pipelines.map((pipeline) => [pipeline.name, pipeline]));
  const after = new Map(proposed.pipelines.map((pipeline) => [pipeline.name, pipeline]));
  let same = true;
  const sentences = [
    ...base.pipelines
      .filter(({ name }) => !after.has(name))
      .map(({ name }) => `Pipeline "${name}" would be removed.`),
    ...proposed.pipelines.flatMap((pipeline) => {
      const old = before.get(pipeline.name);
      return old === undefined ? [added(pipeline)] : [...pipelineChanges(old, pipeline)];
    }),
    ...listChanges("Exempt paths", base.exempt, proposed.exempt),
    ...commandChanges(base, proposed),
    ...logChanges(base, proposed),
    ...notifyChanges(base, proposed),
  ];
  for (const sentence of sentences) {
    same = false;
    yield sentence;
  }
  if (same) yield "What the plan asks for would stay the same.";
}

function* logChanges(base: Plan, proposed: Plan): Iterable<string> {
  if (base.publicLogs === proposed.publicLogs) return;
  yield proposed.publicLogs
    ? "The last lines of failed stages would be shown on public repositories too."
    : "The last lines of failed stages would no longer be shown on public repositories.";
}

function added({ name, branches, paths, verify, release }: Pipeline): string {
  const parts = [`verify ${stagesOf(verify)}`];
  if (release !== null) parts.push(`release ${stagesOf(release)}`);
  return `Pipeline "${name}" would be added, for branches ${join(branches)} and paths ${join(paths)}: ${parts.join("; ")}.`;
}

function* pipelineChanges(base: Pipeline, proposed: Pipeline): Iterable<string> {
  const where = `Pipeline "${base.name}"`;
  yield* listChanges(`${where}, branches`, base.branches, proposed.branches);
  yield* listChanges(`${where}, paths`, base.paths, proposed.paths);
  yield* partChanges(`${where}, verify`, base.verify, proposed.verify);
  if (base.release === null && proposed.release !== null)
    yield `${where}: a release part would be added, with ${stagesOf(proposed.release)}.`;
  else if (base.release !== null && proposed.release === null)
    yield `${where}: the release part would be removed.`;
  else if (base.release !== null && proposed.release !== null)
    yield* partChanges(`${where}, release`, base.release, proposed.release);
}

type Stage = Part["stages"][number];

function* partChanges(where: string, base: Part, proposed: Part): Iterable<string> {
  if (base.engine !== proposed.engine)
    yield `${where}: the engine would change from ${base.engine} to ${proposed.engine}.`;
  yield* placeChanges(where, base, proposed);
  const removed = base.stages.filter((stage) => !has(proposed, stage.name));
  const fresh = proposed.stages.filter((stage) => !has(base, stage.name));
  const renames = new Map<Stage, Stage>();
  for (const stage of removed) {
    const taken = new Set(renames.values());
    const successor = fresh.find(
      (other) =>
        commandOf(other) === commandOf(stage) && commandOf(stage) !== null && !taken.has(other),
    );
    if (successor !== undefined) renames.set(stage, successor);
  }
  const successors = new Set(renames.values());
  for (const stage of removed) {
    const successor = renames.get(stage);
    yield successor === undefined
      ? `${where}: stage "${stage.name}" would be removed.`
      : `${where}: stage "${stage.name}" would be renamed to "${successor.name}".`;
    if (successor !== undefined) yield* stageChanges(where, stage, successor);
  }
  for (const stage of fresh)
    if (!successors.has(stage))
      yield `${where}: stage "${stage.name}" would be added${withCommand(stage)}.`;
  for (const stage of base.stages) {
    const other = proposed.stages.find(({ name }) => name === stage.name);
    if (other !== undefined) yield* stageChanges(where, stage, other);
  }
  const order = (part: Part, other: Part) =>
    part.stages.filter(({ name }) => has(other, name)).map(({ name }) => name);
  if (order(base, proposed).join("\n") !== order(proposed, base).join("\n"))
    yield `${where}: the stages would run in the order ${stagesOf(proposed)}.`;
  if (base.deadline_ms !== proposed.deadline_ms)
    yield `${where}: the deadline would change from ${durationText(base.deadline_ms)} to ${durationText(proposed.deadline_ms)}.`;
}

/** Where AWS runs the part, and as whom. */
function* placeChanges(where: string, base: Part, proposed: Part): Iterable<string> {
  if (base.engine !== "codepipeline" || proposed.engine !== "codepipeline") return;
  for (const key of ["pipeline", "region", "role", "source"] as const)
    if (base[key] !== proposed[key])
      yield `${where}: the ${key} would change from ${base[key] ?? "none"} to ${proposed[key] ?? "none"}.`;
}

function withCommand(stage: Stage): string {
  const command = commandOf(stage);
  return command === null ? "" : `, with the command ${quote(command)}`;
}

function commandOf(stage: Stage): string | null {
  return "run" in stage ? stage.run : null;
}

function* stageChanges(where: string, base: Stage, proposed: Stage): Iterable<string> {
  const stage = `${where}, stage "${proposed.name}"`;
  const [before, after] = [commandOf(base), commandOf(proposed)];
  if (before !== null && after !== null && before !== after)
    yield `${stage}: the command would change from ${quote(before)} to ${quote(after)}.`;
  if ("run" in base && "run" in proposed && base.timeout_ms !== proposed.timeout_ms)
    yield `${stage}: the timeout would change from ${durationText(base.timeout_ms)} to ${durationText(proposed.timeout_ms)}.`;
  yield* listChanges(`${stage}, reports`, base.reports, proposed.reports);
  yield* listChanges(
    `${stage}, reports without a passed test`,
    base.mayBeEmpty ?? [],
    proposed.mayBeEmpty ?? [],
  );
}

function* commandChanges(base: Plan, proposed: Plan): Iterable<string> {
  const verbs = new Set([...Object.keys(base.commands), ...Object.keys(proposed.commands)]);
  for (const verb of verbs) {
    const before = base.commands[verb];
    const after = proposed.commands[verb];
    if (before?.join() === after?.join()) continue;
    const who = after === undefined ? "anyone who may by default" : join(after);
    const was = before === undefined ? "" : `, no longer by ${join(before)}`;
    yield `Command ${verb} could be given by ${who}${was}.`;
  }
  for (const verb of ["approve", "rollback"] as const) {
    const [before, after] = [base, proposed].map(({ byAuthor = [] }) => byAuthor.includes(verb));
    if (before !== after)
      yield `Command ${verb} could ${after ? "also" : "no longer"} be given by an author of what goes out.`;
  }
}

function* notifyChanges(base: Plan, proposed: Plan): Iterable<string> {
  const kindsOf = (plan: Plan, topic: string) =>
    plan.notify.find((entry) => entry.topic === topic)?.kinds ?? [];
  const topics = new Set([...base.notify, ...proposed.notify].map(({ topic }) => topic));
  for (const topic of topics)
    yield* listChanges(`Notices to ${topic}`, kindsOf(base, topic), kindsOf(proposed, topic));
}

/** Order is no change: excludes win wherever they stand. */
function* listChanges(
  what: string,
  base: readonly string[],
  proposed: readonly string[],
): Iterable<string> {
  const gone = base.filter((item) => !proposed.includes(item));
  const fresh = proposed.filter((item) => !base.includes(item));
  const changes: string[] = [];
  if (fresh.length > 0) changes.push(`${join(fresh)} would be added`);
  if (gone.length > 0) changes.push(`${join(gone)} would be removed`);
  if (changes.length > 0) yield `${what}: ${changes.join(", ")}.`;
}

function has(part: Part, name: string): boolean {
  return part.stages.some((stage) => stage.name === name);
}

function stagesOf(part: Part): string {
  return part.stages.map(({ name }) => `"${name}"`).join(", ");
}

/** Lists in a sentence, cut where they are long. */
function join(items: readonly string[]): string {
  const shown = items.slice(0, 10).join(", ");
  return items.length > 10 ? `${shown} and ${items.length - 10} more` : shown;
}

function quote(command: string): string {
  return `“${oneLine(command)}”`;
}

function oneLine(text: string): string {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > 200 ? `${line.slice(0, 199)}…` : line;
}
