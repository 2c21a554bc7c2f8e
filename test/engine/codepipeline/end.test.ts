// An end is told once it is known whole, and only for the commit that was asked for.

import { describe, expect, test } from "vitest";
import { openWorld, sha, states, type World, type WorldOptions } from "./world.ts";

describe("an execution that took another commit has failed", () => {
  async function other(options: WorldOptions = {}): Promise<{ w: World; id: string }> {
    const w = await openWorld(options);
    const id = await w.start();
    w.pipeline.execution(id).passUntil("Build");
    for (const revision of w.pipeline.execution(id).data.revisions.values()) revision.id = sha("f");
    return { w, id };
  }
  const why = "It ran on fffffff, not on aaaaaaa.";

  test("as soon as that shows, whatever becomes of it", async () => {
    const { w, id } = await other({
      spec: { stages: ["Build", "Test"].map((name) => ({ name, reports: ["*.xml"] })) },
    });
    // An event tells of its stages only.
    await w.see(id);
    const seen = await w.see(id);
    expect(seen).toMatchObject({ state: "failed", why, endedAt: expect.any(Number) });
    // None of its stages speaks for our commit.
    expect(seen.stages).toMatchObject([
      { name: "Source", state: "failed", why, reports: [] },
      { name: "Build", state: "failed", why },
      { name: "Test", state: "skipped" },
      { name: "Production", state: "skipped" },
    ]);
    w.pipeline.execution(id).passUntil();
    expect(await w.see(id)).toMatchObject({ state: "failed", why });
    w.restart();
    const again = await w.see(id);
    expect(again).toMatchObject({ state: "failed", why });
    expect(states(again)).toMatchObject({ Source: "failed", Production: "failed" });
    expect(w.calls()["s3:GetObject"]).toBeUndefined();
  });

  test("told by events too, and where only its number finds it", async () => {
    const { w, id } = await other();
    w.pipeline.execution(id).passUntil();
    await w.aws.settled();
    expect(await w.glance(id)).toMatchObject({ state: "failed", why });
    for (let n = 0; n < 120; n += 1) w.pipeline.startByConsole("ann", sha("d")).passUntil();
    w.restart();
    expect(await w.see(id)).toMatchObject({ state: "failed", why });
  });

  test("but of several sources only the plan's counts", async () => {
    const { w, id } = await other({
      pipeline: { moreSources: ["Config"] },
      spec: { source: "Source" },
    });
    const { revisions } = w.pipeline.execution(id).data;
    const own = revisions.get("Source");
    if (own === undefined) throw new Error("no revision");
    revisions.set("Source", { ...own, id: sha("A") });
    expect(await w.see(id)).toMatchObject({ state: "running", why: "" });
    // Of which the other one shows first.
    revisions.delete("Source");
    w.restart();
    expect(await w.see(id)).toMatchObject({ state: "running", why: "" });
    revisions.set("Source", own);
    expect(await w.see(id)).toMatchObject({ state: "failed", why });
  });

  test("and one that does not tell its commit has not passed", async () => {
    const { w, id } = await other();
    const { data } = w.pipeline.execution(id).passUntil();
    const all = [...data.revisions];
    data.revisions.clear();
    w.clock.advance(3_600_000);
    expect(await w.engine.observe(id)).toEqual({
      kind: "unknown",
      why: "AWS does not tell which commit it ran on.",
    });
    for (const [action, revision] of all) data.revisions.set(action, { ...revision, id: sha("a") });
    w.clock.advance(20_000);
    expect(await w.engine.observe(id)).toMatchObject({ value: { state: "succeeded" } });
  });
});

describe("an end", () => {
  test("that shows only after the actions were read is told with all of them", async () => {
    /** Once the actions have been told. */
    let then = () => {};
    const observe = ({ operation }: { operation: string }) => {
      if (operation === "ListActionExecutions") then();
    };
    const w = await openWorld({ aws: { observe } });
    const id = await w.start();
    const execution = w.pipeline.execution(id);
    w.pipeline.disableTransition("Production");
    execution.passUntil("Production");
    expect(states(await w.see(id))).toMatchObject({ Test: "succeeded", Production: "pending" });
    await w.runs.hear(id, "stage STARTED Production");
    then = () => {
      then = () => {};
      w.pipeline.enableTransition("Production");
      execution.passUntil();
    };
    const seen = await w.glance(id);
    expect(seen.state).toBe("succeeded");
    expect(states(seen)).toMatchObject({ Test: "succeeded", Production: "succeeded" });
  });

  test.each([
    ["an action runs", (data: Data) => ({ ...data, actions: running(data) })],
    ["a stage has not started", (data: Data) => ({ ...data, actions: data.actions.slice(0, -1) })],
  ])("by which %s yet is not known, for a moment", async (_, lagging) => {
    const w = await openWorld();
    const id = await w.start();
    const { data } = w.pipeline.execution(id).passUntil();
    const { actions } = data;
    data.actions = lagging(data).actions;
    w.clock.advance(60_000);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    w.clock.advance(6_000);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    data.actions = actions;
    const seen = await w.glance(id);
    expect(seen.state).toBe("succeeded");
    expect(states(seen)).toMatchObject({ Production: "succeeded" });
  });

  test("that is a failure is no more known while another action runs yet", async () => {
    const w = await openWorld({
      pipeline: { stages: [{ name: "Test", actions: [{ name: "Unit" }, { name: "Load" }] }] },
    });
    const id = await w.start();
    const execution = w.pipeline.execution(id).pass("Source");
    execution.pass("Test", { action: "Unit" }).fail("Test", { action: "Load" });
    const { data } = execution;
    const { actions } = data;
    data.actions = actions.map((run) =>
      run.declaration.name === "Unit" ? { ...run, status: "InProgress" as const } : run,
    );
    w.clock.advance(60_000);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    data.actions = actions;
    expect(states(await w.glance(id))).toMatchObject({ Test: "failed" });
  });

  test("by which an action runs for good is taken as it is", async () => {
    const w = await openWorld();
    const id = await w.start();
    const { data } = w.pipeline.execution(id).passUntil();
    data.actions = running(data);
    w.clock.advance(60_000);
    expect(await w.engine.observe(id)).toMatchObject({ kind: "unknown" });
    w.clock.advance(10_000);
    const seen = await w.glance(id);
    expect(seen.state).toBe("succeeded");
    expect(states(seen)).toMatchObject({ Test: "succeeded", Production: "unknown" });
  });

  type Data = ReturnType<World["pipeline"]["latest"]>["data"];

  /** As the list has it for a moment. */
  function running({ actions }: Data): Data["actions"] {
    return actions.map((run, at) =>
      at === actions.length - 1 ? { ...run, status: "InProgress" as const } : run,
    );
  }
});
