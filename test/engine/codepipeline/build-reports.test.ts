// Test reports that CodeBuild keeps: shown, counted, and taken for a file only where there is no doubt which.

import { describe, expect, test } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import type { ReportReading } from "../../../src/core/model/report.ts";
import { artifact, batched, junit, passing, tested, testedBy, unfound } from "./tested.ts";
import { states } from "./world.ts";

describe("reports of CodeBuild", () => {
  const cases = [
    { name: "adds", suite: "price", durationMs: 500 },
    { name: "rounds", suite: "price", status: "FAILED", message: "1.005 is not 1.01" },
    { name: "breaks", status: "ERROR", message: "out of memory" },
    { name: "later", status: "SKIPPED" },
    { name: "perhaps", status: "UNKNOWN" },
  ] as const;

  test("stand in where no file is named", async () => {
    const { look } = await tested({ kind: "fail", report: { name: "unit", cases } });
    const [report] = (await look()).reports;
    expect(report).toMatchObject({
      kind: "read",
      format: "codebuild",
      path: "unit",
      counts: { passed: 1, failed: 3, skipped: 1, pending: 0, other: 0, errors: 0, flaky: 0 },
      duration_ms: 500,
      truncated: false,
    });
    expect(
      report?.kind === "read" && report.problems.map(({ name, status }) => [name, status]),
    ).toEqual([
      ["price › rounds", "failed"],
      ["breaks", "failed"],
      ["perhaps", "failed"],
    ]);
  });

  test("stand in where the artifact has none of the files", async () => {
    const { look } = await tested({ report: { cases } }, { reports: ["reports/*.xml"] });
    expect((await look()).reports).toMatchObject([{ kind: "read", format: "codebuild" }]);
  });

  test("stand in for no file where the plan names several, for it is not known which", async () => {
    const { look } = await tested(
      { report: { name: "unit", cases: [{ name: "adds" }] } },
      { reports: ["unit.xml", "e2e.xml"] },
    );
    expect((await look()).reports).toMatchObject([
      { kind: "missing", path: "unit.xml" },
      { kind: "missing", path: "e2e.xml" },
      { kind: "read", format: "codebuild", path: "unit" },
    ]);
  });

  test("stand in for no file where they have no test", async () => {
    const { look } = await tested({ report: { name: "unit", cases: [] } }, { reports: ["j.xml"] });
    expect((await look()).reports).toMatchObject([
      { kind: "missing", path: "j.xml" },
      { kind: "read", path: "unit" },
    ]);
  });

  test("stand in for no file that may be in an artifact that cannot be read", async () => {
    const { w, look } = await tested(
      { files: { "j.xml": junit }, report: { name: "unit", cases: [{ name: "adds" }] } },
      { reports: ["j.xml"] },
    );
    for (const bucket of w.aws.world.buckets.values()) bucket.clear();
    expect((await look()).reports).toMatchObject([
      { kind: "broken", path: artifact },
      unfound,
      { kind: "read", path: "unit" },
    ]);
  });

  test("count beside the file of another build, and not beside the file of the same", async () => {
    const { look } = await testedBy(["Unit", "E2e"], {
      reports: ["*.xml"],
      endings: {
        Unit: { files: { "unit.xml": passing }, report: { name: "unit", cases } },
        E2e: { report: { name: "e2e", cases } },
      },
    });
    expect((await look()).reports).toMatchObject([
      { kind: "read", path: "unit.xml", counts: { failed: 0 } },
      { kind: "read", path: "e2e", format: "codebuild", counts: { failed: 3 } },
    ]);
  });

  test("that may not be looked for leave the one file broken, with the missing permission", async () => {
    const { look } = await tested(
      { report: { cases } },
      { reports: ["j.xml"], role: { allow: ["codepipeline:*", "s3:*", "logs:*"] } },
    );
    expect((await look()).reports).toEqual([
      {
        kind: "broken",
        path: "j.xml",
        why: expect.stringMatching(/may not do codebuild:BatchGetBuilds/),
      },
    ]);
  });

  test("stand in for the file of a batch of builds as well", async () => {
    const { look } = await tested(
      { report: { name: "unit", cases } },
      { ...batched, reports: ["j.xml"] },
    );
    expect((await look()).reports).toMatchObject([
      { kind: "read", path: "unit", counts: { passed: 1, failed: 3 } },
    ]);
  });

  test("that were merged into those of the batch are not read twice", async () => {
    const { w, look } = await tested({ report: { name: "unit", cases } }, batched);
    const [merged] = w.aws.world.reports.keys();
    const [batch] = w.aws.world.batches.values();
    if (batch === undefined || merged === undefined) throw new Error("no batch");
    batch.reportArns.push(merged);
    expect((await look()).reports).toMatchObject([{ path: "unit", counts: { passed: 1 } }]);
  });

  test("of a batch that the role may not ask for are broken, with the missing permission", async () => {
    const allow = ["codepipeline:*", "s3:*", "logs:*", "codebuild:BatchGetBuilds"];
    const { look } = await tested({}, { ...batched, reports: ["j.xml"], role: { allow } });
    expect((await look()).reports).toEqual([
      {
        kind: "broken",
        path: "j.xml",
        why: expect.stringMatching(
          /may not do codebuild:BatchGetBuildBatches.*:project\/shop-release-test"/,
        ),
      },
    ]);
  });

  test("that were cut at 500 tests say so", async () => {
    const many = Array.from({ length: 600 }, (_, n) => ({ name: `test ${n}` }));
    const { w, look } = await tested({ report: { cases: many } });
    expect((await look()).reports).toMatchObject([{ counts: { passed: 500 }, truncated: true }]);
    // Passed tests are counted and not fetched.
    expect(w.calls()["codebuild:DescribeTestCases"]).toBeUndefined();
  });

  test("with many failures keep the count and the first of them", async () => {
    const failures = Array.from({ length: 350 }, (_, n) => ({
      name: `t${n}`,
      status: "FAILED" as const,
    }));
    const { look } = await tested({ kind: "fail", report: { cases: failures } });
    const [report] = (await look()).reports as readonly Extract<ReportReading, { kind: "read" }>[];
    expect(report?.counts.failed).toBe(350);
    expect(report?.problems).toHaveLength(limit.report.problems);
    expect(report?.truncated).toBe(true);
  });

  test("that are still being made are waited for", async () => {
    const { w, look } = await tested({ report: { cases } });
    const [made] = w.aws.world.reports.values();
    if (made === undefined) throw new Error("no report");
    made.status = "GENERATING";
    expect(await look()).toMatchObject({ state: "unknown", reports: [] });
    made.status = "FAILED";
    expect(await look()).toMatchObject({ state: "succeeded", reports: [{ kind: "read" }] });
  });

  test("that have expired are broken, and absent ones are missing where the plan wants some", async () => {
    const expired = await tested({ report: { name: "unit", cases } });
    expired.w.aws.world.reports.clear();
    expect((await expired.look()).reports).toEqual([
      { kind: "broken", path: "unit", why: "CodeBuild does not have it any more" },
    ]);
    const none = await tested({}, { reports: ["j.xml"] });
    expect((await none.look()).reports).toEqual([{ kind: "missing", path: "j.xml" }]);
    const unnamed = await tested({});
    expect((await unnamed.look()).reports).toEqual([]);
  });

  test("are not read for stages that the plan does not name", async () => {
    const { w, id } = await tested(
      { report: { cases } },
      { spec: { stages: [{ name: "Production", reports: [] }] } },
    );
    expect(states(await w.see(id))).toMatchObject({ Test: "succeeded" });
    expect(w.calls()["codebuild:BatchGetBuilds"]).toBeUndefined();
  });
});
