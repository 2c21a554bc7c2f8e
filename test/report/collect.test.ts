// Which files of a workspace are read, when hostile code has written it.

import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import {
  link,
  mkdir,
  mkdtemp,
  rename,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { collectReports } from "../../src/report/collect.ts";
import { find } from "../../src/report/find.ts";

const good = '<testsuite><testcase name="a"/></testsuite>';
let outside = "";
let root = "";

beforeEach(async () => {
  outside = await mkdtemp(join(tmpdir(), "interlock-collect-"));
  root = join(outside, "workspace");
  await mkdir(root);
});
afterEach(() => rm(outside, { recursive: true, force: true }));

async function write(path: string, text = good) {
  const file = join(root, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  return file;
}

/** Readings as: kind path, with the reason of a broken one. */
async function collect(...patterns: string[]) {
  const readings = await collectReports({ installation: 1, root, patterns });
  return readings.map((reading) =>
    reading.kind === "broken"
      ? `broken ${reading.path}: ${reading.why}`
      : `${reading.kind} ${reading.path}`,
  );
}

test("the files of a pattern are one reading, and each file counts once", async () => {
  for (const path of [
    "reports/b.xml",
    "reports/a.xml",
    "reports/deep/c.xml",
    "z.xml",
    "reports/a.txt",
  ])
    await write(path);
  expect(await collect("z.xml", "./reports/**/*.xml", "**/*.xml", "reports/{a,b}.xml")).toEqual([
    "read z.xml",
    "read ./reports/**/*.xml",
  ]);
  const [, reports] = await collectReports({
    installation: 1,
    root,
    patterns: ["z.xml", "reports/**/*.xml", "reports/a.xml"],
  });
  expect(reports).toMatchObject({
    path: "reports/**/*.xml",
    pattern: "reports/**/*.xml",
    files: 3,
    emptyFiles: 0,
    counts: { passed: 3 },
  });
});

test("a report for each class is read, however many classes there are", async () => {
  for (let at = 0; at < 300; at += 1) await write(`surefire/TEST-${at}.xml`);
  await write("surefire/TEST-none.xml", "<testsuite/>");
  expect(
    await collectReports({ installation: 1, root, patterns: ["surefire/*.xml"] }),
  ).toMatchObject([{ kind: "read", files: 301, emptyFiles: 1, counts: { passed: 300 } }]);
});

test("files that cannot be used stand beside what could be read, and many of them are counted", async () => {
  await write("good.xml");
  for (let at = 0; at < limit.report.unusable + 5; at += 1)
    await write(`bad-${String(at).padStart(2, "0")}.xml`, "<testsuite>");
  const readings = await collect("*.xml");
  expect(readings).toHaveLength(limit.report.unusable + 2);
  expect(readings[0]).toBe("read good.xml");
  expect(readings.at(-1)).toBe("broken *.xml: matches 5 more like these");
});

test("a pattern that finds nothing is one missing report", async () => {
  await write("reports/a.xml");
  expect(
    await collect("reports/b.xml", "other/**/*.xml", "reports/*.json", "reports/a.xml/b.xml"),
  ).toEqual([
    "missing reports/b.xml",
    "missing other/**/*.xml",
    "missing reports/*.json",
    "missing reports/a.xml/b.xml",
  ]);
});

test("a leading exclamation mark does not mean everything else", async () => {
  await write("a.xml");
  expect(await collect("!b.xml", "!*.json")).toEqual(["missing !b.xml", "missing !*.json"]);
});

test("installed packages and git's own folder are not searched", async () => {
  await write("node_modules/x/a.xml");
  await write(".git/a.xml");
  expect(await collect("**/*.xml")).toEqual(["missing **/*.xml"]);
});

test("nothing above the workspace is named", async () => {
  await writeFile(join(outside, "secret.xml"), good);
  expect(await collect("../secret.xml", join(outside, "*.xml"), "a/../../*.xml")).toEqual([
    "broken ../secret.xml: leaves the workspace",
    `broken ${join(outside, "*.xml")}: leaves the workspace`,
    "broken a/../../*.xml: leaves the workspace",
  ]);
});

test("a link is not read, whether it is named or found", async () => {
  await writeFile(join(outside, "secret.xml"), good);
  await symlink("/etc/passwd", join(root, "passwd.xml"));
  await symlink("../secret.xml", join(root, "secret.xml"));
  await symlink("nowhere", join(root, "dangling.xml"));
  const expected = ["dangling", "passwd", "secret"].map(
    (name) => `broken ${name}.xml: is a symbolic link`,
  );
  expect(await collect("*.xml")).toEqual(expected);
  expect(await collect("dangling.xml", "passwd.xml", "secret.xml")).toEqual(expected);
});

test("nothing is read through a linked folder", async () => {
  await mkdir(join(outside, "secrets"));
  await writeFile(join(outside, "secrets", "a.xml"), good);
  await symlink("../secrets", join(root, "reports"));
  expect(await collect("reports/a.xml", "reports/*.xml", "**/*.xml")).toEqual([
    "broken reports/a.xml: is behind a symbolic link",
    "broken reports/*.xml: goes through a symbolic link",
    "missing **/*.xml",
  ]);
});

test("a workspace that was exchanged for a link has no reports", async () => {
  await write("a.xml");
  await rename(root, join(outside, "moved"));
  await symlink("moved", root);
  expect(await collect("a.xml", "*.xml")).toEqual(["missing a.xml", "missing *.xml"]);
});

test("a workspace that is gone has no reports", async () => {
  await rm(root, { recursive: true });
  expect(await collect("a.xml")).toEqual(["missing a.xml"]);
});

test("a second name of a file elsewhere is not read", async () => {
  await writeFile(join(outside, "secret.xml"), good);
  await link(join(outside, "secret.xml"), join(root, "a.xml"));
  expect(await collect("a.xml")).toEqual(["broken a.xml: is a hard link"]);
});

test("only regular files are read, and a pipe does not make anybody wait", async () => {
  await mkdir(join(root, "folder.xml"));
  execFileSync("/bin/sh", ["-c", `mkfifo "$0"`, join(root, "pipe.xml")]);
  expect(await collect("folder.xml", "pipe.xml", "*.xml")).toEqual([
    "broken folder.xml: is not a regular file",
    "broken pipe.xml: is not a regular file",
  ]);
});

test("more files than a stage can mean are refused, and none is read", async () => {
  await mkdir(join(root, "many"));
  for (let index = 0; index <= limit.report.files; index += 1)
    writeFileSync(join(root, "many", `${index}.xml`), "");
  await write("one.xml");
  expect(await collect("many/*.xml", "one.xml")).toEqual([
    `broken many/*.xml: matches more than ${limit.report.files} files`,
    "read one.xml",
  ]);
});

test("a search ends at its limit, whatever it has found by then", async () => {
  for (const name of ["a.xml", "deep/b.txt", "deep/c.txt"]) await write(name);
  expect(await find(root, "**/*.xml", 4)).toEqual({ kind: "found", paths: ["a.xml"] });
  expect(await find(root, "**/*.xml", 3)).toEqual({
    kind: "refused",
    why: "looks at more than 3 files",
  });
});

test("a file beyond the limit is refused for its size", async () => {
  await truncate(await write("big.xml", ""), 1024 ** 4);
  expect(await collect("big.xml")).toEqual(["broken big.xml: is larger than 20 MiB"]);
});

test("files of 100 MB together are read whole, and what is beyond the limit of one stage is told", async () => {
  const large_bytes = 19.5 * 2 ** 20;
  const pad = " ".repeat(large_bytes);
  const most = Math.floor(limit.report.total_bytes / large_bytes);
  for (let at = 0; at <= most; at += 1)
    await write(
      `big/${String(at).padStart(2, "0")}.xml`,
      `<testsuite>${pad}<testcase/></testsuite>`,
    );
  const readings = await collectReports({ installation: 1, root, patterns: ["big/*.xml"] });
  expect(readings).toMatchObject([
    { kind: "read", files: most, counts: { passed: most } },
    {
      kind: "broken",
      why: "is one too many: the reports of one stage have at most 200 MiB",
    },
  ]);
  expect(most * large_bytes).toBeGreaterThan(100_000_000);
});

test("a report from before the stage is not the stage's", async () => {
  const old = await write("old.xml");
  await write("new.xml");
  await utimes(old, new Date(0), new Date(0));
  const readings = await collectReports({
    installation: 1,
    root,
    patterns: ["*.xml"],
    modifiedAfter_ms: 1_000_000,
  });
  expect(readings).toMatchObject([
    { kind: "read", path: "new.xml" },
    { kind: "broken", path: "old.xml", why: "was not written by this stage" },
  ]);
  expect(await collect("old.xml")).toEqual(["read old.xml"]);
});

test("paths in a report are below the workspace", async () => {
  await write(
    "a.xml",
    `<testsuite><testcase name="a" file="${root}/test/a.js" line="3"><failure/></testcase></testsuite>`,
  );
  expect(await collectReports({ installation: 1, root, patterns: ["a.xml"] })).toMatchObject([
    { problems: [{ file: "test/a.js", line: 3 }] },
  ]);
});

test("what failed is placed in the files of the commit, which are asked for once something has", async () => {
  let asked = 0;
  const files = async () => {
    asked += 1;
    return {
      paths: ["packages/a/src/a.js", "packages/b/src/a.js", "packages/b/b.js"],
      whole: true,
    };
  };
  const failing = '<testsuite><testcase name="a" file="src/a.js"><failure/></testcase></testsuite>';
  await write("good.xml");
  await write("packages/a/a.xml", failing);
  await write("packages/b/b.xml", failing);
  await write("all.xml", failing);
  await collectReports({ installation: 1, root, patterns: ["good.xml"], files });
  expect(asked).toBe(0);
  const patterns = ["packages/*/*.xml", "all.xml"];
  expect(await collectReports({ installation: 1, root, patterns, files })).toMatchObject([
    { problems: [{ file: "packages/a/src/a.js" }, { file: "packages/b/src/a.js", inTree: true }] },
    { problems: [{ file: "src/a.js", inTree: false }] },
  ]);
  expect(asked).toBe(1);
  expect(await collectReports({ installation: 1, root, patterns: ["all.xml"] })).toMatchObject([
    { problems: [{ file: "src/a.js", inTree: false }] },
  ]);
});

test("a file's name is shown as plain text", async () => {
  await write("a\u001b[31m\u202eb\n.xml");
  expect(await collect("*.xml")).toEqual(["read ab .xml"]);
});
