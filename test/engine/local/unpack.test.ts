// Archives: what GitHub sends becomes the tree, and what nobody should send touches nothing.

import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import type { LocalLimits } from "../../../src/engine/local/limits.ts";
import { unpack } from "../../../src/engine/local/unpack.ts";
import { archive, commit, type Entry, streamOf } from "./archive.ts";
import { sha } from "./world.ts";

async function unpacked(bytes: Uint8Array, limits: Partial<LocalLimits> = {}) {
  const around = await mkdtemp(join(tmpdir(), "unpack-"));
  onTestFinished(() => rm(around, { recursive: true, force: true }));
  const into = join(around, "a", "b", "tree");
  await mkdir(into, { recursive: true });
  const result = await unpack({
    archive: streamOf(bytes),
    sha,
    into,
    limits: { ...limit.local, ...limits },
    signal: new AbortController().signal,
  });
  // Whatever the archive was, nothing may lie beside the tree.
  expect(await readdir(around)).toEqual(["a"]);
  expect(await readdir(join(around, "a"))).toEqual(["b"]);
  expect(await readdir(join(around, "a", "b"))).toEqual(["tree"]);
  return { result, into };
}

const top: Entry = { path: "top/", type: "Directory" };

test("strips the one folder and keeps contents, modes and links", async () => {
  const { result, into } = await unpacked(
    archive(
      [
        top,
        { path: "top/bin/", type: "Directory" },
        { path: "top/bin/run", body: "#!/bin/sh\n", mode: 0o775 },
        { path: "top/latest", type: "SymbolicLink", linkpath: "bin" },
        { path: "top/lib/tool", type: "SymbolicLink", linkpath: "../latest/run" },
        { path: "top/later", type: "SymbolicLink", linkpath: "dist/made-by-build" },
      ],
      sha,
    ),
  );
  expect(result).toEqual({
    kind: "unpacked",
    leftOut: [],
    links: ["latest", "lib/tool", "later"],
    files: ["bin/run"],
  });
  expect(await readFile(join(into, "lib/tool"), "utf8")).toBe("#!/bin/sh\n");
  expect((await stat(join(into, "bin/run"))).mode & 0o100).toBe(0o100);
  expect(await readlink(join(into, "later"))).toBe("dist/made-by-build");
});

test("a file from the future gets a time in the past", async () => {
  const mtime = new Date(Date.now() + 86_400_000);
  const { into } = await unpacked(archive([top, { path: "top/x", body: "x", mtime }]));
  expect((await stat(join(into, "x"))).mtimeMs).toBeLessThan(Date.now());
});

test("no file belongs to another user or runs with another's rights", async () => {
  const entry = { path: "top/x", body: "x", mode: 0o6755, uid: 12345, gid: 12345 };
  const { into } = await unpacked(archive([top, entry]));
  const status = await stat(join(into, "x"));
  expect(status.mode & 0o7000).toBe(0);
  expect(status.uid).toBe(process.getuid?.());
});

test.each<[string, Entry[]]>([
  ["a path above the folder", [{ path: "top/../../x", body: "x" }]],
  ["a path that begins above", [{ path: "../x", body: "x" }]],
  ["an absolute path", [{ path: "/tmp/interlock-x", body: "x" }]],
  ["a second top-level folder", [{ path: "other/x", body: "x" }]],
  ["a file beside the folder", [{ path: "x", body: "x" }]],
  ["a file in place of the folder", [{ path: "top", body: "x" }]],
  ["a hard link", [{ path: "top/x", type: "Link", linkpath: "/etc/passwd" }]],
  ["a pipe", [{ path: "top/x", type: "FIFO" }]],
])("refuses %s", async (_, entries) => {
  const { result } = await unpacked(archive([top, { path: "top/ok", body: "ok" }, ...entries]));
  expect(result.kind).toBe("refused");
});

test.each(["/etc/passwd", "../../../../etc/passwd", "sub/../../x", ".."])(
  "leaves out a link to %j",
  async (linkpath) => {
    const link = { path: "top/link", type: "SymbolicLink", linkpath } as const;
    const { result, into } = await unpacked(archive([top, link, { path: "top/ok", body: "ok" }]));
    expect(result).toMatchObject({ kind: "unpacked", leftOut: ["link"] });
    expect(await readdir(into)).toEqual(["ok"]);
  },
);

test("writes no file through a link", async () => {
  const { result, into } = await unpacked(
    archive([
      top,
      { path: "top/out", type: "SymbolicLink", linkpath: "../../.." },
      { path: "top/out/x", body: "x" },
    ]),
  );
  expect(result).toMatchObject({ kind: "unpacked", leftOut: ["out"] });
  expect(await readFile(join(into, "out/x"), "utf8")).toBe("x");
});

test("makes no folder through a chain of links that leaves the tree only together", async () => {
  const { result, into } = await unpacked(
    archive([
      top,
      { path: "top/p/q/up", type: "SymbolicLink", linkpath: "../.." },
      { path: "top/p/q/out", type: "SymbolicLink", linkpath: "up/../made" },
      { path: "top/p/q/out/x/y", type: "SymbolicLink", linkpath: "z" },
      { path: "top/p/q/parent", type: "SymbolicLink", linkpath: "up/.." },
    ]),
  );
  expect(result).toMatchObject({ kind: "unpacked", leftOut: ["p/q/out/x/y", "p/q/parent"] });
  expect((await readdir(join(into, "p/q"))).sort()).toEqual(["out", "up"]);
});

test.each<[string, Partial<LocalLimits>, RegExp]>([
  ["compressed size", { archive_bytes: 100 }, /^The archive is larger than/],
  ["unpacked size", { tree_bytes: 100_000 }, /^The tree is larger than/],
  ["number of entries", { tree_entries: 3 }, /^The archive has more than 3 entries\.$/],
  ["length of a path", { path_chars: 20 }, /^A path in the archive is longer than 20/],
])("keeps to the limit on the %s", async (_, limits, why) => {
  const files = { a: "x".repeat(200_000), b: "", "a-name-of-some-length": "" };
  const { result } = await unpacked(commit(files), limits);
  expect(result).toMatchObject({ kind: "refused", why: expect.stringMatching(why) });
});

test("refuses the tree of another commit", async () => {
  const { result } = await unpacked(archive([top], "b".repeat(40)));
  expect(result).toEqual({
    kind: "refused",
    why: `The archive is of the commit ${"b".repeat(40)}.`,
  });
});

test.each<[string, Uint8Array]>([
  ["nothing", new Uint8Array()],
  ["a page of HTML", new TextEncoder().encode("<html>busy</html>")],
  ["the first half", commit({ a: "x".repeat(5000) }).subarray(0, 80)],
])("%s instead of an archive may be better next time", async (_, bytes) => {
  expect((await unpacked(bytes)).result.kind).toBe("broken");
});
