// Measures what Interlock costs and prints one table. `--quick` takes seconds and shows only that it works.

import { closeSync, openSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../store/server.ts";
import { measureAnonymous } from "./anonymous.ts";
import { countRelease, countSweep } from "./calls.ts";
import { databasesOf } from "./database.ts";
import { measureGates } from "./gate.ts";
import { measureIntake } from "./intake.ts";
import { measureNotices } from "./notice.ts";
import { countRequests } from "./requests.ts";
import { type Bench, quick, whole } from "./scene.ts";
import { measureShuffled } from "./shuffle.ts";
import { table } from "./table.ts";

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-bench-"));
  const printed = join(folder, "output.log");
  const output = openSync(printed, "a");
  // The tests' server does without the disk; this one may not.
  const server = await startServer({ fsync: "on" });
  const size = process.argv.includes("--quick") ? quick : whole;
  const bench: Bench = { size, folder, output, newDatabase: databasesOf(server) };
  try {
    const intake = await measureIntake(bench);
    // What is counted is the same however long it takes, and whatever else goes on.
    const { gates, meanwhile } = await measureGates(bench, () =>
      Promise.all([countRequests(bench), countRelease(bench), countSweep(bench)]),
    );
    const shuffled = await measureShuffled(bench);
    const [requests, release, sweep] = await meanwhile;
    const notifications = await measureNotices(bench);
    const anonymous = await measureAnonymous(bench);
    console.log(
      table({ size, intake, gates, requests, notifications, release, sweep, shuffled, anonymous }),
    );
  } finally {
    await server.stop();
    closeSync(output);
    await complain(printed);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Figures of a program that reports errors are worth nothing. */
async function complain(printed: string): Promise<void> {
  const lines = (await readFile(printed, "utf8")).split("\n");
  const bad = lines.filter((line) => line !== "" && !/^\{"level":[1-4]\d,/.test(line));
  if (bad.length === 0) return;
  process.exitCode = 1;
  console.error(`${bad.length} lines were printed that should not have been:`);
  for (const line of bad.slice(0, 20)) console.error(line);
}

main().then(
  // The helpers end with their channel to this process.
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
