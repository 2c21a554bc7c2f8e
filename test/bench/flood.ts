// How long somebody innocent waits for a gate while another installation floods the program.

import { setTimeout as sleep } from "node:timers/promises";
import { costlyPlan } from "./costly.ts";
import type { LoadFunctions } from "./load.ts";
import { idle, percentile } from "./measure.ts";
import type { Place } from "./payload.ts";
import { type Program, startProgram } from "./program.ts";
import { type Helper, startHelper } from "./remote.ts";
import type { Bench } from "./scene.ts";

export interface Wait {
  /** Milliseconds from a delivery to the request that puts up its gate. */
  readonly p50: number;
  readonly most: number;
  /** Pull requests whose gate did not come while it was watched. */
  readonly missing: number;
}

export interface Flood {
  readonly name: string;
  readonly deliveries: number;
  readonly calm: Wait;
  readonly during: Wait;
}

export interface FloodSize {
  readonly pulls: number;
  readonly branches: number;
  readonly together: number;
  readonly slow: number;
  /** Pull requests of the innocent, in the calm and in each flood. */
  readonly asked: number;
}

export const wholeFlood: FloodSize = {
  pulls: 2_000,
  branches: 1_500,
  together: 150,
  slow: 300,
  asked: 12,
};
export const quickFlood: FloodSize = { pulls: 60, branches: 50, together: 20, slow: 10, asked: 3 };

/** One after the other, each with a program and a GitHub of its own. */
export async function measureFloods(
  bench: Bench,
  size: FloodSize,
  only?: string,
): Promise<readonly Flood[]> {
  const load = startHelper<LoadFunctions>("./load.ts", bench.output);
  const floods: readonly [string, (github: Program["github"]) => Promise<Place>][] = [
    [
      `${size.pulls} pull requests at once`,
      ({ call }) => call.pulls({ owner: "busy", count: size.pulls }),
    ],
    [
      `a push of ${size.branches} branches`,
      ({ call }) => call.branches({ owner: "busy", count: size.branches }),
    ],
    [
      `${size.together} pull requests at one commit`,
      ({ call }) => call.together({ owner: "busy", count: size.together }),
    ],
    [
      `${size.slow} pull requests under a plan made to be slow`,
      ({ call }) => call.pulls({ owner: "busy", count: size.slow, plan: costlyPlan }),
    ],
  ];
  const measured: Flood[] = [];
  for (const [name, place] of floods.filter(([name]) => only === undefined || name.includes(only)))
    measured.push(await measure({ bench, size, load, name, place }));
  return measured;
}

async function measure(given: {
  readonly bench: Bench;
  readonly size: FloodSize;
  readonly load: Helper<LoadFunctions>;
  readonly name: string;
  readonly place: (github: Program["github"]) => Promise<Place>;
}): Promise<Flood> {
  const { bench, size, load, name } = given;
  const program = await startProgram({
    name: `flood-${name.replaceAll(/\W+/g, "-")}`,
    databaseUrl: await bench.newDatabase(),
    localEngine: "off",
    folder: bench.folder,
    output: bench.output,
  });
  try {
    // The sweep of the start must not find the pull requests before their deliveries do.
    await program.github.call.quiet();
    const flood = await given.place(program.github);
    const warm = 10;
    const innocent = await program.github.call.pulls({
      owner: "calm",
      count: warm + 2 * size.asked,
    });
    await ask(load, program, { ...innocent, pulls: innocent.pulls.slice(0, warm) });
    await idle([program.pid, program.github.pid]);
    const calm = await ask(load, program, {
      ...innocent,
      pulls: innocent.pulls.slice(warm, warm + size.asked),
    });
    const flooding = startHelper<LoadFunctions>("./load.ts", bench.output);
    await flooding.call.aim(flood);
    const deliveries = flood.pulls.length + (flood.pushes?.length ?? 0);
    const sent = flooding.call.deliver({
      port: program.port,
      connections: 32,
      count: deliveries,
      seconds: 60,
      from: 0,
    });
    await sleep(200);
    const during = await ask(load, program, {
      ...innocent,
      pulls: innocent.pulls.slice(warm + size.asked),
    });
    const { refused } = await sent;
    if (refused > 0) throw new Error(`Interlock refused ${refused} deliveries of a flood`);
    return { name, deliveries, calm, during };
  } finally {
    await program.stop();
  }
}

/** One delivery a second, whatever became of the one before. */
async function ask(
  load: Helper<LoadFunctions>,
  { port, github }: Program,
  place: Place,
): Promise<Wait> {
  await load.call.aim(place);
  const times: Promise<number | null>[] = [];
  for (const [from, { head }] of place.pulls.entries()) {
    const { sentAt } = await load.call.deliver({
      port,
      connections: 1,
      count: 1,
      seconds: 60,
      from,
    });
    const at = sentAt[0] ?? Number.NaN;
    const gate = github.call.gateOf(head).then((shown) => shown - at);
    times.push(Promise.race([gate, sleep(watched_ms, null, { ref: false })]));
    await Promise.race([gate, sleep(1_000)]);
  }
  const all = await Promise.all(times);
  const known = all.filter((time) => time !== null);
  return {
    p50: percentile(known, 0.5),
    most: Math.max(...known),
    missing: all.length - known.length,
  };
}

const watched_ms = 60_000;
