// Every refusal that AWS's own description names for an act is told in words, and none by its name alone.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { RollbackRequest } from "../../../src/ports/engine.ts";
import { openWorld, sha, shop, type World } from "./world.ts";

interface Description {
  readonly operations: Readonly<Record<string, { readonly errors?: readonly { shape: string }[] }>>;
}

const file = new URL("../../contracts/aws/codepipeline.json", import.meta.url);
const { operations } = JSON.parse(readFileSync(file, "utf8")) as Description;

interface Answered {
  readonly kind: string;
  readonly why?: string;
}

/** What an act comes to whose call AWS refuses in this way. */
type Act = (refuse: (w: World) => void) => Promise<Answered>;

const stages = ["Build", "Approve", "Production"];

const acts: Readonly<Record<string, Act>> = {
  StartPipelineExecution: async (refuse) => {
    const w = await openWorld();
    refuse(w);
    return await w.engine.start(w.request({}));
  },
  StopPipelineExecution: async (refuse) => {
    const w = await openWorld();
    const id = await w.start();
    refuse(w);
    return await w.engine.stop(id, "enough");
  },
  RetryStageExecution: async (refuse) => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.pass("Source");
    w.pipeline.fail("Build");
    refuse(w);
    return await w.engine.retry(id, "Build", "k");
  },
  RollbackStage: async (refuse) => {
    const w = await openWorld();
    for (const digit of ["a", "b"]) {
      const id = await w.start({ key: digit, sha: sha(digit) });
      w.pipeline.execution(id).passUntil();
    }
    refuse(w);
    const { spec } = w;
    const commits = { from: sha("b"), to: null, among: [sha("a")] };
    const pendingCommand = { spec, repository: shop, stage: "Production", ...commits, key: "k" };
    return await w.engine.rollback(pendingCommand);
  },
  PutApprovalResult: async (refuse) => {
    const w = await openWorld({ pipeline: { stages } });
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Approve");
    refuse(w);
    return await w.engine.approve({ engineId: id, stage: "Approve", actor: "ada", key: "k" });
  },
  ListActionExecutions: async (refuse) => {
    const w = await openWorld();
    const id = await w.start();
    refuse(w);
    return await w.engine.retry(id, "Build", "k");
  },
};

/** Of a reading: it asks with what AWS has just given us. */
const ours = new Set(["InvalidNextTokenException", "ListActionExecutions ValidationException"]);

describe.each(Object.entries(acts))("%s", (operation, act) => {
  const codes = (operations[operation]?.errors ?? [])
    .map(({ shape }) => shape)
    .filter((code) => !ours.has(code) && !ours.has(`${operation} ${code}`));

  test("is described", () => {
    expect(codes.length).toBeGreaterThan(1);
  });

  test.each(codes)("refused by %s", async (code) => {
    const message = "The wording of AWS.";
    const answer = await act((w) =>
      w.aws.faults.onRequest({ operation, fault: { kind: "refused", code, message } }),
    );
    if (answer.kind === "done") return;
    expect(answer.kind).toMatch(/^(refused|failed)$/);
    expect(answer.why).toMatch(/^[A-Z].*\.$/);
    expect(answer.why).not.toContain("Exception");
    expect(answer.why).not.toMatch(/^AWS (refused|gave no answer)/);
  });
});

describe("an approval that is not asked for is refused", () => {
  const approve = (w: World, engineId: string, stage: string) =>
    w.engine.approve({ engineId, stage, actor: "ada", key: "comment:1" });

  test.each(["SUPERSEDED", "PARALLEL"] as const)("with its reason, in %s mode", async (mode) => {
    const w = await openWorld({ pipeline: { mode, stages } });
    const id = await w.start();
    w.pipeline.pass("Source");
    const refused = (why: string) => ({ kind: "refused", why });
    expect(await approve(w, id, "Aprove")).toEqual(
      refused(
        "The pipeline shop-release has no stage Aprove; it has Source, Build, Approve, Production.",
      ),
    );
    expect(await approve(w, id, "Build")).toEqual(
      refused("The stage Build of the pipeline shop-release asks for no approval."),
    );
    expect(await approve(w, id, "Approve")).toEqual(
      refused(
        `The execution ${id} does not wait for an approval in the stage Approve: it has not come to one there, or another execution is in the stage now.`,
      ),
    );
    w.pipeline.pass("Build");
    w.pipeline.reject("Approve");
    expect(await approve(w, id, "Approve")).toEqual(
      refused("The approval Approve of the stage Approve was refused, or nobody gave it in time."),
    );
    const next = await w.start({ key: "next" });
    w.pipeline.execution(next).passUntil("Approve");
    w.pipeline.approve("Approve");
    expect(await approve(w, next, "Approve")).toEqual(
      refused(
        "The approval Approve of the stage Approve was answered already, or the execution was stopped.",
      ),
    );
  });
});

describe("a rollback that AWS does not do is refused before it is asked", () => {
  const pendingCommand = (w: World, from: string, of: Partial<RollbackRequest> = {}) =>
    w.engine.rollback({
      spec: w.spec,
      repository: shop,
      stage: "Production",
      from: sha(from),
      to: null,
      among: [sha("a"), sha("b")],
      key: "k",
      ...of,
    });
  const through = async (w: World, digit: string) => {
    const id = await w.start({ key: digit, sha: sha(digit) });
    w.pipeline.execution(id).passUntil();
    w.clock.advance(1_000);
  };
  const asked = (w: World) => w.calls()["codepipeline:RollbackStage"];

  test("where nothing succeeded in the stage before", async () => {
    const w = await openWorld();
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Production").fail("Production");
    expect(await pendingCommand(w, "a")).toEqual({
      kind: "refused",
      why: "No earlier release of Interlock's own has passed the stage Production since the pipeline shop-release was last changed, so there is nothing to go back to. Revert the change and release that instead.",
    });
    expect(asked(w)).toBeUndefined();
  });

  test("where the commit is there by a rollback alone", async () => {
    const w = await openWorld();
    for (const digit of ["a", "b"]) await through(w, digit);
    expect(await pendingCommand(w, "b")).toMatchObject({ kind: "started", sha: sha("a") });
    w.pipeline.latest().passUntil();
    await through(w, "c");
    // AWS keeps executions for a year, and the rollback is younger.
    w.pipeline.data.executions.shift();
    expect(await pendingCommand(w, "c", { to: sha("a"), key: "again" })).toEqual({
      kind: "refused",
      why: `The commit ${sha("a")} came into the stage Production by a rollback alone, and AWS does not go back to a rollback. Revert the change and release that instead.`,
    });
  });

  test("where a condition skipped the stage", async () => {
    const w = await openWorld({
      pipeline: { stages: ["Build", { name: "Production", beforeEntry: { result: "SKIP" } }] },
    });
    for (const digit of ["a", "b"]) {
      const id = await w.start({ key: digit, sha: sha(digit) });
      w.pipeline.execution(id).passUntil();
    }
    w.pipeline.condition("Production", "beforeEntry", "fails");
    w.pipeline.execution(await w.start({ key: "c", sha: sha("c") })).passUntil();
    expect(await pendingCommand(w, "c")).toEqual({
      kind: "refused",
      why: expect.stringMatching(/skipped the stage Production the last time.*Revert the change/),
    });
    expect(asked(w)).toBeUndefined();
  });
});
