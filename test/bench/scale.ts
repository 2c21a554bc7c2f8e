// Measures what grows: how long others wait in a flood. `--quick` takes seconds and shows only that it works.

import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../store/server.ts";
import { databasesOf } from "./database.ts";
import { measureFloods, quickFlood, wholeFlood } from "./flood.ts";
import { whole } from "./scene.ts";

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-scale-"));
  const output = openSync(join(folder, "output.log"), "a");
  const server = await startServer({ fsync: "on" });
  const bench = { size: whole, folder, output, newDatabase: databasesOf(server) };
  const only = process.argv.find((word) => word.startsWith("--only="))?.slice(7);
  try {
    const size = process.argv.includes("--quick") ? quickFlood : wholeFlood;
    const floods = await measureFloods(bench, size, only);
    console.log(
      "| flood by another installation | calm wait, p50 / most | wait during it | ratio of p50 |",
    );
    console.log("| --- | --- | --- | --- |");
    for (const { name, calm, during } of floods) {
      const ratio = (during.p50 / calm.p50).toFixed(1);
      console.log(`| ${name} | ${wait(calm)} | ${wait(during)} | ${ratio} |`);
    }
  } finally {
    await server.stop();
    closeSync(output);
    await rm(folder, { recursive: true, force: true });
  }
}

function wait({ p50, most, missing }: { p50: number; most: number; missing: number }): string {
  const lost = missing > 0 ? `, ${missing} not within a minute` : "";
  return `${Math.round(p50)} / ${Math.round(most)} ms${lost}`;
}

main().then(
  // The helpers end with their channel to this process.
  () => process.exit(),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
