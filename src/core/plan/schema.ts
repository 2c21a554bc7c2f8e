// What a plan may say, key by key. The schema for editors is generated from this one.
//
// The message of a wrong type is only what is wanted, as a noun; `plan-sentence.ts` makes a
// sentence of it. The message of a check is a sentence.

import { z } from "zod";
import { commandTable, type Verb } from "../model/command.ts";
import { durationProblem, durationShape, durationText } from "../model/duration.ts";
import { limit } from "../model/limit.ts";
import { nameRule, pipelineName, stageName } from "../model/name.ts";
import { notificationKinds, roles } from "../model/plan.ts";
import { globProblem, isExclude } from "./glob.ts";
import { isUnreadable } from "./yaml.ts";

const most = limit.plan;

const nameOfStage = z
  .string({ error: "text, the name of the stage" })
  .regex(stageName, { error: `The name of a stage has ${nameRule}.` })
  .meta({ description: "How checks and commands call the stage. Unique in its part." });

const stage = object("a map with `name` and `run`", {
  name: nameOfStage,
  run: z
    .string({ error: "text, the shell command of the stage" })
    .check(sentences(runProblem))
    .meta({ description: "The shell command of the stage. It has passed when it exits with 0." }),
  reports: reports(
    "Test reports that the stage writes, as patterns below the workspace: JUnit XML or CTRF. Each pattern must match a readable report with a test that passed, or the stage fails.",
  ),
  timeout: duration(most.timeout_max_ms)
    .optional()
    .meta({
      default: durationText(most.timeout_default_ms),
      description:
        "How long the stage may run: 90s, 10m, 2h or 1d. Then it is ended and has failed. Never longer than the deadline.",
    }),
});

const someEngine = "local or codepipeline";

const localPart = object("a map with `engine` and `stages`", {
  engine: z.literal("local", { error: someEngine }).meta({
    description: "What runs the part. `local` runs the commands on the machine of Interlock.",
  }),
  stages: z
    .array(stage, { error: "a list of stages" })
    .min(1, { error: "A part needs at least one stage." })
    .max(most.stages, { error: `A part has at most ${most.stages} stages.` })
    .meta({ description: "The stages in the order in which they must pass." }),
  deadline: duration(most.deadline_max_ms).default(durationText(most.deadline_default_ms)).meta({
    description:
      "From the start of an execution: 90s, 10m, 2h or 1d. What has not ended by then has failed.",
  }),
});

const pipelineStage = z.union(
  [
    nameOfStage,
    object("the name of a stage, or a map with `name` and `reports`", {
      name: nameOfStage,
      reports: reports(
        "Test reports in the stage's output artifacts, as patterns: JUnit XML or CTRF. Each pattern must match a readable report with a test that passed, or the stage counts as failed.",
      ),
    }),
  ],
  { error: "the name of a stage, or a map with `name` and `reports`" },
);

const codePipelinePart = object("a map with `engine`, `pipeline`, `region` and `stages`", {
  engine: z.literal("codepipeline", { error: someEngine }).meta({
    description: "What runs the part. `codepipeline` starts a pipeline of AWS CodePipeline.",
  }),
  pipeline: z
    .string({ error: "text, the name of the pipeline in AWS" })
    .regex(/^[A-Za-z0-9.@_-]{1,100}$/, {
      error: "The name of a pipeline in AWS has letters, digits and . @ - _, at most 100.",
    })
    .meta({ description: "The name of the pipeline in AWS." }),
  region: z
    .string({ error: "text, such as eu-west-1" })
    .regex(/^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/, { error: "A region is written like eu-west-1." })
    .meta({ description: "The AWS region of the pipeline." }),
  role: z
    .string({ error: "text, the ARN of a role" })
    .regex(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/, {
      error: "A role is written like arn:aws:iam::111122223333:role/interlock.",
    })
    .optional()
    .meta({
      description:
        "The role to assume, with the external id OWNER/REPO. Without it Interlock's own credentials serve, where the operator allows that.",
    }),
  source: z
    .string({ error: "text, the name of the source action" })
    .regex(/^[A-Za-z0-9.@_-]{1,100}$/, {
      error: "The name of an action in AWS has letters, digits and . @ - _, at most 100.",
    })
    .optional()
    .meta({ description: "The source action that takes the commit. Needed where there are two." }),
  stages: z
    .array(pipelineStage, { error: "a list of stages" })
    .min(1, { error: "A part needs at least one stage." })
    .max(most.stages, { error: `A part has at most ${most.stages} stages.` })
    .meta({
      description:
        "The stages of the pipeline that count, by the names they have in AWS, in the order in which they must pass.",
    }),
  deadline: duration(most.deadline_max_ms)
    .default(durationText(most.pipeline_deadline_default_ms))
    .meta({
      description:
        "From the start of an execution: 90s, 10m, 2h or 1d. What has not ended by then has failed.",
    }),
});

const part = z.discriminatedUnion("engine", [localPart, codePipelinePart], {
  error: (issue) =>
    issue.code === "invalid_union" ? someEngine : "a map with `engine` and `stages`",
});

const pipeline = object("a map with `branches` and `verify`", {
  branches: globs("branches", branchProblem)
    .min(1, { error: "A pipeline needs at least one branch." })
    .meta({
      description:
        "The branches that changes go to, as patterns. A pattern with ! in front excludes, wherever it stands.",
    }),
  paths: globs("paths")
    .min(1, { error: 'A pipeline without paths covers nothing; leave the key away for ["**"].' })
    .default(["**"])
    .meta({
      description:
        "The paths that the pipeline covers, as patterns. A pattern with ! in front excludes, wherever it stands.",
    }),
  verify: part.meta({ description: "What must pass before a change may be merged." }),
  release: part
    .optional()
    .meta({ description: "What runs for a commit after it has landed on the branch." }),
});

const notify = object("a map with `sns` and `on`", {
  sns: z
    .string({ error: "text, the ARN of an SNS topic" })
    .regex(/^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(?:\.fifo)?$/, {
      error: "A topic is written like arn:aws:sns:eu-west-1:111122223333:releases.",
    })
    .meta({ description: "The SNS topic that is told." }),
  on: z
    .array(z.enum(notificationKinds, { error: `one of ${notificationKinds.join(", ")}` }), {
      error: "a list, such as [failed, recovered]",
    })
    .min(1, { error: "Nothing would be told; name what should be, or leave the key away." })
    .default(notificationKinds.filter((kind) => kind !== "started"))
    .meta({ description: "What the topic is told of a release." }),
});

/** A plan as written, in plain values. */
export const planSchema = object("a map with `version` and `pipelines`", {
  version: z
    .literal(1, { error: "1, the version of the form of this file" })
    .meta({ description: "The version of the form of this file." }),
  exempt: globs("paths").default([]).meta({
    description:
      "Paths that need no pipeline, as patterns. A pattern with ! in front excludes, wherever it stands.",
  }),
  // The names are held against their rule in `plan-rule.ts`: a record does not look at what stands
  // under a key that it refuses.
  pipelines: z
    .record(z.string().meta({ pattern: pipelineName.source }), pipeline, {
      error: "a map from the names of pipelines to what they are",
    })
    .meta({
      description: "The paths to production, by name. At least one.",
      minProperties: 1,
      maxProperties: most.pipelines,
    }),
  commands: object("a map from commands to lists of roles", commandShape()).default({}).meta({
    description:
      "Who may give a command, where that differs from the default. A role includes the stronger ones.",
  }),
  logs: z.enum(["private", "public"], { error: "private or public" }).default("private").meta({
    description:
      "Who may see the last lines that a failed stage printed. `private` shows them on the checks of private and internal repositories only, `public` also on those of public ones.",
  }),
  notify: z
    .array(notify, { error: "a list of topics" })
    .max(most.notify, { error: `At most ${most.notify} topics are told.` })
    .default([])
    .meta({ description: "The SNS topics that are told of what happens to releases." }),
}).meta({
  title: "Interlock plan",
  description: "The paths to production of a repository: .github/interlock.yml",
});

export type WrittenPlan = z.output<typeof planSchema>;
export type WrittenPart = z.output<typeof part>;

function object<T extends z.core.$ZodLooseShape>(wanted: string, shape: T) {
  const known = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? known.join(", ") : wanted),
  });
}

function duration(most_ms: number) {
  return z
    .string({ error: "a duration such as 90s, 10m, 2h or 1d" })
    .regex(durationShape, { error: "A duration is a number and s, m, h or d: 90s, 10m, 2h, 1d." })
    .check(sentences((text) => durationProblem(text, most_ms)));
}

function globs(of: "branches" | "paths", problem: (glob: string) => string | null = globProblem) {
  return z
    .array(z.string({ error: "a pattern in text" }).check(sentences(problem)), {
      error: `a list of patterns for ${of}, such as ${of === "branches" ? "[main]" : '["src/**"]'}`,
    })
    .max(most.globs, { error: `A list has at most ${most.globs} patterns.` })
    .check(
      sentences((list) =>
        list.length > 0 && list.every(isExclude)
          ? `Nothing but excludes matches nothing; add a pattern without !, such as "**".`
          : null,
      ),
    );
}

function reports(description: string) {
  const pattern = z.string({ error: "a pattern of report files" }).check(sentences(reportProblem));
  const wanted = "a pattern of report files, or a map with `files` and `empty`";
  const item = z.union(
    [
      pattern,
      object(wanted, {
        files: pattern.meta({ description: "The pattern of the report files." }),
        empty: z.literal("allow", { error: "allow" }).meta({
          description: "No test needs to have passed in these files.",
        }),
      }),
    ],
    { error: wanted },
  );
  return z
    .array(item, { error: "a list of patterns, such as [reports/*.xml]" })
    .max(most.reports, { error: `A stage has at most ${most.reports} report patterns.` })
    .default([])
    .meta({ description });
}

function branchProblem(glob: string): string | null {
  if (/^!?refs\//.test(glob)) return "A branch is named without refs/heads/ in front.";
  return globProblem(glob);
}

function reportProblem(glob: string): string | null {
  if (isExclude(glob)) return "A report pattern cannot exclude; name the reports that there are.";
  return globProblem(glob);
}

function runProblem(run: string): string | null {
  if (run.trim() === "") return "The command must not be empty.";
  if (run.length > most.run_chars)
    return `A command has at most ${most.run_chars} characters; put it in a script and run that.`;
  if (run.includes("\r") || isUnreadable(run))
    return "The command holds characters that a reader cannot see; remove them.";
  return null;
}

function commandShape() {
  const named = z
    .array(z.enum(roles, { error: `one of the roles ${roles.join(", ")}` }), {
      error: "a list of roles, such as [maintain]",
    })
    .min(1, { error: "A command that nobody may give is no command; name a role." });
  const wanted = "a list of roles, or a map with `roles` and `not_author`";
  const apart = z.union(
    [
      named,
      object(wanted, {
        roles: named.optional().meta({ description: "Who may give it." }),
        not_author: z.boolean({ error: "true or false" }).default(true).meta({
          description: "Whether anyone who wrote a part of what goes out may not give it.",
        }),
      }),
    ],
    { error: wanted },
  );
  return Object.fromEntries(
    commandTable.map(({ verb, help }) => {
      const allowed = verb === "approve" || verb === "rollback" ? apart : named;
      return [verb, allowed.optional().meta({ description: help })];
    }),
  ) as Record<Verb, z.ZodOptional<typeof apart>>;
}

/** A check that finds at most one fault and says it in a sentence. */
function sentences<T>(problem: (value: T) => string | null) {
  return z.superRefine<T>((value, context) => {
    const message = problem(value);
    if (message !== null) context.addIssue({ code: "custom", message });
  });
}
