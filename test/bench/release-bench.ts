// A program with an AWS of its own: repositories whose plan runs a pipeline there, and how far both have come.

import { setTimeout as sleep } from "node:timers/promises";
import { snsPath } from "../../src/aws/sns-endpoint.ts";
import type { AwsExecution, AwsFunctions } from "./aws.ts";
import type { Place } from "./payload.ts";
import { type Program, startProgram } from "./program.ts";
import { type Helper, startHelper } from "./remote.ts";
import type { Bench } from "./scene.ts";

export interface ReleaseBench {
  readonly program: Program;
  readonly aws: Helper<AwsFunctions>;
}

/** Webhooks and notices arrive from now on. */
export async function openReleaseBench(
  bench: Bench,
  order: {
    readonly name: string;
    readonly databaseUrl: string | null;
    /** When time at AWS stands still; null where it goes on. */
    readonly clock: number | null;
  },
): Promise<ReleaseBench> {
  const { name, databaseUrl, clock } = order;
  const { folder, output } = bench;
  const aws = startHelper<AwsFunctions>("./aws.ts", output);
  const place = await aws.call.start(clock);
  const program = await startProgram({
    name,
    databaseUrl,
    localEngine: "off",
    aws: place,
    folder,
    output,
  });
  await program.github.call.tell(program.port);
  await aws.call.subscribe(`http://127.0.0.1:${program.port}${snsPath}`);
  return { program, aws };
}

export interface NewRepository {
  readonly owner: string;
  readonly part: "verify" | "release";
  /** Of AWS. */
  readonly account: string;
  /** After Source. */
  readonly stages: readonly string[];
  /** Stages that have a report. */
  readonly reports?: readonly string[];
  readonly pulls: number;
}

/** A repository with a pipeline of its own in AWS, and pull requests. */
export async function addRepository(
  { program, aws }: ReleaseBench,
  { owner, part, account, stages, reports = [], pulls }: NewRepository,
): Promise<Place> {
  const pipeline = `${owner}-${part}`;
  const repository = `${owner}/shop`;
  const role = await aws.call.pipeline({ name: pipeline, account, repository, stages });
  const there = {
    engine: "codepipeline",
    pipeline,
    region: "eu-west-1",
    role,
    stages: ["Source", ...stages].map((name) =>
      reports.includes(name) ? { name, reports: ["junit.xml"] } : name,
    ),
  };
  const here = { engine: "local", stages: [{ name: "test", run: "npm test" }] };
  const shop = part === "verify" ? { verify: there } : { verify: here, release: there };
  // JSON is YAML.
  const plan = JSON.stringify({ version: 1, pipelines: { shop: { branches: ["main"], ...shop } } });
  return await program.github.call.pulls({ owner, count: pulls, plan });
}

/** Longer than the second within which a look that is due begins. */
const quiet_ms = 1_500;

/** Until neither GitHub nor AWS has been asked anything for a while. */
export async function quiet({ program, aws }: ReleaseBench): Promise<void> {
  const step_ms = 100;
  const end = Date.now() + 90_000;
  let before = "";
  for (let calm = 0; calm < quiet_ms; calm += step_ms) {
    await sleep(step_ms);
    const seen = `${await program.github.call.seen()} ${await aws.call.seen()}`;
    if (seen !== before) calm = 0;
    before = seen;
    if (Date.now() > end) throw new Error("GitHub or AWS is asked without end");
  }
}

/**
 * Lets so much time pass on all clocks, most of it at once, and waits for what that makes due.
 * Returns how much it was: a little more where there was something to wait for.
 */
export async function pass(releases: ReleaseBench, ms: number): Promise<number> {
  const { program, aws } = releases;
  const began = performance.now();
  const ahead = Math.max(0, Math.round(ms) - quiet_ms);
  await Promise.all([
    aws.call.ahead(ahead),
    program.github.call.ahead(ahead),
    program.ahead(ahead),
  ]);
  await quiet(releases);
  return ahead + performance.now() - began;
}

/** The executions that run for these commits; waits until there are that many. */
export async function executionsOf(
  { aws }: ReleaseBench,
  shas: readonly string[],
): Promise<ReadonlyMap<string, AwsExecution>> {
  for (let tries = 0; tries < 600; tries++) {
    const all = await aws.call.executions();
    const found = all.filter(({ sha }) => shas.includes(sha));
    if (found.length >= shas.length) return new Map(found.map((one) => [one.sha, one]));
    await sleep(100);
  }
  throw new Error(`Not all of ${shas.length} executions began within a minute`);
}
