// What users of other integrations with CodePipeline have reported, tried here. Each names its report.

import { describe, expect, test } from "vitest";
import { readEvent } from "../../../src/engine/codepipeline/event.ts";
import { event } from "./events.ts";
import { tested } from "./tested.ts";
import { openWorld, sha, shop, states } from "./world.ts";

// moia-oss/aws-codepipeline-trigger#9: a superseded execution was shown as passed.
test("a superseded execution has not passed, and names the one that carries its change", async () => {
  const w = await openWorld({ pipeline: { stages: ["Build", "Production"] } });
  const id = await w.start();
  w.pipeline.pass("Source");
  w.pipeline.disableTransition("Production");
  w.pipeline.execution(id).pass("Build");
  const newer = w.pipeline.supersede(id, sha("e"));
  const seen = await w.see(id);
  expect(seen.state).toBe("failed");
  expect(seen.why).toContain(`superseded by the execution ${newer.id} for commit ${sha("e")}`);
});

// superplanehq/superplane#3242: some say CANCELLED where others say CANCELED.
test.each(["CANCELED", "CANCELLED"])("an event that says %s leads to a look", async (state) => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.data.edits = "cancel";
  w.aws.faults.onEvent({ fault: { kind: "lost" } });
  w.pipeline.change((declaration) => declaration);
  expect(readEvent(JSON.stringify(event({ state })))).toMatchObject({ kind: "hint", state });
  await w.runs.hear(id, `execution ${state}`);
  expect((await w.glance(id)).state).toBe("stopped");
});

// superplanehq/superplane#3174: somebody deleted the rule, and nothing was told any more.
test("an execution of which nobody tells anything is followed to its end", async () => {
  const w = await openWorld();
  w.aws.faults.onEvent({ fault: { kind: "lost" } });
  const id = await w.start();
  w.pipeline.execution(id).passUntil();
  await w.aws.settled();
  w.clock.advance(60_000);
  expect(await w.glance(id)).toMatchObject({ state: "succeeded" });
});

// floci-io/floci#3478: between two groups of actions a stage seemed to have passed.
test("a stage has not passed between two groups of its actions", async () => {
  const actions = [
    { name: "Migrate", runOrder: 1 },
    { name: "Deploy", runOrder: 2 },
  ];
  const w = await openWorld({ pipeline: { stages: [{ name: "Production", actions }] } });
  const id = await w.start();
  w.pipeline.pass("Source");
  w.pipeline.pass("Production", { action: "Migrate" });
  const { actions: runs } = w.pipeline.execution(id).data;
  const second = runs.pop();
  expect(second?.declaration.name).toBe("Deploy");
  // AWS has not started the second group yet.
  expect(states(await w.see(id)).Production).toBe("running");
});

// awesome-cdk/cdk-report-codepipeline-status-to-github#3: no commit was resolved where the source failed.
test("an execution whose source failed is told for the commit that it was started for", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.fail("Source", { code: "ConfigurationError", message: "The branch is not there." });
  const seen = await w.see(id);
  expect(seen.state).toBe("failed");
  expect(seen.stages[0]).toMatchObject({
    name: "Source",
    state: "failed",
    why: expect.stringContaining("ConfigurationError"),
  });
});

describe("an approval", () => {
  const stages = ["Build", { name: "Ask", kind: "approval" as const }, "Production"];
  const approval = (engineId: string) => ({ engineId, stage: "Ask", actor: "ann", key: "k" });

  // aws/aws-sdk-js-v3#3871: the stage's latest execution has no token; its action has.
  test("is given by the token that the action has", async () => {
    const w = await openWorld({ pipeline: { stages } });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Ask");
    expect(await w.engine.approve(approval(id))).toEqual({ kind: "done" });
    expect(w.pipeline.execution(id).stage).toBe("Production");
  });

  // aws/aws-cdk#15441: asked too early, the approval of the execution before was given.
  test("that is asked for too early approves nothing of the execution before", async () => {
    const w = await openWorld({ pipeline: { mode: "QUEUED", stages } });
    const before = await w.start({ key: "before", sha: sha("b") });
    w.pipeline.execution(before).passUntil("Ask");
    const id = await w.start();
    w.pipeline.execution(id).pass("Source");
    expect(await w.engine.approve(approval(id))).toMatchObject({ kind: "refused" });
    expect(w.pipeline.execution(before).stage).toBe("Ask");
  });

  // floci-io/floci#2696: the pipeline was changed while an execution waited, which could end no more.
  test("whose stage was renamed meanwhile is refused in words, and the execution is not lost", async () => {
    const w = await openWorld({ pipeline: { stages } });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Ask");
    w.pipeline.renameStage("Ask", "Confirm");
    expect(await w.engine.approve(approval(id))).toMatchObject({
      kind: "refused",
      why: expect.stringContaining("has no stage Ask"),
    });
    expect(await w.see(id)).toMatchObject({ state: "running" });
    expect(await w.engine.stop(id, "the pipeline was changed")).toEqual({ kind: "done" });
    expect((await w.see(id)).state).toBe("stopped");
  });
});

// getmoto/moto#10246: an AWS that says Succeeded at once and shows neither revisions nor actions.
test("a success of which AWS shows nothing is no success", async () => {
  const w = await openWorld();
  const id = await w.start();
  const { data } = w.pipeline.execution(id);
  data.status = "Succeeded";
  data.position = { kind: "over" };
  data.actions.length = 0;
  for (let minute = 0; minute < 5; minute += 1) {
    w.clock.advance(60_000);
    const seen = await w.engine.observe(id);
    expect(seen.kind === "known" ? states(seen.value).Production : "unknown").not.toBe("succeeded");
  }
});

// bottlerocket-os/bottlerocket#604: what lay in a second artifact of the build was not found.
test("a report in the second artifact of an action is found", async () => {
  const junit = '<testsuites><testsuite name="s"><testcase name="adds"/></testsuite></testsuites>';
  const { look } = await tested(
    { files: { "out/junit.xml": junit } },
    {
      reports: ["out/junit.xml"],
      pipeline: {
        stages: [
          "Build",
          {
            name: "Test",
            actions: [{ name: "Test", outputArtifacts: [{ name: "First" }, { name: "Second" }] }],
          },
          "Production",
        ],
      },
    },
  );
  const stage = await look();
  expect(stage.state).toBe("succeeded");
  expect(stage.reports.filter(({ kind }) => kind === "read").length).toBeGreaterThan(0);
});

// stelligent/pipeline-dashboard#3: the same commit was released a second time by hand.
test("a second execution of the same commit by somebody else does not count as ours", async () => {
  const w = await openWorld();
  const id = await w.start();
  w.pipeline.execution(id).passUntil("Build").fail("Build");
  w.pipeline.startByConsole("ann", sha("a")).passUntil();
  expect((await w.see(id)).state).toBe("failed");
  const drift = await w.engine.drift({
    spec: w.spec,
    repository: shop,
    sha: sha("a"),
    engineId: id,
    since: w.clock.now(),
  });
  expect(drift).toMatchObject({
    value: { foreignExecutions: [{ state: "succeeded", by: expect.stringContaining("ann") }] },
  });
});
