// What docs/operations.md tells people to paste and to read, held against the templates and the program.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Plan } from "../src/core/model/plan.ts";
import { parsePlan } from "../src/core/plan/parse.ts";
import { settingTable } from "../src/settings.ts";
import { at, type Fields, type Parameters, readTemplate, resolve } from "./cloudformation.ts";

const text = readFileSync("docs/operations.md", "utf8");
const blocks = [...text.matchAll(/^ *```(\w+)\n([\s\S]*?)^ *```$/gm)].map(
  ([, language = "", body = ""]) => ({ language, body }),
);

// ---------------------------------------------------------------- what is pasted

interface Deployment {
  readonly stack: string;
  readonly file: string;
  readonly parameters: Parameters;
}

/** Words as a shell parts them. */
function wordsOf(command: string): readonly string[] {
  const words = command.replaceAll("\\\n", " ").match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replaceAll(/["']/g, ""));
}

function deployments(): readonly Deployment[] {
  const commands = blocks
    .filter(({ language }) => language === "sh")
    .flatMap(({ body }) => body.split(/(?<!\\)\n/))
    .filter((line) => line.startsWith("aws cloudformation deploy "));
  return commands.map((command) => {
    const words = wordsOf(command);
    const after = (name: string) => words[words.indexOf(name) + 1] ?? "";
    const given = words.slice(words.indexOf("--parameter-overrides") + 1);
    return {
      stack: after("--stack-name"),
      file: after("--template-file"),
      parameters: Object.fromEntries(
        given.map((word) => [word.replace(/=.*/s, ""), word.replace(/^[^=]*=/, "")]),
      ),
    };
  });
}

const connection = "arn:aws:codeconnections:eu-west-1:111122223333:connection/7";

/** What people are told to put something else in the place of. */
function filled({ parameters }: Deployment): Parameters {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      value === "CONNECTION" ? connection : value,
    ]),
  );
}

test("the commands fill the templates in as CloudFormation demands", () => {
  const made = deployments().map((deployment) => {
    const template = readTemplate(deployment.file);
    resolve(template, at(template, "Resources"), filled(deployment));
    return deployment.stack;
  });
  expect(made).toEqual(["shop-verify", "shop-release", "interlock-shop"]);
});

test("the names that are written out are those that the stacks give", () => {
  const { stack, file, parameters } = deployments().find(
    (one) => one.file === "infra/cloudformation.yaml",
  ) as Deployment;
  const template = readTemplate(file);
  for (const topic of ["PipelineEvents", "Releases"]) {
    const name = at(template, "Resources", topic, "Properties", "TopicName") as Fields;
    expect(text).toContain(String(name["Fn::Sub"]).replaceAll(/\$\{AWS::StackName\}/g, stack));
  }
  // CloudFormation calls a bucket after its stack and its place in the template.
  const buckets = new RegExp(`^${(parameters.Artifacts ?? "").replaceAll("*", ".*")}$`);
  for (const one of deployments().filter((other) => other.file === "infra/pipeline.yaml"))
    expect(`${one.stack}-artifacts-1a2b3c4d5e6f`).toMatch(buckets);
  const outputs = ["infra/cloudformation.yaml", "infra/pipeline.yaml"].flatMap((name) =>
    Object.keys(at(readTemplate(name), "Outputs") as Fields),
  );
  for (const name of ["RoleName", "QueueUrl", "PolicyArn", "RoleArn", "ReleasesArn"]) {
    expect(text).toContain(`\`${name}\``);
    expect(outputs).toContain(name);
  }
});

/** The plan that readers begin with. */
function plan(): Plan {
  const written = blocks.find(({ body }) => body.startsWith("version: 1"));
  const parsed = parsePlan(written?.body ?? "");
  if (parsed.kind === "invalid") throw new Error(JSON.stringify(parsed.problems));
  return parsed.plan;
}

test("the plan names the pipelines that were made, stage by stage", () => {
  const [pipeline] = plan().pipelines;
  const parts = [pipeline?.verify, pipeline?.release];
  const pipelines = deployments().flatMap((deployment) => {
    if (deployment.file !== "infra/pipeline.yaml") return [];
    const template = readTemplate(deployment.file);
    const made = at(template, "Resources", "Pipeline", "Properties");
    const { Name, Stages } = resolve(template, made, filled(deployment)) as Fields;
    return [{ Name, Stages: (Stages as readonly Fields[]).map((stage) => stage.Name) }];
  });
  expect(
    parts.map((part) =>
      part?.engine === "codepipeline"
        ? { Name: part.pipeline, Stages: part.stages.map(({ name }) => name) }
        : part,
    ),
  ).toEqual(pipelines);
});

test("the trust policy that is written out is that of the template", () => {
  const deployment = deployments().find(({ stack }) => stack === "interlock-shop") as Deployment;
  const template = readTemplate(deployment.file);
  const made = at(template, "Resources", "Role", "Properties", "AssumeRolePolicyDocument");
  const policies = blocks.filter(({ language }) => language === "json");
  expect(policies.map(({ body }) => JSON.parse(body) as unknown)).toContainEqual(
    resolve(template, made, filled(deployment)),
  );
});

// ---------------------------------------------------------------- what is read

test("settings that are named are settings", () => {
  const known = settingTable.map(({ name }) => name);
  // What the local engine gives to its commands is no setting.
  const own = text.slice(text.indexOf("## AWS CodePipeline"), text.indexOf("## Where the state"));
  const named = [...own.matchAll(/\bINTERLOCK_[A-Z_]+|\bLOG_LEVEL\b/g)].map(([name]) => name);
  expect(new Set(named).size).toBeGreaterThan(3);
  for (const name of named) expect(known).toContain(name);
});

/** The rows of the table whose first column is called so. */
function table(column: string): readonly (readonly string[])[] {
  const lines = text.split("\n");
  const begin = lines.findIndex((line) => line.startsWith(`| ${column} |`));
  const end = lines.findIndex((line, index) => index > begin && !line.startsWith("|"));
  return lines.slice(begin + 2, end).map((line) => line.split(" | ").map((cell) => cell.trim()));
}

test("the permissions that are explained are those that the role has", () => {
  const named = table("action").flatMap(([actions = ""]) =>
    [...actions.matchAll(/`([a-z0-9]+:\w+)`/g)].map(([, action]) => action),
  );
  const policies = at(
    readTemplate("infra/cloudformation.yaml"),
    ...["Resources", "Role", "Properties", "Policies"],
  );
  const had = [...JSON.stringify(policies).matchAll(/"Action":("[^"]*"|\[[^\]]*\])/g)].flatMap(
    ([, found = ""]) => [JSON.parse(found) as string | string[]].flat(),
  );
  expect(named.sort()).toEqual([...new Set(had)].sort());
});

/** Every sentence of the engine and of the set-up flow as a pattern; what is filled in may be anything. */
function sayings(): readonly RegExp[] {
  const files = [
    ...["src/aws", "src/engine/codepipeline"].flatMap((folder) =>
      readdirSync(folder).map((name) => `${folder}/${name}`),
    ),
    "src/github/setup.ts",
  ];
  const literal = /`((?:\\.|[^`\\\n])*)`|"((?:\\.|[^"\\\n])*)"/g;
  const found = files.flatMap((file) =>
    [...readFileSync(file, "utf8").matchAll(literal)].map(
      ([, template, plain]) => (template ?? plain ?? "").replaceAll(/\\(.)/g, "$1"), // as it is read
    ),
  );
  const isSaid = (words: string) => words.replaceAll(/\$\{[^}]*\}/g, "").length >= 12;
  return [...new Set(found)].filter(isSaid).map((words) => {
    const parts = words
      .split(/\$\{[^}]*\}/)
      .map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
    return new RegExp(parts.join(".+"), "s");
  });
}

/** Whether the sentence is put together of such, and of nothing else. */
function isSaid(sentence: string, from: readonly RegExp[]): boolean {
  const pieces = from.filter((saying) => saying.test(sentence)).map(({ source }) => source);
  const whole = (parts: readonly string[]) =>
    new RegExp(`^${parts.join(" ?")}$`, "s").test(sentence);
  return (
    pieces.some((piece) => whole([piece])) ||
    pieces.some((one) => pieces.some((other) => whole([one, other]))) ||
    pieces.some((one) => pieces.some((other) => pieces.some((third) => whole([one, other, third]))))
  );
}

test("the sentences that are explained are those that the program says", () => {
  const from = sayings();
  const quoted = [...text.matchAll(/^> (.+)$/gm)].map(([, sentence = ""]) => sentence);
  const sentences = [...table("sentence").map(([sentence = ""]) => sentence.slice(2)), ...quoted];
  expect(sentences.length).toBeGreaterThan(20);
  expect(sentences.filter((sentence) => !isSaid(sentence, from))).toEqual([]);
});
