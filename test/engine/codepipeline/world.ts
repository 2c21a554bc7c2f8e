// A world for the engine: an AWS that listens, one pipeline in it, and the engine with its ledger.

import { onTestFinished } from "vitest";
import type { AwsOptions, NewRole } from "../../../sandbox/aws/aws.ts";
import type { NewPipeline } from "../../../sandbox/aws/declare.ts";
import { startAws } from "../../../sandbox/aws/server.ts";
import { fakeClock } from "../../../sandbox/github/clock.ts";
import type { AwsMeter } from "../../../src/aws/count.ts";
import type { CodePipelinePart } from "../../../src/core/model/plan.ts";
import {
  type CodePipelineEngine,
  openCodePipelineEngine,
} from "../../../src/engine/codepipeline/engine.ts";
import { readEvent } from "../../../src/engine/codepipeline/event.ts";
import { lineOf } from "../../../src/engine/codepipeline/hint.ts";
import type { Observation, StartRequest } from "../../../src/ports/engine.ts";
import type { TreeReader } from "../../../src/ports/tree.ts";
import { readInWorker } from "../../../src/report/in-worker.ts";
import { checkAwsExchange } from "../../aws-contract.ts";
import { hearing } from "../../store/silent.ts";
import { type MemoryRuns, memoryRuns } from "./runs.ts";

export const shop = {
  installation: 7,
  owner: "acme",
  name: "shop",
  id: 1_296_269,
  ownerId: 583_231,
};
export const roleArn = "arn:aws:iam::111122223333:role/deployer";
export const sha = (digit: string) => digit.repeat(40);

export interface WorldOptions {
  readonly pipeline?: Partial<NewPipeline>;
  readonly aws?: AwsOptions;
  readonly role?: Partial<NewRole>;
  readonly spec?: Partial<CodePipelinePart>;
  readonly ownCredentials?: boolean;
  readonly commitPaths?: TreeReader["commitPaths"];
  readonly meter?: AwsMeter;
}

/** GitHub does not say what files a commit has. */
export const noTree: TreeReader["commitPaths"] = async () => ({ kind: "unknown", why: "" });

export type World = Awaited<ReturnType<typeof openWorld>>;

export async function openWorld(options: WorldOptions = {}) {
  const clock = fakeClock();
  const problems: string[] = [];
  const next = new Map<string, () => void>();
  const running = await startAws({
    clock,
    authClock: { now: Date.now, sleep: () => Promise.resolve() },
    observe: (exchange) => {
      problems.push(...checkAwsExchange(exchange));
      const act = next.get(exchange.operation);
      next.delete(exchange.operation);
      act?.();
    },
    ...options.aws,
  });
  const { aws, url } = running;
  const pipeline = aws.createPipeline({
    name: "shop-release",
    stages: ["Build", "Test", "Production"],
    ...options.pipeline,
  });
  aws.createRole({
    name: "deployer",
    externalId: "acme/shop",
    tags: { repository: "acme/shop", repository_id: "1296269", owner_id: "583231" },
    ...options.role,
  });
  const runs = memoryRuns();
  const log = hearing();
  const noticed: string[] = [];
  const open = (): CodePipelineEngine =>
    openCodePipelineEngine({
      runs,
      log,
      clock: clock.now,
      notice: (key) => noticed.push(key),
      others: () => {},
      readReport: readInWorker,
      commitPaths: options.commitPaths ?? noTree,
      meter: options.meter,
      ownCredentials: options.ownCredentials ?? false,
      environment: {
        AWS_ENDPOINT_URL: url,
        AWS_ACCESS_KEY_ID: aws.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: aws.credentials.secretAccessKey,
      },
      pace: { burst: 1_000, calls_per_s: 1_000, wait_ms: 10_000 },
    });
  let engine = open();
  aws.events.deliverTo(async ({ json }) => hear(runs, json));
  onTestFinished(async () => {
    engine.close();
    await running.close();
    if (problems.length > 0) throw new Error(`against AWS's description:\n${problems.join("\n")}`);
  });

  const spec: CodePipelinePart = {
    engine: "codepipeline",
    pipeline: "shop-release",
    region: "eu-west-1",
    role: roleArn,
    source: null,
    stages: (pipeline.data.declarations.at(-1)?.stages ?? []).map(({ name }) => ({
      name,
      reports: [],
    })),
    deadline_ms: 3_600_000,
    ...options.spec,
  };
  return {
    aws,
    url,
    clock,
    pipeline,
    runs,
    log,
    noticed,
    spec,
    get engine() {
      return engine;
    },
    /** Another process with the same ledger, that has seen nothing yet. */
    restart() {
      engine.close();
      engine = open();
    },
    request: (
      of: Partial<StartRequest> & { key?: string; sha?: string; spec?: CodePipelinePart },
    ) => requestOf(spec, of),
    /** Happens when the next call of that operation is answered, before anyone who asked has the answer. */
    meanwhile(operation: string, act: () => void): void {
      next.set(operation, act);
    },
    /** Starts it and gives its number at AWS. */
    async start(of: { key?: string; sha?: string } = {}): Promise<string> {
      const started = await engine.start(requestOf(spec, of));
      if (started.kind !== "started") throw new Error(`not started: ${started.why}`);
      return started.engineId;
    },
    /** As it is at AWS now, whatever was read before. */
    async see(engineId: string): Promise<Observation> {
      await aws.settled();
      clock.advance(20_000);
      return await this.glance(engineId);
    },
    async glance(engineId: string): Promise<Observation> {
      const seen = await engine.observe(engineId);
      if (seen.kind === "known") return seen.value;
      throw new Error(seen.kind === "absent" ? "absent" : seen.why);
    },
    calls: () => aws.log.counts(),
  };
}

export function requestOf(
  spec: CodePipelinePart,
  of: Partial<StartRequest> & { key?: string; sha?: string; spec?: CodePipelinePart },
): StartRequest {
  const { key = "pull:acme/shop#1|shop|release|1", sha: commit = sha("a"), ...rest } = of;
  return {
    run: {
      key,
      pipeline: "shop",
      part: "release",
      sha: commit,
      attempt: 1,
      cause: "auto",
      spec: of.spec ?? spec,
    },
    repository: shop,
    pull: 12,
    branch: "main",
    ...rest,
  };
}

/** What the intake does with an event. */
async function hear(runs: MemoryRuns, json: string): Promise<void> {
  const hint = readEvent(json);
  if (hint.kind === "hint") await runs.hear(hint.executionId, lineOf(hint));
}

/** States by stage, for a glance. */
export function states({ stages }: Observation): Record<string, string> {
  return Object.fromEntries(stages.map(({ name, state }) => [name, state]));
}
