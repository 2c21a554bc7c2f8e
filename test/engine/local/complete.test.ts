// What a stage runs on is the whole commit, whatever its own attributes keep out of GitHub's archive.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import type { CommitEntry, TreeReader } from "../../../src/ports/tree.ts";
import { archive, blobSha, streamOf } from "./archive.ts";
import { sha, world } from "./world.ts";

/** A real repository, its archive as git makes it, and what GitHub lists of its commit. */
async function committed(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), "interlock-commit-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const git = (...args: readonly string[]) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd: root });
  git("init", "-q", "-b", "main", ".");
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  git("-c", "core.autocrlf=false", "add", ".");
  git("commit", "-qm", "x");
  const entries = git("ls-tree", "-r", "-z", "HEAD")
    .toString()
    .split("\0")
    .filter((line) => line !== "")
    .map((line): CommitEntry => {
      const [, mode = "", of = "", path = ""] = /^(\d+) \w+ (\w+)\t(.*)$/s.exec(line) ?? [];
      return { path, mode, sha: of };
    });
  const packed = git("archive", "--format=tar.gz", "--prefix=acme-shop/", "HEAD^{tree}");
  const asked: string[] = [];
  const trees: Pick<TreeReader, "commitTree" | "blob"> = {
    commitTree: async () => ({ kind: "known", value: { entries, whole: true } }),
    blob: async (_, of) => {
      asked.push(of);
      return { kind: "known", value: git("cat-file", "blob", of) };
    },
  };
  const tarball = async () => ({ kind: "known" as const, value: streamOf(packed) });
  return { trees, tarball, asked, entries };
}

const hiding = {
  ".gitattributes":
    "src/evil.js export-ignore\ntest export-ignore\n.gitattributes export-ignore\nwin.txt eol=crlf\n",
  "src/good.js": "good()\n",
  "src/evil.js": "steal()\n",
  "test/guard.test.js": "throw 1\n",
  "win.txt": "one\ntwo\n",
};

test("has the files that the archive leaves out, and those that it changes as they are committed", async () => {
  const { trees, tarball, asked } = await committed(hiding);
  const { run } = await world({ trees, tarball });
  const ended = await run(
    "cat src/good.js src/evil.js test/guard.test.js win.txt .gitattributes; tr -d '\\r' < win.txt | cmp - win.txt",
  );
  expect(ended.stages[0]).toMatchObject({ state: "succeeded" });
  const { output } = ended.stages[0] ?? expect.fail();
  for (const text of Object.values(hiding)) expect(output).toContain(text.trim().split("\n")[0]);
  expect(asked).toHaveLength(4);
});

test("costs no request for a file where the archive is whole", async () => {
  const { trees, tarball, asked } = await committed({ a: "1", "b/c": "2" });
  const { run } = await world({ trees, tarball });
  expect((await run("cat a b/c")).state).toBe("succeeded");
  expect(asked).toEqual([]);
});

test.each<[string, Partial<Pick<TreeReader, "commitTree" | "blob">>, RegExp]>([
  [
    "GitHub lists only a part",
    { commitTree: async () => ({ kind: "known", value: { entries: [], whole: false } }) },
    /more files than GitHub lists/,
  ],
  [
    "the list does not come",
    { commitTree: async () => ({ kind: "unknown", why: "GitHub answered 502." }) },
    /could not be fetched: GitHub answered 502/,
  ],
  [
    "a file does not come",
    { blob: async () => ({ kind: "unknown", why: "GitHub answered 502." }) },
    /could not be fetched: GitHub answered 502/,
  ],
  [
    "another file comes",
    { blob: async () => ({ kind: "known", value: Buffer.from("harmless()") }) },
    /answered with another file/,
  ],
])("the stage fails where %s", async (_, broken, why) => {
  const { trees, tarball } = await committed(hiding);
  const { run } = await world({ trees: { ...trees, ...broken }, tarball });
  const ended = await run("true");
  expect(ended.state).toBe("failed");
  expect(ended.stages[0]?.why).toMatch(why);
});

test("the stage fails where the archive holds what is not in the commit, or leaves out a link", async () => {
  const listed = (entries: readonly CommitEntry[]): Pick<TreeReader, "commitTree" | "blob"> => ({
    commitTree: async () => ({ kind: "known", value: { entries, whole: true } }),
    blob: async () => ({ kind: "unknown", why: "" }),
  });
  const tarball = async () => ({
    kind: "known" as const,
    value: streamOf(archive([{ path: "top/a", body: "1" }])),
  });
  const more = await world({ trees: listed([]), tarball });
  expect((await more.run("true")).stages[0]?.why).toMatch(/holds a, which is no file/);
  const a = { path: "a", mode: "100644", sha: blobSha(Buffer.from("1")) };
  const link = { path: "l", mode: "120000", sha };
  const fewer = await world({ trees: listed([a, link]), tarball });
  expect((await fewer.run("true")).stages[0]?.why).toMatch(/leaves out the link l/);
});

test("more files than are fetched one by one fail the stage, and it says what to do", async () => {
  const files = Object.fromEntries(
    Array.from({ length: limit.local.completed_files + 1 }, (_, turn) => [`docs/${turn}`, "x"]),
  );
  const { trees, tarball } = await committed({
    ...files,
    ".gitattributes": "docs export-ignore\n",
  });
  const { run } = await world({ trees, tarball });
  expect((await run("true")).stages[0]?.why).toMatch(/201 files.*\.gitattributes.*export-ignore/);
});

test("a large file that the archive has in the place of its pointer stays", async () => {
  const content = "large".repeat(1_000);
  const oid = createHash("sha256").update(content).digest("hex");
  const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\nsize ${content.length}\n`;
  const entry = { path: "big.bin", mode: "100644", sha: blobSha(Buffer.from(pointer)) };
  const { run } = await world({
    trees: {
      commitTree: async () => ({ kind: "known", value: { entries: [entry], whole: true } }),
      blob: async () => ({ kind: "known", value: Buffer.from(pointer) }),
    },
    tarball: async () => ({
      kind: "known",
      value: streamOf(archive([{ path: "top/big.bin", body: content }])),
    }),
  });
  const ended = await run("wc -c < big.bin");
  expect(ended.stages[0]?.output.trim()).toBe("5000");
});
