// One seed from beginning to end: a stretch of faults, then a stretch without, then the accounts.

import { limit } from "../../src/core/model/limit.ts";
import type { TestStore } from "../store/test-store.ts";
import { openWorld, type World } from "../world/world.ts";
import { audit, runsForNobody } from "./audit.ts";
import { breakThings, stale_ms, stopFaults } from "./faults.ts";
import { Oracle } from "./oracle.ts";
import { plansFor } from "./plans.ts";
import { engineOf, Production, productionOf, shareRuns } from "./production.ts";
import { Program } from "./program.ts";
import { Random } from "./random.ts";
import { type Switch, someOf } from "./switches.ts";

export interface Simulated {
  readonly problems: readonly string[];
  readonly scenario: readonly string[];
}

export const steps = 25;
/** Of what still runs when the faults are over; each may lead to one more. */
const rounds = 30;
/** The dice for what goes wrong. */
const faulty = 2_000_000;
/** The dice for what a seed is about. */
const swarming = 4_000_000;

export interface Setting {
  readonly store: TestStore;
  /** `direct` is fast; `http` goes through Octokit, and holds each exchange against GitHub's description. */
  readonly way: "direct" | "http";
  readonly switches: ReadonlySet<Switch>;
}

/** Some of the steps can be left out, which changes nothing about what the others mean to do. */
export async function simulate(
  setting: Setting,
  seed: number,
  without: ReadonlySet<number> = new Set(),
): Promise<Simulated> {
  await setting.store.clear();
  const random = new Random(seed);
  const scenario: string[] = [];
  const switches = someOf(setting.switches, random.fork(swarming));
  scenario.push(`with ${[...switches].join(", ")}`);
  const { world, truth } = await openShop(setting, { seed, scenario, switches });
  if (switches.has("production")) await releaseSome(world, truth);
  const mishaps = breakThings(world, random.fork(faulty), switches);
  // One that stood still may write on facts of a minute before; what GitHub shows may be old by itself.
  if (mishaps.losesLease > 0) truth.judge.more_ms += limit.look.age_ms;
  truth.past.writesLate = switches.has("lateWrites");
  truth.past.mayLose = switches.has("force") || switches.has("reinstall");
  if (switches.has("stale")) truth.judge.more_ms += stale_ms;
  const program = new Program({ world, truth, random, mishaps, switches, scenario });
  try {
    for (let step = 0; step < steps && truth.problems.length === 0; step += 1) {
      if (without.has(step)) continue;
      scenario.push(`step ${step}`);
      await program.step(step);
      truth.check();
    }
    if (truth.problems.length > 0) return { problems: truth.problems, scenario };
    scenario.push("the faults are over");
    stopFaults(world);
    await program.recover();
    await comeToRest({ world, truth, program });
    const { pulls } = program;
    if (truth.problems.length === 0) await audit({ world, truth, pulls });
    if (truth.problems.length === 0) await program.auditMail();
  } catch (error) {
    truth.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    await world.end();
  }
  return { problems: truth.problems, scenario };
}

/** A repository with two protected governed branches, and somebody who sees all that is written. */
async function openShop(
  { store, way }: Setting,
  of: {
    readonly seed: number;
    readonly scenario: string[];
    readonly switches: ReadonlySet<Switch>;
  },
): Promise<{ world: World; truth: Oracle }> {
  const { seed, scenario, switches } = of;
  const watch: { truth?: Oracle; say?: (what: string) => void } = {};
  const world = await openWorld(store, {
    seed,
    direct: way === "direct",
    plan: plansFor(switches)[0] ?? null,
    sharedEngine: Production,
    files: { "src/b.js": "1", "side/x": "1", "docs/y.md": "1" },
    observe: (request, answer) => {
      const line = lineOf(request, answer?.status);
      if (line !== null) watch.say?.(line);
      watch.truth?.observe(request);
    },
  });
  const { shop, github, clock } = world;
  shareRuns(world);
  world.followed = shop;
  watch.say = (what) => scenario.push(`${clock.now() % 100_000_000}   ${what}`);
  shop.push({ branch: "release", sha: shop.tip() });
  await world.startSecond();
  for (const branch of ["main", "release"])
    shop.protect(branch, { checks: [{ context: "interlock", app_id: github.app.id }] });
  world.tell = (fields, message) => watch.say?.(`${message} ${JSON.stringify(fields)}`);
  world.hold();
  // Those that are bugs are found by what they carry.
  world.forgiven.push(/A look failed/, /could not be stored/, /GitHub refused a write/);
  const truth = new Oracle(world);
  watch.truth = truth;
  return { world, truth };
}

/** Releases that went well, so that there is something to go back to. */
async function releaseSome(world: World, truth: Oracle): Promise<void> {
  // Anyone who may approve may have written it, and pushes past the protection.
  world.shop.setPermission("mia", "admin");
  for (const author of ["boss", "mia", "boss"]) {
    world.shop.commit({ branch: "main", files: { "src/b.js": `${world.shop.tip()}` }, author });
    truth.past.note();
    await world.advance("5s");
    for (const run of world.engine.live()) {
      const own = engineOf(world, run);
      while (run.state === "running") own.passIn(run, own.stageOf(run));
    }
    truth.past.note();
    await world.advance("5s");
  }
}

/** The faults are over: one sweep, and whatever still runs comes to its end. */
async function comeToRest(on: { world: World; truth: Oracle; program: Program }): Promise<void> {
  const { world, truth, program } = on;
  const { engine } = world;
  const production = productionOf(world);
  // Whatever is on its way arrives or fails before the sweep asks what did.
  await program.settle();
  await program.sweep();
  // Longer than the longest wait after failures in a row.
  await program.advance(6 * 60_000);
  const accounts = { world, truth, pulls: program.pulls };
  // What came late is believed for a while, and GitHub's answers are not.
  if (runsForNobody(accounts).length > 0) await program.advance(limit.look.stale_ms);
  truth.problems.push(...runsForNobody(accounts));
  for (let round = 0; round < rounds; round += 1) {
    const live = engine.live();
    for (const run of live) {
      const own = engineOf(world, run);
      if (run.stopAsked !== null) own.halt(run);
      while (run.state === "running") {
        if (production.isStill(run)) production.resume(run);
        else own.passIn(run, own.stageOf(run));
      }
    }
    const backs = production.started.filter(({ state }) => state === "running");
    for (const back of backs) production.endBack(back, "succeeded");
    truth.past.note();
    await program.advance(live.length + backs.length > 0 ? 10_000 : 6 * 60_000);
    truth.check();
    if (live.length + backs.length > 0 || engine.live().length > 0) continue;
    // A commit that its branch does not hold is waited for, since GitHub may show the branch as it was before.
    if (truth.past.mayLose) await program.advance(limit.look.order_ms);
    // By now whatever GitHub carried out late has arrived, and is read back.
    const { length } = world.github.deliveries;
    await program.sweep();
    // What it had sent again came late, and is believed for a while: GitHub's answers are not.
    const isLate = world.github.deliveries.length > length;
    await program.advance(isLate ? limit.look.stale_ms + 60_000 : 60_000);
    if (engine.live().length === 0) return;
  }
  truth.problems.push("something still runs");
}

/** Writes, and reads that went wrong. */
function lineOf(
  request: { method: string; url: string; body?: unknown },
  status: number | undefined,
): string | null {
  if (request.method === "GET" && status !== undefined && status < 400) return null;
  const { name, status: to, conclusion } = (request.body ?? {}) as Record<string, unknown>;
  const what = [request.method, new URL(request.url).pathname, name, conclusion ?? to];
  return `${what.filter((part) => part !== undefined).join(" ")} → ${status ?? "lost"}`;
}
