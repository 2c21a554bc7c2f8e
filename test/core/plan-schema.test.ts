// The schema for editors and the document are held against the schema that plans are read by.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { durationText } from "../../src/core/model/duration.ts";
import { limit } from "../../src/core/model/limit.ts";
import { parsePlan } from "../../src/core/plan/parse.ts";
import { planSchema } from "../../src/core/plan/schema.ts";

const file = "interlock.schema.json";
const generated = z.toJSONSchema(planSchema, { io: "input", target: "draft-7" });
const document = readFileSync("docs/plan.md", "utf8");

interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly oneOf?: readonly Node[];
  readonly anyOf?: readonly Node[];
}

test("the schema for editors is the one that plans are read by", () => {
  const text = `${JSON.stringify(generated, null, 2)}\n`;
  if (process.env.UPDATE === "1") writeFileSync(file, text);
  expect(
    readFileSync(file, "utf8"),
    "to write it again: UPDATE=1 npx vitest run test/core/plan-schema.test.ts",
  ).toBe(text);
});

test("it takes the good plans and refuses what has the wrong shape", () => {
  const validate = new Ajv({ strict: false }).compile(JSON.parse(readFileSync(file, "utf8")));
  const folder = "test/fixtures/plans";
  const accepts = (path: string) => validate(parse(readFileSync(path, "utf8")));
  for (const name of readdirSync(`${folder}/good`))
    expect(accepts(`${folder}/good/${name}`), name).toBe(true);
  for (const name of [
    "many-at-once",
    "empty-plan",
    "missing-parts",
    "nothing-required",
    "not-a-map",
    "names",
  ])
    expect(accepts(`${folder}/bad/${name}.yml`), name).toBe(false);
});

test("every key says in editors what it is for", () => {
  for (const [path, node] of keys(generated as Node)) expect(node.description, path).toMatch(/\.$/);
});

test("the document has a row for every key, with its default", () => {
  const rows = new Map(
    [...document.matchAll(/^\| `([a-z_]+)` \|(.*)\|$/gm)].map(([, key = "", row = ""]) => [
      key,
      row,
    ]),
  );
  // The commands have their own document.
  const all = keys(generated as Node).filter(([path]) => !path.startsWith("commands."));
  for (const [path, node] of all) {
    const key = path.split(".").at(-1) ?? "";
    const row = rows.get(key);
    expect(row, path).toBeDefined();
    if (typeof node.default === "string") expect(row, path).toContain(`\`${node.default}\``);
  }
  const known = new Set(all.map(([path]) => path.split(".").at(-1)));
  for (const key of rows.keys()) expect(known, "a row for a key that there is not").toContain(key);
});

test("the document's example is a plan", () => {
  const [, example = ""] = /```yaml\n(version: 1\n.*?)```/s.exec(document) ?? [];
  expect(parsePlan(example).kind).toBe("valid");
});

test("the document names the limits that are in force", () => {
  const most = limit.plan;
  for (const text of [
    `${most.bytes / 1024} KiB`,
    `${most.depth} deep`,
    `${most.aliases} aliases`,
    `${most.pipelines} pipelines`,
    `${most.stages} stages`,
    `${most.name_chars} characters`,
    `${most.run_chars.toLocaleString("en")} characters`,
    `${most.globs} patterns`,
    `${most.glob_chars} characters`,
    `${most.glob_alternatives} alternatives`,
    `${most.reports} patterns`,
    `${most.problems} problems`,
    `${durationText(most.duration_min_ms)} to ${durationText(most.timeout_max_ms)}`,
    `${durationText(most.duration_min_ms)} to ${durationText(most.deadline_max_ms)}`,
  ])
    expect(document).toContain(text);
});

/** Every key below the node by its path, those of a map of any names left out. */
function keys(node: Node, path = ""): readonly (readonly [string, Node])[] {
  const inner = [
    ...(node.oneOf ?? []),
    ...(node.anyOf ?? []),
    ...(node.items ? [node.items] : []),
    ...(typeof node.additionalProperties === "object" ? [node.additionalProperties] : []),
  ].flatMap((child) => keys(child, path));
  const own = Object.entries(node.properties ?? {}).flatMap(([key, child]) => {
    const at = path === "" ? key : `${path}.${key}`;
    return [[at, child] as const, ...keys(child, at)];
  });
  return [...own, ...inner];
}
