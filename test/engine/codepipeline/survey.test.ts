// Holding the pipeline against the plan, and finding what others started in it.

import { expect, test } from "vitest";
import type { Survey } from "../../../src/core/survey.ts";
import { openWorld, sha, shop, type World, type WorldOptions } from "./world.ts";

async function survey(w: World, commit = sha("a"), spec = w.spec): Promise<Survey> {
  w.clock.advance(61_000);
  const read = await w.engine.survey(spec, shop, commit);
  if (read.kind === "unknown") throw new Error(read.why);
  return read.value;
}

const kinds = ({ differences }: Survey) =>
  differences.map((difference) =>
    "stage" in difference ? `${difference.kind} ${difference.stage}` : difference.kind,
  );

test("a pipeline that is as the plan says has no differences", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  expect(await survey(w)).toEqual({ differences: [], adopted: [] });
  // Stages that the plan does not count on are nobody's business.
  w.pipeline.addStage("Smoke", "Production");
  expect(kinds(await survey(w))).toEqual([]);
});

test("a stage that is gone, renamed or moved is a difference, with the way to mend it", async () => {
  const w = await openWorld();
  w.pipeline.removeStage("Test");
  const gone = await survey(w);
  expect(gone.differences).toEqual([
    {
      kind: "stage_missing",
      stage: "Test",
      sentence: "The pipeline shop-release has no stage Test. Bring it back, or change the plan.",
    },
  ]);
  w.pipeline.renameStage("Build", "Compile");
  expect(kinds(await survey(w))).toEqual(["stage_missing Build", "stage_missing Test"]);

  const v = await openWorld();
  v.pipeline.renameStage("Test", "Checks");
  expect((await survey(v)).differences).toMatchObject([
    { kind: "stage_renamed", stage: "Test", now: "Checks" },
  ]);

  const u = await openWorld();
  u.pipeline.change((declaration) => {
    const [source, build, check, production] = declaration.stages;
    return { ...declaration, stages: [source, production, build, check].flatMap((s) => s ?? []) };
  });
  expect(kinds(await survey(u))).toEqual(["stage_reordered Production"]);
});

test("a closed way and an overridden condition are differences, until they are no more", async () => {
  const w = await openWorld({
    pipeline: {
      stages: ["Build", "Test", { name: "Production", beforeEntry: { result: "FAIL" } }],
    },
  });
  w.pipeline.disableTransition("Test", "Frozen over Christmas", "eve");
  expect((await survey(w)).differences).toEqual([
    {
      kind: "transition_disabled",
      stage: "Test",
      sentence: expect.stringMatching(/closed by \S+\/eve: Frozen over Christmas$/),
    },
  ]);
  w.pipeline.enableTransition("Test");
  w.pipeline.condition("Production", "beforeEntry", "fails");
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  expect(kinds(await survey(w))).toEqual([]);
  w.pipeline.override("Production", "beforeEntry");
  expect(kinds(await survey(w))).toEqual(["condition_overridden Production"]);
  expect(kinds(await survey(w, sha("b")))).toEqual([]);
});

test("a stage that a condition skipped is off", async () => {
  const w = await openWorld({
    pipeline: {
      stages: [
        "Build",
        "Test",
        { name: "Production", beforeEntry: { result: "SKIP", rule: "VariableCheck" } },
      ],
    },
  });
  w.pipeline.condition("Production", "beforeEntry", "fails");
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  expect(kinds(await survey(w))).toEqual(["stage_off Production"]);
});

test("a pipeline that was changed while it ran says so on that commit only", async () => {
  const w = await openWorld();
  const before = await w.start({ key: "before", sha: sha("b") });
  w.pipeline.execution(before).passUntil();
  w.clock.advance(1_000);
  const id = await w.start();
  w.pipeline.pass("Source");
  w.clock.advance(1_000);
  w.pipeline.addStage("Smoke");
  expect((await survey(w)).differences).toMatchObject([
    { kind: "structure_changed", execution: id },
  ]);
  expect(kinds(await survey(w, sha("b")))).toEqual([]);
});

test.each([
  ["starts_itself", { pipeline: { source: { detectChanges: "unset" } } }],
  ["cannot_start", { pipeline: { type: "V1" } }],
  ["cannot_start", { pipeline: { moreSources: ["Config"] } }],
] satisfies [string, WorldOptions][])("%s is a difference", async (kind, options) => {
  const w = await openWorld(options);
  expect(kinds(await survey(w))).toEqual([kind]);
});

test("executions that others started for the commit are found, with who and how", async () => {
  const w = await openWorld();
  const ours = await w.start();
  w.pipeline.execution(ours).passUntil();
  w.clock.advance(1_000);
  const push = w.pipeline.startByPush({ sha: sha("a") }).passUntil();
  const console_ = w.pipeline.startByConsole("ann", sha("a"));
  console_.pass("Source").fail("Build");
  w.pipeline.startByConsole("ann", sha("b")).passUntil();
  const rule = w.pipeline.startByRule();
  rule.pass("Source");
  const { adopted } = await survey(w);
  expect(adopted).toEqual([
    {
      engineId: console_.id,
      kind: "standard",
      trigger: "StartPipelineExecution",
      by: expect.stringMatching(/assumed-role\/.*\/ann$/),
      state: "failed",
      why: "",
      startedAt: w.pipeline.execution(console_.id).data.startedAt,
      link: `https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/shop-release/executions/${console_.id}/timeline?region=eu-west-1`,
    },
    expect.objectContaining({ engineId: push.id, trigger: "WebhookV2", state: "succeeded" }),
  ]);
  const [byRule] = (await survey(w, rule.sha ?? "")).adopted;
  expect(byRule).toMatchObject({
    trigger: "CloudWatchEvent",
    by: expect.stringMatching(/rule\/nightly$/),
  });
});

test("a rollback by hand is told apart from a run of the commit", async () => {
  const w = await openWorld();
  const good = await w.start();
  w.pipeline.execution(good).passUntil();
  w.pipeline.rollback("Production", good).passUntil();
  expect((await survey(w)).adopted).toMatchObject([
    { kind: "rollback", trigger: "ManualRollback", state: "succeeded" },
  ]);
});

test("one survey serves all that ask within a short time", async () => {
  const w = await openWorld();
  w.aws.log.clear();
  await Promise.all(["a", "b", "c"].map((digit) => w.engine.survey(w.spec, shop, sha(digit))));
  await w.engine.survey(w.spec, shop, sha("d"));
  const { "sts:AssumeRole": _, ...calls } = w.calls();
  expect(Object.values(calls).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(5);
});

test("what cannot be read is not known", async () => {
  const w = await openWorld();
  w.aws.faults.onRequest({ operation: "GetPipelineState", fault: { kind: "error" } });
  expect(await w.engine.survey(w.spec, shop, sha("a"))).toMatchObject({ kind: "unknown" });
  w.aws.faults.stop();
  expect(await w.engine.survey(w.spec, shop, sha("a"))).toMatchObject({ kind: "known" });
});
