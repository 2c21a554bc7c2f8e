// Acting on executions: stop, retry, rollback and approval, each once, and each refusal as a sentence.

import { describe, expect, test } from "vitest";
import type { RollbackRequest } from "../../../src/port.ts";
import { openWorld, sha, shop, states, type World, type WorldOptions } from "./world.ts";

describe("stop", () => {
  test("closes the way into the next stage first and opens it again afterwards", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.aws.log.clear();
    expect(await w.engine.stop(id, "a newer commit is the head now")).toEqual({ kind: "done" });
    const acts = w.aws.log.all.map(({ operation }) => operation);
    expect(acts.indexOf("DisableStageTransition")).toBeGreaterThan(-1);
    expect(acts.indexOf("DisableStageTransition")).toBeLessThan(
      acts.indexOf("StopPipelineExecution"),
    );
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({
      enabled: false,
      reason: `Interlock stops ${id} - a newer commit is the head now`,
    });
    expect(w.pipeline.execution(id).data.stopReason).toBe(
      "Interlock: a newer commit is the head now",
    );
    // What runs may finish.
    expect(await w.see(id)).toMatchObject({ state: "running", why: "It is being stopped." });
    w.pipeline.pass("Build");
    const seen = await w.see(id);
    expect(seen).toMatchObject({ state: "stopped", why: "a newer commit is the head now" });
    expect(states(seen)).toMatchObject({ Test: "skipped" });
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({ enabled: true });
    // The next one goes its way.
    const next = await w.start({ key: "next" });
    w.pipeline.execution(next).passUntil();
    expect((await w.see(next)).state).toBe("succeeded");
    expect(w.noticed).toContain("pull:acme/shop#1|shop|release|1");
  });

  test("can be asked for again, and after the end", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "once");
    expect(await w.engine.stop(id, "twice")).toEqual({ kind: "done" });
    w.pipeline.pass("Build");
    expect(await w.engine.stop(id, "thrice")).toEqual({ kind: "done" });
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.pipeline.data.transitions.get("Test")?.enabled ?? true).toBe(true);
  });

  test("leaves a way alone that somebody else has closed", async () => {
    const w = await openWorld();
    w.pipeline.disableTransition("Test", "Frozen by hand");
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "enough");
    w.pipeline.pass("Build");
    await w.see(id);
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({
      enabled: false,
      reason: "Frozen by hand",
    });
  });

  test("does not open what somebody has closed anew meanwhile", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "enough");
    w.pipeline.disableTransition("Test", "Frozen by hand");
    w.pipeline.pass("Build");
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({ enabled: false });
  });

  test("is not forgotten half-way: the end is told when the way is open again", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    await w.engine.stop(id, "enough");
    w.pipeline.pass("Build");
    w.aws.faults.onRequest({ operation: "EnableStageTransition", fault: { kind: "error" } });
    w.clock.advance(20_000);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    w.aws.faults.stop();
    w.restart();
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.pipeline.data.transitions.get("Test")).toMatchObject({ enabled: true });
  });

  test("does not wait for an approval, and abandons nothing that works", async () => {
    const w = await openWorld({ pipeline: { stages: ["Build", "Approve", "Production"] } });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Approve");
    await w.engine.stop(id, "enough");
    expect((await w.see(id)).state).toBe("stopped");
    expect(w.aws.log.of("codepipeline:StopPipelineExecution")[0]?.input).toMatchObject({
      abandon: true,
    });
  });

  test("in the last stage has no way to close, nor in PARALLEL mode", async () => {
    for (const mode of ["SUPERSEDED", "PARALLEL"] as const) {
      const w = await openWorld({ pipeline: { mode } });
      const id = await w.start();
      w.pipeline.execution(id).passUntil(mode === "PARALLEL" ? "Build" : "Production");
      expect(await w.engine.stop(id, "enough")).toEqual({ kind: "done" });
      expect(w.calls()["codepipeline:DisableStageTransition"]).toBeUndefined();
      expect(w.pipeline.execution(id).status).toBe("Stopping");
    }
  });

  test("goes on where the role may close no way, and says what the role lacks where it may not stop", async () => {
    const w = await openWorld({
      role: {
        allow: [
          "codepipeline:Get*",
          "codepipeline:List*",
          "codepipeline:Start*",
          "codepipeline:StopPipelineExecution",
        ],
      },
    });
    const id = await w.start();
    w.pipeline.pass("Source");
    expect(await w.engine.stop(id, "enough")).toEqual({ kind: "done" });
    const v = await openWorld({
      role: { allow: ["codepipeline:Get*", "codepipeline:List*", "codepipeline:Start*"] },
    });
    const other = await v.start();
    expect(await v.engine.stop(other, "enough")).toEqual({
      kind: "refused",
      why: expect.stringContaining('"Action":"codepipeline:StopPipelineExecution"'),
    });
  });

  test("with a reason in any letters and of any length is taken", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    expect(await w.engine.stop(id, `Ärger: #1, a/b_c\n${"long ".repeat(200)}`)).toEqual({
      kind: "done",
    });
  });

  test("of what is not ours is refused", async () => {
    const w = await openWorld();
    const other = w.pipeline.startByConsole();
    expect(await w.engine.stop(other.id, "enough")).toMatchObject({ kind: "refused" });
    expect(other.status).toBe("InProgress");
  });
});

describe("retry", () => {
  async function failed(options: WorldOptions = {}): Promise<{ w: World; id: string }> {
    const w = await openWorld(options);
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Test").fail("Test");
    expect((await w.see(id)).state).toBe("failed");
    return { w, id };
  }

  test("runs what failed again, in the same execution and once for each key", async () => {
    const { w, id } = await failed();
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect(states(await w.see(id))).toMatchObject({ Build: "succeeded", Test: "running" });
    w.pipeline.fail("Test");
    w.restart();
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect((await w.see(id)).state).toBe("failed");
    expect(w.calls()["codepipeline:RetryStageExecution"]).toBe(1);
    expect(await w.engine.retry(id, "Test", "k2")).toEqual({ kind: "done" });
    w.pipeline.execution(id).passUntil();
    expect((await w.see(id)).state).toBe("succeeded");
  });

  test("whose answer was lost is not done again", async () => {
    const { w, id } = await failed();
    w.aws.faults.onRequest({
      operation: "RetryStageExecution",
      times: 1,
      fault: { kind: "answerLost" },
    });
    expect(await w.engine.retry(id, "Test", "k1")).toMatchObject({ kind: "failed" });
    w.pipeline.fail("Test");
    w.restart();
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect(w.pipeline.execution(id).data.attempt).toBe(2);
  });

  test("that never arrived is done later", async () => {
    const { w, id } = await failed();
    w.aws.faults.onRequest({ operation: "RetryStageExecution", times: 1, fault: { kind: "cut" } });
    expect(await w.engine.retry(id, "Test", "k1")).toMatchObject({ kind: "failed" });
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    expect((await w.see(id)).state).toBe("running");
  });

  test("is not taken back by a list that is behind", async () => {
    const { w, id } = await failed();
    expect(await w.engine.retry(id, "Test", "k1")).toEqual({ kind: "done" });
    const { data } = w.pipeline.execution(id);
    // As AWS showed it before.
    data.status = "Failed";
    const again = data.actions.splice(-1);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    data.status = "InProgress";
    data.actions.push(...again);
    w.clock.advance(6_000);
    expect(await w.engine.observe(id)).toMatchObject({
      kind: "known",
      value: { state: "running" },
    });
  });

  test.each([
    ["another execution is in the stage", "Another execution has entered the stage Test"],
    ["the pipeline was changed", "AWS does not run the stage Test again"],
    ["the stage is gone", "has no stage Test any more"],
    ["nothing failed in it", "AWS does not run the stage Build again"],
  ])("is refused where %s", async (what, sentence) => {
    const { w, id } = await failed();
    let stage = "Test";
    if (what === "another execution is in the stage") {
      const other = await w.start({ key: "other" });
      w.pipeline.execution(other).passUntil("Production");
    }
    if (what === "the pipeline was changed") w.pipeline.addStage("Smoke");
    if (what === "the stage is gone") w.pipeline.removeStage("Test");
    if (what === "nothing failed in it") stage = "Build";
    expect(await w.engine.retry(id, stage, "k")).toEqual({
      kind: "refused",
      why: expect.stringContaining(sentence),
    });
  });
});

describe("rollback", () => {
  async function released(...digits: readonly string[]): Promise<World> {
    const w = await openWorld();
    for (const digit of digits) await through(w, digit);
    return w;
  }

  async function through(w: World, digit: string): Promise<string> {
    w.clock.advance(60_000);
    const id = await w.start({
      key: `release ${digit} ${w.pipeline.executions().length}`,
      sha: sha(digit),
    });
    w.pipeline.execution(id).passUntil();
    return id;
  }

  const wish = (w: World, of: Partial<RollbackRequest> = {}): RollbackRequest => ({
    spec: w.spec,
    repository: shop,
    stage: "Production",
    to: null,
    key: "comment:1",
    ...of,
  });

  test("brings back the last that succeeded before what failed", async () => {
    const w = await released("a", "b");
    const bad = await w.start({ key: "bad", sha: sha("c") });
    w.pipeline.execution(bad).passUntil("Production").fail("Production");
    const done = await w.engine.rollback(wish(w));
    expect(done).toEqual({ kind: "started", engineId: w.pipeline.latest().id, sha: sha("b") });
    expect(w.pipeline.latest().data).toMatchObject({ type: "ROLLBACK" });
    if (done.kind !== "started") return;
    expect(states(await w.see(done.engineId))).toMatchObject({ Production: "running" });
    w.pipeline.latest().passUntil();
    expect(await w.see(done.engineId)).toMatchObject({ state: "succeeded" });
    // The failed commit stays as it was.
    expect(await w.see(bad)).toMatchObject({ state: "failed" });
  });

  test("of what succeeded goes to the commit before, and of a rollback still further", async () => {
    const w = await released("a", "b", "b", "c");
    expect(await w.engine.rollback(wish(w))).toMatchObject({ sha: sha("b") });
    w.pipeline.latest().passUntil();
    expect(await w.engine.rollback(wish(w, { key: "comment:2" }))).toMatchObject({ sha: sha("a") });
    w.pipeline.latest().passUntil();
    expect(await w.engine.rollback(wish(w, { key: "comment:3" }))).toEqual({
      kind: "refused",
      why: expect.stringContaining("there is nothing to go back to"),
    });
  });

  test("goes to the commit that is named, by the beginning of its name too", async () => {
    const w = await released("a", "b", "c");
    expect(await w.engine.rollback(wish(w, { to: "aaaaaaa" }))).toMatchObject({ sha: sha("a") });
    w.pipeline.latest().passUntil();
    expect(await w.engine.rollback(wish(w, { to: sha("d"), key: "k" }))).toEqual({
      kind: "refused",
      why: expect.stringMatching(/commit d{40} has not succeeded in the stage Production/),
    });
  });

  test("happens once for each key, also where its answer was lost", async () => {
    const w = await released("a", "b");
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "answerLost" } });
    expect(await w.engine.rollback(wish(w))).toMatchObject({ kind: "failed" });
    w.restart();
    const done = await w.engine.rollback(wish(w));
    expect(done).toEqual({ kind: "started", engineId: w.pipeline.latest().id, sha: sha("a") });
    expect(await w.engine.rollback(wish(w))).toEqual(done);
    expect(w.pipeline.executions()).toHaveLength(3);
  });

  test("that never arrived is done when that is sure", async () => {
    const w = await released("a", "b");
    w.aws.faults.onRequest({ operation: "RollbackStage", times: 1, fault: { kind: "cut" } });
    expect(await w.engine.rollback(wish(w))).toMatchObject({ kind: "failed" });
    expect(await w.engine.rollback(wish(w))).toMatchObject({ kind: "failed" });
    w.clock.advance(11_000);
    expect(await w.engine.rollback(wish(w))).toMatchObject({ kind: "started" });
    expect(w.pipeline.executions()).toHaveLength(3);
  });

  test("is refused where the stage runs, has no such name or only takes the source", async () => {
    const w = await released("a", "b");
    expect(await w.engine.rollback(wish(w, { stage: "Prod", key: "1" }))).toEqual({
      kind: "refused",
      why: "The pipeline shop-release has no stage Prod; it has Source, Build, Test, Production.",
    });
    expect(await w.engine.rollback(wish(w, { stage: "Source", key: "2" }))).toEqual({
      kind: "refused",
      why: expect.stringContaining("only takes the source"),
    });
    const id = await w.start({ key: "next", sha: sha("c") });
    w.pipeline.execution(id).passUntil("Production");
    expect(await w.engine.rollback(wish(w, { key: "3" }))).toEqual({
      kind: "refused",
      why: expect.stringContaining("Production is running at this moment"),
    });
  });

  test("is refused after a change of the pipeline, and in PARALLEL mode", async () => {
    const w = await released("a", "b");
    w.pipeline.addStage("Smoke");
    expect(await w.engine.rollback(wish(w))).toEqual({
      kind: "refused",
      why: expect.stringContaining("since the pipeline shop-release was last changed"),
    });
    w.pipeline.change((declaration) => ({ ...declaration, executionMode: "PARALLEL" }));
    expect(await w.engine.rollback(wish(w))).toEqual({
      kind: "refused",
      why: expect.stringContaining("PARALLEL mode"),
    });
    expect(w.runs.all().some(({ request }) => request.kind === "rollback")).toBe(false);
  });

  test("waits while AWS does not answer, and names a missing permission", async () => {
    const w = await released("a", "b");
    w.aws.faults.onRequest({ operation: "GetPipelineState", fault: { kind: "error" } });
    expect(await w.engine.rollback(wish(w))).toMatchObject({ kind: "failed" });
    w.aws.faults.stop();
    w.aws.faults.onRequest({
      operation: "RollbackStage",
      fault: { kind: "refused", code: "AccessDeniedException" },
    });
    expect(await w.engine.rollback(wish(w))).toEqual({
      kind: "refused",
      why: expect.stringContaining(
        '{"Effect":"Allow","Action":"codepipeline:RollbackStage","Resource":"arn:aws:codepipeline:eu-west-1:111122223333:shop-release/Production"}',
      ),
    });
  });
});

describe("approval", () => {
  async function waiting(options: WorldOptions = {}): Promise<{ w: World; id: string }> {
    const w = await openWorld({
      ...options,
      pipeline: { stages: ["Build", "Approve", "Production"], ...options.pipeline },
    });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Approve");
    return { w, id };
  }
  const by = (engineId: string, key = "comment:7") => ({
    engineId,
    stage: "Approve",
    actor: "ada",
    key,
  });

  test.each(["SUPERSEDED", "PARALLEL"] as const)(
    "lets the execution on in %s mode",
    async (mode) => {
      const { w, id } = await waiting({ pipeline: { mode } });
      expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
      expect(states(await w.see(id))).toMatchObject({
        Approve: "succeeded",
        Production: "running",
      });
      expect(w.pipeline.execution(id).run("Approve")?.actions.get("Approve")?.summary).toMatch(
        /^Approved by ada through Interlock/,
      );
      // Once more by the same wish is the same; by another one there is nothing left.
      expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
      expect(await w.engine.approve(by(id, "other"))).toMatchObject({ kind: "refused" });
    },
  );

  test("is given to this execution and to no other one", async () => {
    const { w, id } = await waiting();
    const next = await w.start({ key: "next", sha: sha("b") });
    w.pipeline.execution(next).passUntil("Approve");
    expect(await w.engine.approve(by(next))).toEqual({
      kind: "refused",
      why: `The execution ${next} does not wait for an approval in the stage Approve: it has not come to one there, or another execution is in the stage now.`,
    });
    expect(w.pipeline.execution(id).stage).toBe("Approve");
    expect(w.pipeline.execution(id).run("Approve")?.status).toBe("InProgress");
  });

  test("that somebody else gave meanwhile is refused as a sentence", async () => {
    const { w, id } = await waiting();
    w.aws.faults.onRequest({
      operation: "PutApprovalResult",
      fault: { kind: "refused", code: "ApprovalAlreadyCompletedException" },
    });
    expect(await w.engine.approve(by(id))).toEqual({
      kind: "refused",
      why: expect.stringContaining("answered by somebody else"),
    });
  });

  test("whose answer was lost is found to be given", async () => {
    const { w, id } = await waiting();
    w.aws.faults.onRequest({
      operation: "PutApprovalResult",
      times: 1,
      fault: { kind: "answerLost" },
    });
    expect(await w.engine.approve(by(id))).toMatchObject({ kind: "failed" });
    expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
  });

  test("never tells its token, in any mode and whatever goes wrong", async () => {
    for (const mode of ["SUPERSEDED", "PARALLEL"] as const) {
      const { w, id } = await waiting({ pipeline: { mode } });
      const token = w.pipeline.execution(id).run("Approve")?.actions.get("Approve")?.token ?? "";
      expect(token).toMatch(/^[0-9a-f-]{36}$/);
      const said: unknown[] = [await w.see(id)];
      for (const code of [
        "InvalidApprovalTokenException",
        "ValidationException",
        "InternalFailure",
      ]) {
        w.aws.faults.onRequest({
          operation: "PutApprovalResult",
          fault: { kind: "refused", code, message: `Value '${token}' at 'token'` },
        });
        said.push(await w.engine.approve(by(id, code)));
        w.aws.faults.stop();
      }
      said.push(await w.engine.survey({ spec: w.spec, repository: shop, sha: sha("a"), since: 0 }));
      w.pipeline.reject("Approve");
      said.push(await w.see(id), w.log.heard, w.runs.all());
      expect(JSON.stringify(said)).not.toContain(token);
    }
  });
});
