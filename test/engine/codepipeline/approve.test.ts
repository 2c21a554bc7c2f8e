// Approvals: given to what a person spoke of, once, and to nothing that waits there later.

import { describe, expect, test } from "vitest";
import type { Approval } from "../../../src/ports/engine.ts";
import { openWorld, sha, shop, states, type World, type WorldOptions } from "./world.ts";

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

test.each(["SUPERSEDED", "PARALLEL"] as const)("lets the execution on in %s mode", async (mode) => {
  const { w, id } = await waiting({ pipeline: { mode } });
  expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
  expect(states(await w.see(id))).toMatchObject({
    Approve: "succeeded",
    Production: "running",
  });
  expect(w.pipeline.execution(id).run("Approve")?.actions.get("Approve")?.summary).toMatch(
    /^Approved by ada through Interlock/,
  );
  // Once more by the same request is the same; by another one there is nothing left.
  expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
  expect(await w.engine.approve(by(id, "other"))).toMatchObject({ kind: "refused" });
});

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
    said.push(
      await w.engine.drift({
        spec: w.spec,
        repository: shop,
        sha: sha("a"),
        engineId: id,
        since: 0,
      }),
    );
    w.pipeline.reject("Approve");
    said.push(await w.see(id), w.log.heard, w.runs.all());
    expect(JSON.stringify(said)).not.toContain(token);
  }
});

describe("one request is one approval", () => {
  const lost = { operation: "PutApprovalResult", times: 1, fault: { kind: "answerLost" } } as const;
  const cut = { operation: "PutApprovalResult", times: 1, fault: { kind: "cut" } } as const;
  const stages = ["Build", "Approve", "ApproveLive", "Production"];
  const actions = [
    { name: "Security", kind: "approval" as const, runOrder: 1 },
    { name: "GoLive", kind: "approval" as const, runOrder: 2 },
  ];

  /** A call whose answer is lost, after which another approval is what waits. */
  async function given(options: WorldOptions): Promise<{ w: World; id: string }> {
    const { w, id } = await waiting(options);
    w.aws.faults.onRequest(lost);
    expect(await w.engine.approve(by(id))).toMatchObject({ kind: "failed" });
    w.restart();
    return { w, id };
  }

  const isOpen = (w: World, id: string, stage: string, action = stage) =>
    w.pipeline.execution(id).run(stage)?.actions.get(action)?.status;

  test.each(["SUPERSEDED", "PARALLEL"] as const)(
    "and not that of a later stage, in %s mode",
    async (mode) => {
      const { w, id } = await given({ pipeline: { mode, stages } });
      expect(isOpen(w, id, "ApproveLive")).toBe("InProgress");
      const next: Approval = { ...by(id), stage: "ApproveLive" };
      expect(await w.engine.approve(next)).toEqual({
        kind: "refused",
        why: `The approval was given to the stage Approve of the execution ${id}, and is for nothing else. Repeat it for the stage ApproveLive.`,
      });
      expect(isOpen(w, id, "ApproveLive")).toBe("InProgress");
      expect(await w.engine.approve({ ...next, key: "another" })).toEqual({ kind: "done" });
    },
  );

  test.each(["SUPERSEDED", "PARALLEL"] as const)(
    "and not that of another execution, in %s mode",
    async (mode) => {
      const { w, id } = await given({ pipeline: { mode } });
      const next = await w.start({ key: "next", sha: sha("b") });
      w.pipeline.execution(next).passUntil("Approve");
      expect(await w.engine.approve(by(next))).toMatchObject({
        kind: "refused",
        why: expect.stringContaining(`was given to the stage Approve of the execution ${id}`),
      });
      expect(isOpen(w, next, "Approve")).toBe("InProgress");
      // And anyone who asks for the first one hears that it was given, though another one is there now.
      expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
    },
  );

  test.each(["SUPERSEDED", "PARALLEL"] as const)(
    "and not the next one in the same stage, in %s mode",
    async (mode) => {
      const { w, id } = await given({
        pipeline: { mode, stages: ["Build", { name: "Approve", actions }, "Production"] },
      });
      expect(isOpen(w, id, "Approve", "GoLive")).toBe("InProgress");
      expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
      expect(isOpen(w, id, "Approve", "GoLive")).toBe("InProgress");
    },
  );

  test("and not the same one asked for again", async () => {
    const approvals = [
      { name: "GoLive", kind: "approval" as const, runOrder: 1 },
      { name: "Deploy", kind: "deploy" as const, runOrder: 2 },
    ];
    const { w, id } = await given({
      pipeline: { stages: ["Build", { name: "Approve", actions: approvals }] },
    });
    w.pipeline.fail("Approve", { action: "Deploy" });
    w.pipeline.retry("Approve", "ALL_ACTIONS");
    expect(isOpen(w, id, "Approve", "GoLive")).toBe("InProgress");
    expect(await w.engine.approve(by(id))).toEqual({
      kind: "refused",
      why: "The approval GoLive of the stage Approve was answered by somebody else, or asked for again.",
    });
    expect(isOpen(w, id, "Approve", "GoLive")).toBe("InProgress");
  });

  test.each(["SUPERSEDED", "PARALLEL"] as const)(
    "and not several that wait together, in %s mode",
    async (mode) => {
      const together = actions.map((action) => ({ ...action, runOrder: 1 }));
      const { w, id } = await waiting({
        pipeline: { mode, stages: ["Build", { name: "Approve", actions: together }, "Production"] },
      });
      expect(await w.engine.approve(by(id))).toEqual({
        kind: "refused",
        why: `The stage Approve waits for several approvals: Security, GoLive. Give each of them in AWS: https://eu-west-1.console.aws.amazon.com/codesuite/codepipeline/pipelines/shop-release/executions/${id}/timeline?region=eu-west-1`,
      });
      expect(w.calls()["codepipeline:PutApprovalResult"]).toBeUndefined();
      // Once one of them was given there, the other can be given here.
      w.pipeline.approve("Approve");
      expect(await w.engine.approve(by(id, "another"))).toEqual({ kind: "done" });
      expect(states(await w.see(id))).toMatchObject({ Approve: "succeeded" });
    },
  );

  test("and is done later where it never arrived", async () => {
    const { w, id } = await waiting({ pipeline: { stages } });
    w.aws.faults.onRequest(cut);
    expect(await w.engine.approve(by(id))).toMatchObject({ kind: "failed" });
    expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
    expect(isOpen(w, id, "Approve")).toBe("Succeeded");
    expect(isOpen(w, id, "ApproveLive")).toBe("InProgress");
  });

  test("and is not taken for somebody else's while AWS does not show it yet", async () => {
    const { w, id } = await given({});
    const run = w.pipeline.execution(id).run("Approve")?.actions.get("Approve");
    if (run === undefined) throw new Error("no approval");
    // As the state showed it before.
    const { status, summary } = run;
    Object.assign(run, { status: "InProgress", summary: undefined });
    w.aws.faults.onRequest({
      operation: "PutApprovalResult",
      times: 1,
      fault: { kind: "refused", code: "ApprovalAlreadyCompletedException" },
    });
    expect(await w.engine.approve(by(id))).toMatchObject({ kind: "failed" });
    Object.assign(run, { status, summary });
    expect(await w.engine.approve(by(id))).toEqual({ kind: "done" });
  });

  test("and has no key of its own to find, nor one of another request", async () => {
    const { w, id } = await given({});
    expect(await w.engine.find("comment:7")).toEqual({ kind: "absent" });
    expect(await w.engine.pipelineResync()).not.toContain("comment:7");
    const [run] = w.runs.all();
    expect(await w.engine.approve(by(id, run?.token))).toEqual({
      kind: "refused",
      why: "The key belongs to another request.",
    });
  });
});
