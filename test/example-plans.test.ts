// The plans of examples/ can be copied as they are.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parsePlan } from "../src/core/plan/parse.ts";

const files = readdirSync("examples").filter((file) => file.endsWith(".yml"));

test("there are examples for one service, a monorepo and a machine without AWS", () => {
  expect(files).toEqual(["local-only.yml", "monorepo.yml", "one-service.yml"]);
});

test.each(files)("the plan examples/%s is valid", (file) => {
  const parsed = parsePlan(readFileSync(`examples/${file}`, "utf8"));
  expect(parsed.kind === "valid" ? [] : parsed.problems).toEqual([]);
});
