// What others do in AWS reaches the commit: by an event that does not name it, or by a sweep alone.

import { expect, onTestFinished, test } from "vitest";
import type { NewStage } from "../../../sandbox/aws/declare.ts";
import { startAws } from "../../../sandbox/aws/server.ts";
import { openCodePipelineEngine } from "../../../src/engine/codepipeline/engine.ts";
import { readInWorker } from "../../../src/report/in-worker.ts";
import { worlds } from "../../world/world.ts";
import { memoryRuns } from "./runs.ts";
import { noTree } from "./world.ts";

const open = worlds();

const plan = `version: 1
pipelines:
  shop:
    branches: [main]
    verify: { engine: local, stages: [{ name: build, run: make }] }
    release:
      engine: codepipeline
      pipeline: shop-release
      region: eu-west-1
      stages: [Build, Production]
`;

/** A merged pull request whose release has started on an AWS that tells nothing. */
async function merged(production: NewStage = { name: "Production" }) {
  const w = await open({ plan, sharedEngine: true });
  const { aws, url, close } = await startAws({
    clock: w.clock,
    authClock: { now: Date.now, sleep: () => Promise.resolve() },
  });
  const pipeline = aws.createPipeline({ name: "shop-release", stages: ["Build", production] });
  let told = () => {};
  const engine = openCodePipelineEngine({
    runs: memoryRuns(),
    log: w.log,
    clock: w.clock.now,
    notice: () => {},
    others: (key) => void w.store.wakeExecution(key, "others").then(() => told()),
    readReport: readInWorker,
    commitPaths: noTree,
    ownCredentials: true,
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
    },
    pace: { burst: 1_000, calls_per_s: 1_000, wait_ms: 10_000 },
  });
  onTestFinished(async () => {
    engine.close();
    await close();
  });
  if (w.ports === undefined) throw new Error("Interlock is not up");
  w.ports = { ...w.ports, engines: new Map([...w.ports.engines, [engine.name, engine]]) };
  /** As when AWS tells of an execution that is in no ledger. Resolves when somebody was woken by it. */
  const tell = async (id: string) => {
    const woken = new Promise<void>((resolve) => {
      told = resolve;
    });
    engine.suspect(id, { pipeline: "shop-release", region: "eu-west-1" });
    await woken;
    await w.settle();
  };
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  const landing = pull.merge();
  if (landing.kind !== "merged") throw new Error(landing.message);
  await w.advance("5s");
  const page = () => {
    const check = w.shop.checks(landing.sha).get("interlock/shop/release");
    return `${check?.output.summary}\n${check?.output.text ?? ""}`;
  };
  return { w, pipeline, sha: landing.sha, page, tell };
}

test("an execution that a console user starts for a released commit is on its check after a sweep", async () => {
  const { w, pipeline, sha, page } = await merged();
  pipeline.latest().passUntil();
  await w.advance("5m");
  expect(w.gateOf(sha)).toBe("success (passed)");
  const { id } = pipeline.startByConsole("ann", sha).passUntil();
  await w.advance("10m");
  expect(page()).not.toContain(id);
  await w.sweep();
  expect(page()).toContain(id);
  expect(page()).toContain("/ann");
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("an execution that a console user starts is on its check as soon as AWS tells of it", async () => {
  const { w, pipeline, sha, page, tell } = await merged();
  pipeline.latest().passUntil();
  await w.advance("5m");
  const { id } = pipeline.startByConsole("ann", sha).passUntil();
  await tell(id);
  expect(page()).toContain(id);
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("a stage that a console user retries is followed again after a sweep", async () => {
  const { w, pipeline, sha } = await merged();
  pipeline.latest().passUntil("Production").fail("Production");
  await w.advance("5m");
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
  pipeline.retry("Production");
  await w.advance("10m");
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
  await w.sweep();
  expect(w.gateOf(sha)).toMatch(/^in_progress/);
  pipeline.latest().passUntil();
  await w.advance("5m");
  expect(w.gateOf(sha)).toBe("success (passed)");
});

test("a commit that a console user rolls back is red, and the one that comes back says so", async () => {
  const { w, pipeline, sha: older, page, tell } = await merged();
  const target = pipeline.latest().passUntil();
  await w.advance("5m");
  const newer = w.pushTo("main", { "src/a.js": "newer" });
  await w.advance("5s");
  pipeline.latest().passUntil();
  await w.advance("5m");
  expect([w.gateOf(older), w.gateOf(newer)]).toEqual(["success (passed)", "success (passed)"]);
  const back = pipeline.rollback("Production", target.id, "ann").passUntil();
  await tell(back.id);
  expect(w.gateOf(newer)).toBe("failure (rolled_back)");
  expect(w.gateOf(older)).toBe("success (passed)");
  expect(page()).toContain(back.id);
});

test("a release that somebody let past a condition is no success, though AWS calls it one", async () => {
  const { w, pipeline, sha } = await merged({ name: "Production", onSuccess: { result: "FAIL" } });
  pipeline.condition("Production", "onSuccess", "fails");
  const execution = pipeline.latest().passUntil();
  await w.advance("5m");
  expect(w.gateOf(sha)).toMatch(/^failure/);
  pipeline.override("Production", "onSuccess");
  execution.passUntil();
  expect(execution.status).toBe("Succeeded");
  await w.advance("10m");
  await w.sweep();
  await w.advance("5m");
  expect(w.gateOf(sha)).toBe("failure (condition_overridden)");
});
