// Rollbacks by somebody else: AWS rolls back one stage, and only one where the plan ends takes the commit out.

import { describe, expect, test } from "vitest";
import type { NewPipeline } from "../../../sandbox/aws/declare.ts";
import { openWorld, sha, shop, type World } from "./world.ts";

async function drift(w: World, engineId: string) {
  const since = w.clock.now();
  const question = { spec: w.spec, repository: shop, sha: sha("b"), engineId, since };
  const read = await w.engine.drift(question);
  if (read.kind === "unknown") throw new Error(read.why);
  return read.value;
}

describe("a rollback by somebody else", () => {
  const rolled = async (stage: string, of: Partial<NewPipeline>, planned?: readonly string[]) => {
    const w = await openWorld({
      pipeline: { mode: "QUEUED", ...of },
      ...(planned && { spec: { stages: planned.map((name) => ({ name, reports: [] })) } }),
    });
    const good = await w.start({ key: "good" });
    w.pipeline.execution(good).passUntil();
    const id = await w.start({ key: "next", sha: sha("b") });
    w.pipeline.execution(id).passUntil();
    await w.see(id);
    w.clock.advance(1_000);
    w.pipeline.rollback(stage, good).passUntil();
    w.clock.advance(1_000);
    return { id, outOfBandChanges: (await drift(w, id)).outOfBandChanges };
  };

  test("of the stage where the plan ends takes the commit out, and says who did it", async () => {
    const { id, outOfBandChanges } = await rolled("Production", {
      stages: ["Staging", "Production"],
    });
    expect(outOfBandChanges).toMatchObject([
      { engineId: id, mark: { kind: "rolled_back", stage: "Production" } },
    ]);
    expect(outOfBandChanges[0]?.mark.sentence).toMatch(
      /rolled the stage Production back \(arn:.*\/ann\)/,
    );
  });

  test("of a stage before that leaves it there", async () => {
    const { outOfBandChanges } = await rolled("Staging", { stages: ["Staging", "Production"] });
    expect(outOfBandChanges).toEqual([]);
  });

  test("of a stage that the plan does not name leaves it there", async () => {
    const { outOfBandChanges } = await rolled("Sandbox", { stages: ["Sandbox", "Production"] }, [
      "Production",
    ]);
    expect(outOfBandChanges).toEqual([]);
  });

  test("of a stage behind which only tests follow takes it out", async () => {
    const { outOfBandChanges } = await rolled("Production", { stages: ["Production", "Test"] });
    expect(outOfBandChanges).toHaveLength(1);
  });

  test("takes it out where no later stage is known to deploy", async () => {
    const { outOfBandChanges } = await rolled("Staging", {
      stages: [
        { name: "Staging", kind: "build" },
        { name: "Production", kind: "build" },
      ],
    });
    expect(outOfBandChanges).toHaveLength(1);
  });
});

test("a rollback of our own says where the commit stays where the plan ends, however often it is asked", async () => {
  const w = await openWorld({ pipeline: { mode: "QUEUED", stages: ["Staging", "Production"] } });
  for (const digit of ["a", "b"]) {
    w.clock.advance(60_000);
    const id = await w.start({ key: digit, sha: sha(digit) });
    w.pipeline.execution(id).passUntil();
  }
  const pendingCommand = (key: string, stage: string) => ({
    ...{ spec: w.spec, repository: shop, to: null, key, stage },
    ...{ from: sha("b"), among: [sha("a")] },
  });
  const done = await w.engine.rollback(pendingCommand("early", "Staging"));
  expect(done).toMatchObject({ kind: "started", stays: true });
  w.restart();
  expect(await w.engine.rollback(pendingCommand("early", "Staging"))).toEqual(done);
  w.pipeline.latest().passUntil();
  const last = await w.engine.rollback(pendingCommand("last", "Production"));
  expect(last).toMatchObject({ kind: "started" });
  expect(last).not.toHaveProperty("stays");
});
