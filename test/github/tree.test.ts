// The files of a commit: asked for once, whole or not, and never taken from a broken answer.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { appWith, repository, sha } from "./scripted.ts";

const entry = (path: string, mode = "100644") => ({
  path,
  mode,
  type: "blob",
  sha,
  size: 1,
  url: "https://api.github.com/x",
});
const body = (truncated: boolean, ...tree: readonly object[]) => ({
  sha,
  url: "x",
  tree,
  truncated,
});

test("are its plain files, and are asked for once", async () => {
  const { github, asked } = await appWith([
    {
      status: 200,
      body: body(
        false,
        entry("src", "040000"),
        entry("src/a.ts"),
        entry("run.sh", "100755"),
        entry("link", "120000"),
        entry("module", "160000"),
      ),
    },
    "lost",
  ]);
  const known = { kind: "known", value: { paths: ["src/a.ts", "run.sh"], whole: true } };
  expect(await github.commitPaths(repository, sha)).toEqual(known);
  expect(await github.commitPaths(repository, sha)).toEqual(known);
  expect(asked).toHaveLength(1);
});

test("are not all there where GitHub cuts the list", async () => {
  const { github } = await appWith([{ status: 200, body: body(true, entry("src/a.ts")) }]);
  expect(await github.commitPaths(repository, sha)).toMatchObject({ value: { whole: false } });
});

test.each([
  ["no answer", "lost"],
  ["a commit that GitHub does not show", { status: 404, body: { message: "Not Found" } }],
  ["an empty repository", { status: 409, body: { message: "Git Repository is empty." } }],
  ["half a list", { status: 200, body: body(false, entry("src/a.ts")), cut: true }],
  ["a list without its files", { status: 200, body: { sha, truncated: false } }],
] as const)("are not known by %s, and are asked for again", async (_, answer) => {
  const { github } = await appWith([answer, { status: 200, body: body(false, entry("a.ts")) }]);
  expect(await github.commitPaths(repository, sha)).toMatchObject({ kind: "unknown" });
  expect(await github.commitPaths(repository, sha)).toMatchObject({ kind: "known" });
});

test("of many commits the last ones are remembered", async () => {
  const { github, asked } = await appWith([{ status: 200, body: body(false, entry("a.ts")) }]);
  const shas = Array.from({ length: limit.github.kept_trees + 1 }, (_, at) => `${at}`.repeat(40));
  for (const one of shas) await github.commitPaths(repository, one);
  await github.commitPaths(repository, shas.at(-1) ?? "");
  expect(asked).toHaveLength(shas.length);
  await github.commitPaths(repository, shas[0] ?? "");
  expect(asked).toHaveLength(shas.length + 1);
});
