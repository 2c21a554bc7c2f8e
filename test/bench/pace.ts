// Looks a second where GitHub is far away, and what a push costs of GitHub's points where stages take a while.

import { setTimeout as sleep } from "node:timers/promises";
import type { LoadFunctions } from "./load.ts";
import { startProgram } from "./program.ts";
import { startHelper } from "./remote.ts";
import type { Bench } from "./scene.ts";

export interface LooksPace {
  readonly github_ms: number;
  readonly looks: number;
  readonly perSecond: number;
}

/** One process on PostgreSQL, first looks at pull requests of many installations, each of which puts up a gate. */
export async function measureLooks(
  bench: Bench,
  size: { readonly installations: number; readonly each: number },
): Promise<LooksPace> {
  const github_ms = 80;
  const load = startHelper<LoadFunctions>("./load.ts", bench.output);
  const program = await startProgram({
    name: "far",
    databaseUrl: await bench.newDatabase(),
    localEngine: "off",
    githubDelay_ms: github_ms,
    folder: bench.folder,
    output: bench.output,
  });
  try {
    await program.github.call.quiet();
    const heads: string[] = [];
    const began = performance.now();
    for (let turn = 0; turn < size.installations; turn += 1) {
      const place = await program.github.call.pulls({ owner: `far-${turn}`, count: size.each });
      heads.push(...place.pulls.map(({ head }) => head));
      await load.call.aim(place);
      await load.call.deliver({
        port: program.port,
        connections: 32,
        count: size.each,
        seconds: 30,
        from: 0,
      });
    }
    const end = performance.now() + 60_000;
    let gates: readonly (number | null)[] = [];
    do {
      await sleep(100);
      gates = await program.github.call.gatesOf(heads);
    } while (gates.includes(null) && performance.now() < end);
    const times = gates
      .filter((at) => at !== null)
      .map((at) => at - performance.timeOrigin - began)
      .sort((one, other) => one - other);
    // The middle of them: neither the first tokens nor the last stragglers.
    const [from, to] = [Math.floor(times.length / 10), Math.floor((times.length * 9) / 10)];
    const seconds = ((times[to] ?? 0) - (times[from] ?? 0)) / 1_000;
    return { github_ms, looks: times.length, perSecond: (to - from) / seconds };
  } finally {
    await program.stop();
  }
}

/** From a push to an open gate, with two stages of six seconds each, by the method of the request. */
export async function countPoints(bench: Bench): Promise<Readonly<Record<string, number>>> {
  const program = await startProgram({
    name: "points",
    databaseUrl: await bench.newDatabase(),
    localEngine: "on",
    folder: bench.folder,
    output: bench.output,
  });
  try {
    const stages = ["build", "test"].map((name) => ({ name, run: "sleep 6" }));
    const pipelines = { shop: { branches: ["main"], verify: { engine: "local", stages } } };
    const plan = JSON.stringify({ version: 1, pipelines });
    const { call } = program.github;
    await call.pulls({ owner: "acme", count: 0, plan });
    await call.tell(program.port);
    await call.quiet();
    return await call.pointsToGreen("acme");
  } finally {
    await program.stop();
  }
}
