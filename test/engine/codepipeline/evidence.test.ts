// Evidence: what a failed action printed, and the tests of a stage, from files or from CodeBuild itself.

import { describe, expect, test } from "vitest";
import { zip } from "../../../sandbox/aws/zip.ts";
import { limit } from "../../../src/core/model/limit.ts";
import { unzip as unzipBy, type ZippedFile } from "../../../src/engine/codepipeline/zip.ts";
import type { TreeReader } from "../../../src/ports/tree.ts";
import { artifact, batched, junit, passing, tested, testedBy, unfound } from "./tested.ts";
import { noTree, sha } from "./world.ts";

const unzip = (order: Omit<Parameters<typeof unzipBy<ZippedFile>>[0], "read">) =>
  unzipBy({ ...order, read: async (file) => file });

describe("the log of a failed action", () => {
  test("ends as the log ends, and stays masked and plain", async () => {
    const log = [
      ...Array.from({ length: 500 }, (_, n) => `line ${n}`),
      "token=***",
      "\u001b[31mred\u001b[0m",
      "x".repeat(5_000),
    ];
    const { look } = await tested({ kind: "fail", log });
    const { output } = await look();
    const lines = output.split("\n");
    expect(lines).toContain("token=***");
    expect(lines).toContain("red");
    expect(lines).not.toContain("line 0");
    expect(lines.at(-1)).toMatch(/Phase complete: BUILD State: FAILED/);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(limit.codepipeline.log_bytes);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(1_010);
  });

  test("of one that passed is not read", async () => {
    const { w, look } = await tested({ log: ["fine"] });
    expect((await look()).output).toBe("");
    expect(w.calls()["logs:GetLogEvents"]).toBeUndefined();
  });

  test("that may not be read names the missing permission and holds nothing up", async () => {
    const { look } = await tested(
      { kind: "fail", log: ["boom"] },
      { role: { allow: ["codepipeline:*", "codebuild:*", "s3:*"] } },
    );
    const stage = await look();
    expect(stage.state).toBe("failed");
    expect(stage.output).toMatch(
      /The role arn:aws:iam::111122223333:role\/deployer may not do logs:GetLogEvents.*"Action":"logs:GetLogEvents"/,
    );
  });

  test("that started a batch is that of the build that failed", async () => {
    const { w, look } = await tested({ kind: "fail", log: ["boom"] }, batched);
    expect((await look()).output).toContain("boom");
    expect(w.calls()["codebuild:BatchGetBuildBatches"]).toBe(1);
  });

  test("is found through the build where the action does not name it", async () => {
    const { w, id, look } = await tested({ kind: "fail", log: ["boom"] });
    for (const action of w.pipeline.execution(id).data.actions) action.logStreamArn = undefined;
    expect((await look()).output).toContain("boom");
  });
});

describe("reports in the artifacts of a stage", () => {
  test("are read by the patterns of the plan", async () => {
    const { look } = await tested(
      { files: { "reports/junit.xml": junit, "reports/notes.txt": "no", "dist/app.js": "x" } },
      { reports: ["./reports/*.xml"] },
    );
    const { state, reports } = await look();
    expect(state).toBe("succeeded");
    expect(reports).toMatchObject([
      {
        kind: "read",
        format: "junit",
        path: "reports/junit.xml",
        counts: { passed: 1, failed: 1 },
        problems: [{ name: "price › rounds", message: "1.005 is not 1.01" }],
      },
    ]);
  });

  test("that no pattern finds are missing", async () => {
    const { look } = await tested(
      { files: { "a.xml": junit } },
      { reports: ["a.xml", "b.xml", "../a.xml"] },
    );
    expect((await look()).reports.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      "read a.xml",
      "missing b.xml",
      "broken ../a.xml",
    ]);
  });

  test("of a failed stage are read too", async () => {
    const { look } = await tested(
      { kind: "fail", files: { "junit.xml": junit } },
      { reports: ["junit.xml"] },
    );
    expect((await look()).reports).toMatchObject([{ kind: "read", counts: { failed: 1 } }]);
  });

  test("name their files by the folder where CodeBuild had the source", async () => {
    const file = "/codebuild/output/src3141592653/src/src/price.ts";
    const { look } = await tested(
      {
        files: {
          "junit.xml": junit.replaceAll("<testcase ", `<testcase file="${file}" line="3" `),
        },
      },
      { reports: ["junit.xml"] },
    );
    expect((await look()).reports).toMatchObject([
      { problems: [{ file: "src/price.ts", line: 3 }] },
    ]);
  });

  test("place what failed in the files that GitHub says the commit has, asked once and only for failures", async () => {
    const asked: string[] = [];
    const commitPaths: TreeReader["commitPaths"] = async ({ name }, of) => {
      asked.push(`${name} ${of}`);
      return { kind: "known", value: { paths: ["apps/shop/src/price.ts"], whole: true } };
    };
    const files = { "junit.xml": junit };
    const { w, look } = await tested({ files }, { reports: ["junit.xml"], commitPaths });
    const place = { file: "apps/shop/src/price.ts", line: 3, inTree: true };
    expect((await look()).reports).toMatchObject([{ problems: [place] }]);
    w.pipeline.pass("Production");
    await look();
    expect(asked).toEqual([`shop ${sha("a")}`]);

    const passed = { files: { "junit.xml": passing } };
    await (await tested(passed, { reports: ["junit.xml"], commitPaths })).look();
    expect(asked).toHaveLength(1);
  });

  test("place nothing where GitHub does not say what files the commit has", async () => {
    const { look } = await tested(
      { files: { "junit.xml": junit } },
      { reports: ["junit.xml"], commitPaths: noTree },
    );
    expect(await look()).toMatchObject({
      state: "succeeded",
      reports: [{ counts: { failed: 1 }, problems: [{ file: "src/price.ts", inTree: false }] }],
    });
  });

  test("are read once, however often the execution is looked at", async () => {
    const { w, look } = await tested({ files: { "j.xml": junit } }, { reports: ["j.xml"] });
    await look();
    w.pipeline.pass("Production");
    await look();
    await look();
    expect(w.calls()["s3:GetObject"]).toBe(1);
  });

  test("that may not be read are broken, with the missing permission", async () => {
    const { look } = await tested(
      { files: { "j.xml": junit } },
      { reports: ["j.xml"], role: { allow: ["codepipeline:*", "codebuild:*", "logs:*"] } },
    );
    expect((await look()).reports).toEqual([
      {
        kind: "broken",
        path: artifact,
        why: expect.stringMatching(/may not do s3:GetObject.*arn:aws:s3:::/),
      },
      unfound,
    ]);
  });

  test("that S3 does not give at this moment leave the stage unknown, and the execution open", async () => {
    const { w, id, look } = await tested({ files: { "j.xml": junit } }, { reports: ["j.xml"] });
    w.pipeline.pass("Production");
    w.aws.faults.onRequest({ service: "s3", fault: { kind: "error", status: 503 } });
    expect(await look()).toMatchObject({
      state: "unknown",
      why: expect.stringMatching(/^Its reports are not known yet/),
    });
    expect((await w.see(id)).state).toBe("running");
    w.aws.faults.stop();
    expect(await look()).toMatchObject({ state: "succeeded", reports: [{ kind: "read" }] });
    expect((await w.see(id)).state).toBe("succeeded");
  });

  test("in an artifact that is gone are broken", async () => {
    const { w, look } = await tested({ files: { "j.xml": junit } }, { reports: ["j.xml"] });
    for (const bucket of w.aws.world.buckets.values()) bucket.clear();
    expect((await look()).reports).toEqual([
      { kind: "broken", path: artifact, why: "an artifact of the stage is not there any more" },
      unfound,
    ]);
  });

  test("are not taken for all where another artifact cannot be read", async () => {
    const { w, look } = await testedBy(["Unit", "E2e"], {
      reports: ["reports/*.xml"],
      endings: {
        Unit: { files: { "reports/unit.xml": passing } },
        E2e: { files: { "reports/e2e.xml": junit } },
      },
    });
    for (const bucket of w.aws.world.buckets.values())
      for (const key of bucket.keys()) if (key.includes("/E2e")) bucket.delete(key);
    expect((await look()).reports).toMatchObject([
      { kind: "broken", why: "an artifact of the stage is not there any more" },
      { kind: "read", path: "reports/unit.xml" },
    ]);
  });

  test("are not taken for all where another artifact is no zip", async () => {
    const { w, look } = await testedBy(["Unit", "E2e"], {
      reports: ["reports/*.xml"],
      endings: {
        Unit: { files: { "reports/unit.xml": passing } },
        E2e: { files: { "reports/e2e.xml": junit } },
      },
    });
    for (const bucket of w.aws.world.buckets.values())
      for (const [key, object] of bucket)
        if (key.includes("/E2e")) object.body = Buffer.from("<html>");
    expect((await look()).reports).toMatchObject([
      { kind: "broken", why: "an artifact of the stage is no zip file" },
      { kind: "read", path: "reports/unit.xml" },
    ]);
  });

  test("are not taken for all where the stage has more artifacts than are read", async () => {
    const suites = Array.from({ length: 11 }, (_, n) => `Suite${n}`);
    const { w, look } = await testedBy(suites, {
      reports: ["*.xml"],
      endings: Object.fromEntries(suites.map((name) => [name, { files: { "j.xml": passing } }])),
    });
    const [first, ...rest] = (await look()).reports;
    expect(first).toEqual({
      kind: "broken",
      path: "artifacts",
      why: "the stage has 11, and 10 are read",
    });
    expect(rest).toMatchObject([{ kind: "read" }]);
    expect(w.calls()["s3:GetObject"]).toBe(10);
  });
});

describe("hostile artifacts", () => {
  const wanted = () => true;
  const unpacked_bytes = limit.codepipeline.unpacked_bytes;

  test("that have a path twice are read as anyone who unpacks them gets it: the last counts", async () => {
    const twice = zip({ "b.xml": "<new/>", "a.xml": "<old/>" });
    for (const name of ["a.xml", "b.xml"])
      for (let at = twice.indexOf(name); at !== -1; at = twice.indexOf(name))
        twice.write("c.xml", at);
    const last = await unzip({ bytes: twice, wanted, unpacked_bytes });
    expect(last).toMatchObject({ kind: "read", files: [{ path: "c.xml" }] });
    const [file] = last.kind === "read" ? last.files : [];
    expect(Buffer.from(file?.bytes ?? []).toString()).toBe("<old/>");
  });

  test("in which the sum of a file is wrong are damaged", async () => {
    // A sum that is not that of the content, in the file and in the directory.
    const wrong = zip({ "a.xml": "<a/>" });
    wrong.writeUInt32LE(1, 14);
    wrong.writeUInt32LE(1, wrong.indexOf(Buffer.from([0x50, 0x4b, 1, 2])) + 16);
    expect(await unzip({ bytes: wrong, wanted, unpacked_bytes })).toEqual({
      kind: "broken",
      why: "is a damaged zip file",
    });
  });

  test("that are no zip, or half of one, are broken", async () => {
    expect(await unzip({ bytes: Buffer.from("no zip"), wanted, unpacked_bytes })).toEqual({
      kind: "broken",
      why: "is no zip file",
    });
    const whole = zip({ "a.xml": junit.repeat(100) });
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 40, 120);
    expect(await unzip({ bytes: damaged, wanted, unpacked_bytes })).toMatchObject({
      kind: "broken",
    });
  });

  test("that unpack to more than is allowed are not unpacked", async () => {
    const bytes = zip({ "bomb.xml": Buffer.alloc(limit.report.bytes + 1), "fine.xml": junit });
    const read = await unzip({ bytes, wanted, unpacked_bytes });
    expect(read).toMatchObject({
      files: [
        { path: "bomb.xml", bytes: null, why: "is too large when unpacked" },
        { path: "fine.xml", why: "" },
      ],
    });
  });

  test("that unpack to more than they claim are broken", async () => {
    const bytes = zip({ "lie.xml": Buffer.alloc(5_000_000) });
    const claimed = Buffer.alloc(4);
    claimed.writeUInt32LE(5_000_000);
    const small = Buffer.alloc(4);
    small.writeUInt32LE(10);
    for (let at = bytes.indexOf(claimed); at >= 0; at = bytes.indexOf(claimed))
      small.copy(bytes, at);
    expect(await unzip({ bytes, wanted, unpacked_bytes })).toMatchObject({ kind: "broken" });
  });

  test("share one limit between all their files", async () => {
    const files = Object.fromEntries(["a", "b", "c"].map((name) => [name, Buffer.alloc(1_000)]));
    const read = await unzip({ bytes: zip(files), wanted, unpacked_bytes: 2_500 });
    expect(read).toMatchObject({
      files: [{ why: "" }, { why: "" }, { bytes: null }],
      bytes: 2_000,
    });
  });

  test("are unpacked one file at a time, and 100 MB of reports are within the limits", async () => {
    const most = { open: 0, now: 0 };
    const large = Buffer.alloc(17 * 2 ** 20);
    const names = Array.from({ length: 6 }, (_, at) => `${at}.xml`);
    const read = await unzipBy({
      bytes: zip(Object.fromEntries(names.map((name) => [name, large]))),
      wanted,
      unpacked_bytes: limit.codepipeline.unpacked_bytes,
      read: async ({ path, bytes }) => {
        most.now += 1;
        most.open = Math.max(most.open, most.now);
        await Promise.resolve();
        most.now -= 1;
        return { path, length: bytes?.length };
      },
    });
    expect(read).toMatchObject({
      files: names.map((path) => ({ path, length: large.length })),
      bytes: 102 * 2 ** 20,
    });
    expect(most.open).toBe(1);
  });

  test("with too many files that are asked for are refused", async () => {
    const files = Object.fromEntries(
      Array.from({ length: limit.report.files + 1 }, (_, n) => [`${n}.xml`, "<a/>"]),
    );
    expect(await unzip({ bytes: zip(files), wanted, unpacked_bytes })).toMatchObject({
      kind: "broken",
      why: expect.stringMatching(/more than \d+ files/),
    });
  });

  test("with a path that leaves the folder are broken", async () => {
    const bytes = zip({ "../../etc/passwd": "x" });
    expect(await unzip({ bytes, wanted, unpacked_bytes })).toMatchObject({ kind: "broken" });
  });

  test("reach the stage as broken reports", async () => {
    const { w, look } = await tested({ files: { "j.xml": junit } }, { reports: ["j.xml"] });
    for (const bucket of w.aws.world.buckets.values())
      for (const object of bucket.values()) object.body = Buffer.from("<html>");
    expect((await look()).reports).toEqual([
      { kind: "broken", path: artifact, why: "an artifact of the stage is no zip file" },
      unfound,
    ]);
  });
});
