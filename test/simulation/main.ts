// Runs seeds one after another, as many as are asked for.
//
// npm run simulate -- --seeds 1000 --from 1      in two processes
// npm run simulate -- --seed 17                  one, with its scenario

import { fork } from "node:child_process";
import { parseArgs } from "node:util";
import { openSharedReadings } from "../store/memory/open.ts";
import { hearing } from "../store/silent.ts";
import { shrink } from "./shrink.ts";
import { type Setting, simulate } from "./simulate.ts";
import { switchesOf } from "./switches.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    from: { type: "string", default: "1" },
    /** Of how many processes this is which. */
    share: { type: "string" },
    processes: { type: "string", default: "2" },
    seed: { type: "string" },
    /** Switches, with commas between them. */
    without: { type: "string" },
    only: { type: "string" },
    /** Tells of one that fails as it was, and not with as few steps as it takes. */
    whole: { type: "boolean", default: false },
  },
});
const from = Number(values.seed ?? values.from);
const seeds = values.seed === undefined ? Number(values.seeds) : 1;
const processes = Number(values.processes);

/** Held against GitHub's description, one in so many. */
const described = 50;

if (values.seed !== undefined) await run(0, 1);
else if (values.share !== undefined) await run(Number(values.share), processes);
else await runAll();

/** Each process has every second seed, or third, and so on. */
async function runAll(): Promise<void> {
  const began = Date.now();
  const shares = Array.from({ length: processes }, (_, share) =>
    fork(import.meta.filename, [...process.argv.slice(2), "--share", String(share)]),
  );
  const codes = await Promise.all(
    shares.map(
      (child) => new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? 1))),
    ),
  );
  const seconds = (Date.now() - began) / 1000;
  const rate = Math.round((seeds / seconds) * 3600);
  console.log(`${seeds} seeds from ${from} on in ${seconds.toFixed(1)} s: ${rate} an hour`);
  process.exitCode = codes.some((code) => code !== 0) ? 1 : 0;
}

async function run(share: number, of: number): Promise<void> {
  const store = openSharedReadings(hearing());
  for (let seed = from + share; seed < from + seeds; seed += of) {
    const isDescribed = seed % described === 0;
    const switches = new Set(switchesOf(values));
    // What comes from somebody else is not as GitHub describes it.
    if (isDescribed) switches.delete("foreign");
    const setting: Setting = { store, way: isDescribed ? "http" : "direct", switches };
    const simulated = await simulate(setting, seed);
    if (simulated.problems.length > 0) {
      process.exitCode = 1;
      const { needed, problems, scenario } = values.whole
        ? { ...simulated, needed: "all" }
        : await shrink(setting, seed, simulated);
      console.log(
        `SEED ${seed} with the steps ${needed}\n${scenario.join("\n")}\n${problems.join("\n")}\n`,
      );
    } else if (values.seed !== undefined) console.log(simulated.scenario.join("\n"));
  }
}
