// From a delivery's sending to the request that puts up the gate: alone, and in a burst of 500 pull requests.

import { setTimeout as sleep } from "node:timers/promises";
import type { LoadFunctions } from "./load.ts";
import { idle, percentile } from "./measure.ts";
import type { Place } from "./payload.ts";
import { type Program, startProgram } from "./program.ts";
import { type Helper, startHelper } from "./remote.ts";
import type { Bench } from "./scene.ts";

export interface Times {
  readonly p50: number;
  readonly p99: number;
}

export interface Burst extends Times {
  /** How long it was watched at most, and the gates put up by then. */
  readonly seconds: number;
  readonly gates: number;
  readonly pulls: number;
  /** Points that the installation spent in its worst minute; GitHub allows 900. */
  readonly points: number;
}

export interface GateTimes {
  readonly idle: Times;
  /** 500 pull requests of five installations, so that no budget delays a gate. */
  readonly spread: Burst;
  /** 500 pull requests of one installation; what came within the first minute. */
  readonly single: Burst;
}

export const stores = ["postgres", "pglite"] as const;

/** `meanwhile` is started while there is nothing left to do but to see that the budget is kept. */
export async function measureGates<T>(
  bench: Bench,
  meanwhile: () => T,
): Promise<{
  readonly gates: Readonly<Record<(typeof stores)[number], GateTimes>>;
  readonly meanwhile: T;
}> {
  const { output, folder, size } = bench;
  const load = startHelper<LoadFunctions>("./load.ts", output);
  const start = async (name: (typeof stores)[number]) => {
    const program = await startProgram({
      name: `gate-${name}`,
      databaseUrl: name === "postgres" ? await bench.newDatabase() : null,
      localEngine: "off",
      folder,
      output,
    });
    // The sweep of the start must not find the pull requests before their deliveries do.
    await program.github.call.quiet();
    const alone = await measureIdle(load, program, size.alone);
    const spread = await measureSpread(load, program);
    await idle([program.pid, program.github.pid]);
    return { program, alone, spread };
  };
  const postgres = await start("postgres");
  const pglite = await start("pglite");
  // The budget makes both wait for most of that minute, so they spend it side by side.
  const single = Promise.all([
    measureSingle(load, postgres.program, size.watch_s),
    sleep(5_000).then(() => measureSingle(load, pglite.program, size.watch_s)),
  ]);
  await sleep(15_000);
  const started = meanwhile();
  const [first, second] = await single;
  await Promise.all([postgres.program.stop(), pglite.program.stop()]);
  return {
    gates: {
      postgres: { idle: postgres.alone, spread: postgres.spread, single: first },
      pglite: { idle: pglite.alone, spread: pglite.spread, single: second },
    },
    meanwhile: started,
  };
}

async function measureIdle(
  load: Helper<LoadFunctions>,
  { port, github }: Program,
  count: number,
): Promise<Times> {
  // Fewer than its installation's budget holds, and a few before, which compile what they run through.
  const before = 10;
  const place = await github.call.pulls({ owner: "calm", count: before + count });
  await load.call.aim(place);
  const times: number[] = [];
  for (const [from, { head }] of place.pulls.entries()) {
    const { sentAt } = await load.call.deliver({
      port,
      connections: 1,
      count: 1,
      seconds: 10,
      from,
    });
    times.push((await github.call.gateOf(head)) - (sentAt[0] ?? Number.NaN));
    await sleep(30);
  }
  return timesOf(times.slice(before));
}

async function measureSpread(load: Helper<LoadFunctions>, program: Program): Promise<Burst> {
  const places: Place[] = [];
  for (let turn = 0; turn < 5; turn++)
    places.push(await program.github.call.pulls({ owner: `wide-${turn}`, count: 100 }));
  const sent = new Map<string, number>();
  // One place after the other, since a delivery takes far less time than the work behind it.
  for (const place of places)
    for (const [head, at] of await send(load, program, place)) sent.set(head, at);
  return await watch(program, "wide-0", sent, 30);
}

async function measureSingle(
  load: Helper<LoadFunctions>,
  program: Program,
  watch_s: number,
): Promise<Burst> {
  const place = await program.github.call.pulls({ owner: "busy", count: 500 });
  return await watch(program, "busy", await send(load, program, place), watch_s);
}

async function send(
  load: Helper<LoadFunctions>,
  { port }: Program,
  place: Place,
): Promise<ReadonlyMap<string, number>> {
  await load.call.aim(place);
  const { sentAt, refused } = await load.call.deliver({
    port,
    connections: 32,
    count: place.pulls.length,
    seconds: 30,
    from: 0,
  });
  if (refused > 0) throw new Error(`Interlock refused ${refused} deliveries of a burst`);
  return new Map(place.pulls.map(({ head }, turn) => [head, sentAt[turn] ?? Number.NaN]));
}

/** Until all gates are there, or for so long. */
async function watch(
  { github }: Program,
  owner: string,
  sent: ReadonlyMap<string, number>,
  seconds: number,
): Promise<Burst> {
  const heads = [...sent.keys()];
  const end = Date.now() + seconds * 1000;
  let gates = await github.call.gatesOf(heads);
  while (gates.includes(null) && Date.now() < end) {
    await sleep(200);
    gates = await github.call.gatesOf(heads);
  }
  const times = heads.flatMap((head, turn) => {
    const at = gates[turn];
    return at === null || at === undefined ? [] : [at - (sent.get(head) ?? Number.NaN)];
  });
  return {
    ...timesOf(times),
    seconds,
    gates: times.length,
    pulls: heads.length,
    points: await github.call.pointsInWorstMinute(owner),
  };
}

export function timesOf(times: readonly number[]): Times {
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99) };
}
