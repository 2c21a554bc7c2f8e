// Rules of a plan over several keys at once. They take the plan as written, whatever its types are,
// so that what breaks them is told together with what breaks the schema.

import { durationMs, durationText } from "../model/duration.ts";
import { limit } from "../model/limit.ts";
import { nameRule, pipelineName } from "../model/name.ts";
import { globProblem, matcher } from "./glob.ts";
import type { Path } from "./position.ts";
import { emptyPlan } from "./yaml.ts";

export interface RuleProblem {
  readonly path: Path;
  readonly message: string;
}

export function ruleProblems(plan: unknown): readonly RuleProblem[] {
  const { exempt, pipelines, notify } = map(plan);
  const parts = Object.entries(map(pipelines)).flatMap(([name, pipeline]) =>
    ["verify", "release"].map((part) => ({
      path: ["pipelines", name, part],
      part: map(map(pipeline)[part]),
    })),
  );
  return [
    ...exemptProblems(list(exempt)),
    ...(isMap(pipelines) ? pipelineProblems(Object.keys(pipelines)) : []),
    ...notifyProblems(list(notify)),
    ...parts.flatMap(({ path, part }) =>
      [...stageProblems(part), ...deadlineProblems(part)].map((problem) => ({
        path: [...path, ...problem.path],
        message: problem.message,
      })),
    ),
  ];
}

/** Paths that no plan names by itself: a list that matches them all matches whatever it does not exclude. */
const probes = ["q7x", ".q7x", "q7x.q7x", "q7x/q7x", ".q7x/q7x/.q7x.q7x", "q7x/q7x/q7x/q7x/q7x"];

function exemptProblems(exempt: readonly unknown[]): readonly RuleProblem[] {
  const sound = exempt.filter(isText).filter((glob) => globProblem(glob) === null);
  const matches = matcher(sound);
  if (!probes.every((path) => matches(path) === true)) return [];
  return [
    {
      path: ["exempt"],
      message:
        "This exempts everything, so no change would need a pipeline; name only what needs none.",
    },
  ];
}

function pipelineProblems(names: readonly string[]): readonly RuleProblem[] {
  const most = limit.plan.pipelines;
  if (names.length === 0) return [{ path: ["pipelines"], message: emptyPlan }];
  if (names.length > most)
    return [{ path: ["pipelines"], message: `A plan has at most ${most} pipelines.` }];
  const badly = names
    .filter((name) => !pipelineName.test(name))
    .map((name) => ({
      path: ["pipelines", name],
      message: `The name of a pipeline has ${nameRule}.`,
    }));
  const twice = repeated(names).map(({ name, first }) => ({
    path: ["pipelines", name],
    message: `The pipelines "${name}" and "${first}" differ only in their case; give one another name.`,
  }));
  return [...badly, ...twice];
}

function stageProblems(part: Fields): readonly RuleProblem[] {
  // A stage of a pipeline in AWS may be given by its name alone.
  const names = list(part.stages).map((stage) => (isText(stage) ? stage : map(stage).name));
  return repeated(names).map(({ index, name, first }) => ({
    path: ["stages", index, "name"],
    message:
      name === first
        ? `Two stages are named "${name}"; give one another name.`
        : `"${name}" and "${first}" differ only in their case; give one another name.`,
  }));
}

function deadlineProblems(part: Fields): readonly RuleProblem[] {
  const deadline = isText(part.deadline)
    ? part.deadline
    : durationText(limit.plan.deadline_default_ms);
  return list(part.stages).flatMap((stage, index) => {
    const { timeout } = map(stage);
    if (!isText(timeout) || !(durationMs(timeout) > durationMs(deadline))) return [];
    return [
      {
        path: ["stages", index, "timeout"],
        message: `The part ends at its deadline of ${deadline}, so a stage cannot run for ${timeout}; raise the deadline or lower the timeout.`,
      },
    ];
  });
}

function notifyProblems(notify: readonly unknown[]): readonly RuleProblem[] {
  const topics = notify.map((entry) => map(entry).sns);
  return topics.flatMap((topic, index) =>
    isText(topic) && topics.indexOf(topic) < index
      ? [
          {
            path: ["notify", index, "sns"],
            message: "This topic is told already; put all that it is told into one list.",
          },
        ]
      : [],
  );
}

/** Names that stood there before, upper and lower case being the same. */
function repeated(
  names: readonly unknown[],
): readonly { readonly index: number; readonly name: string; readonly first: string }[] {
  const seen = new Map<string, string>();
  return names.flatMap((name, index) => {
    if (!isText(name)) return [];
    const first = seen.get(name.toLowerCase());
    seen.set(name.toLowerCase(), first ?? name);
    return first === undefined
      ? []
      : [{ index, name: name.slice(0, 80), first: first.slice(0, 80) }];
  });
}

type Fields = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function map(value: unknown): Fields {
  return isMap(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
