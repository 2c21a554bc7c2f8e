// A shop whose release runs on the engine that others can reach too.

import { expect } from "vitest";
import type { CheckRun } from "../../sandbox/github/model.ts";
import type { WorldPull } from "./pull.ts";
import type { World, WorldSettings } from "./world.ts";

export interface PlanWords {
  readonly branches?: string;
  /** What the plan says of `commands`, as YAML. */
  readonly commands?: string;
  readonly pipeline?: string;
  /** As the engine calls it. */
  readonly place?: string;
}

export function productionPlan(words: PlanWords = {}): string {
  const { branches = "main", commands = "", pipeline = "shop", place = "shop-release" } = words;
  return `version: 1
pipelines:
  ${pipeline}:
    branches: [${branches}]
    verify: { engine: local, stages: [{ name: build, run: make }] }
    release:
      engine: codepipeline
      pipeline: ${place}
      region: eu-west-1
      stages: [OneBox, Production]
${commands}`;
}

export interface Landed {
  readonly w: World;
  readonly pull: WorldPull;
  readonly sha: string;
}

type Open = (settings?: WorldSettings) => Promise<World>;

/** A merged pull request, its release at OneBox. */
export async function merged(open: Open, plan = productionPlan()): Promise<Landed> {
  const w = await open({ plan, sharedEngine: true });
  w.sharedEngine.before = w.shop.tip();
  const pull = w.openPull();
  await w.settle();
  w.engine.pass("build");
  await w.settle();
  const landing = pull.merge();
  if (landing.kind !== "merged") throw new Error(landing.message);
  await w.advance("5s");
  return { w, pull, sha: landing.sha };
}

/** A merged pull request, released. */
export async function passed(open: Open, plan = productionPlan()): Promise<Landed> {
  const there = await merged(open, plan);
  await release(there.w, there.sha);
  return there;
}

/** Another commit on main, released. */
export async function releaseNext(w: World, text: string): Promise<string> {
  const sha = w.pushTo("main", { "src/a.js": text });
  await w.advance("5s");
  await release(w, sha);
  return sha;
}

async function release(w: World, sha: string): Promise<void> {
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  expect(w.gateOf(sha)).toBe("success (passed)");
}

/** The check of a commit's release. */
export function releaseCheck(w: World, sha: string): CheckRun {
  const run = w.shop.checks(sha).get("interlock/shop/release");
  if (run === undefined) throw new Error(`${sha} has no check of its release`);
  return run;
}

/** The only run under way, for that commit where one is given. */
export function liveRun(w: World, sha?: string) {
  const [run, other] = w.sharedEngine.live(sha === undefined ? {} : { sha });
  if (run === undefined || other !== undefined) throw new Error("There is not one run under way");
  return run;
}
