// Something between Interlock and AWS answers: a proxy's page, or half of what AWS said. Nobody knows then what AWS did.

import { describe, expect, test } from "vitest";
import type { RequestFault } from "../../../sandbox/aws/faults.ts";
import { openWorld, sha, shop, states, type World } from "./world.ts";

const html = "<html><body>Please log in</body></html>";

const answers: Readonly<Record<string, RequestFault>> = {
  "half of the JSON": { kind: "halved" },
  "HTML with 200": { kind: "replaced", status: 200, body: html },
  "an empty body with 200": { kind: "replaced", status: 200, body: "" },
  "another JSON with 200": { kind: "replaced", status: 200, body: '{"ok":true}' },
  "a list with 200": { kind: "replaced", status: 200, body: "[]" },
  "nothing with 204": { kind: "replaced", status: 204, body: "" },
  "a redirect": { kind: "replaced", status: 302, body: "" },
  "HTML with 403": { kind: "replaced", status: 403, body: html },
  "HTML with 407": { kind: "replaced", status: 407, body: html },
  "HTML with 413": { kind: "replaced", status: 413, body: html },
  "an empty body with 403": { kind: "replaced", status: 403, body: "" },
  "XML with 403": { kind: "replaced", status: 403, body: "<Error><Message>no</Message></Error>" },
  "JSON without a type": { kind: "replaced", status: 403, body: '{"message":"blocked"}' },
  "JSON with a number": { kind: "replaced", status: 403, body: '{"code":403}' },
  "JSON with a code of its own": { kind: "replaced", status: 403, body: '{"code":"Blocked"}' },
};

/** The answer to the next call of that operation, however often the SDK repeats it. */
function spoil(w: World, operation: string, fault: RequestFault): void {
  w.aws.faults.onRequest({ operation, fault });
}

test.each(Object.entries(answers))(
  "%s in place of the answer to a start leads to the execution that began",
  async (_name, fault) => {
    const w = await openWorld();
    spoil(w, "StartPipelineExecution", fault);
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    const [began] = w.pipeline.executions();
    w.pipeline.pass("Source");
    const { key } = w.request({}).run;
    expect(await w.engine.find(key)).toEqual({ kind: "known", value: began?.id });
    expect(w.pipeline.executions()).toHaveLength(1);
  },
);

const some = ["half of the JSON", "HTML with 200", "an empty body with 200", "HTML with 403"];
const few = Object.entries(answers).filter(([name]) => some.includes(name));

describe.each(few)("%s", (_name, fault) => {
  test("in place of the answer to a rollback leads to the rollback that began", async () => {
    const w = await openWorld();
    for (const digit of ["a", "b"])
      w.pipeline.execution(await w.start({ key: digit, sha: sha(digit) })).passUntil();
    const commits = { from: sha("b"), to: null, among: [sha("a")] };
    const wanted = { spec: w.spec, repository: shop, stage: "Production", ...commits, key: "k" };
    spoil(w, "RollbackStage", fault);
    expect(await w.engine.rollback(wanted)).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    const id = w.pipeline.latest().id;
    expect(await w.engine.rollback(wanted)).toEqual({
      kind: "started",
      engineId: id,
      sha: sha("a"),
    });
    expect(w.pipeline.executions()).toHaveLength(3);
  });

  test("in place of the answer to a retry leads to one retry", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.pipeline.fail("Build");
    spoil(w, "RetryStageExecution", fault);
    expect(await w.engine.retry(id, "Build", "k")).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    expect(await w.engine.retry(id, "Build", "k")).toEqual({ kind: "done" });
    expect(w.pipeline.data.executions[0]?.attempt).toBe(2);
  });

  test("in place of the answer to an approval leads to one approval", async () => {
    const w = await openWorld({
      pipeline: {
        stages: ["Build", { name: "Ask", actions: [{ name: "Ask", kind: "approval" }] }],
      },
    });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Ask");
    const approval = { engineId: id, stage: "Ask", actor: "ann", key: "k" };
    spoil(w, "PutApprovalResult", fault);
    expect(await w.engine.approve(approval)).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    expect(await w.engine.approve(approval)).toEqual({ kind: "done" });
  });

  test("in place of the answer to a stop is no refusal, and no way stays closed", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    spoil(w, "StopPipelineExecution", fault);
    expect(await w.engine.stop(id, "enough")).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    expect(await w.engine.stop(id, "enough")).toEqual({ kind: "done" });
    w.pipeline.pass("Build");
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.pipeline.data.transitions.get("Test")?.enabled).toBe(true);
  });

  test.each(["ListPipelineExecutions", "ListActionExecutions", "GetPipeline"])(
    "in place of the answer to %s tells nothing of the execution",
    async (operation) => {
      const w = await openWorld();
      const id = await w.start();
      w.pipeline.execution(id).passUntil();
      w.restart();
      w.clock.advance(20_000);
      spoil(w, operation, fault);
      expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
      w.aws.faults.stop();
      expect(states(await w.see(id))).toMatchObject({ Production: "succeeded" });
    },
  );

  test("in place of the structure does not say that the plan is wrong", async () => {
    const w = await openWorld();
    spoil(w, "GetPipeline", fault);
    expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "failed" });
  });

  test("in place of the role's credentials does not accuse the trust policy", async () => {
    const w = await openWorld();
    spoil(w, "AssumeRole", fault);
    const started = await w.engine.start(w.request({}));
    expect(started).toMatchObject({ kind: "failed" });
    expect(JSON.stringify(started)).not.toContain("trust policy");
  });
});

test.each(few.slice(1))(
  "%s in place of the opening of a way: it is opened again",
  async (_name, fault) => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "enough");
    w.pipeline.pass("Build");
    w.aws.faults.onRequest({
      operation: "EnableStageTransition",
      fault: { ...fault, early: true } as RequestFault,
    });
    w.clock.advance(20_000);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    expect(w.pipeline.data.transitions.get("Test")?.enabled).toBe(false);
    w.aws.faults.stop();
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.pipeline.data.transitions.get("Test")?.enabled).toBe(true);
  },
);
