// Measures what grows: blocks that queries read, and how long others wait in a flood. `--quick` takes seconds and shows only that it works.

import { closeSync, openSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer } from "../store/server.ts";
import { databasesOf } from "./database.ts";
import { measureFloods, quickFlood, wholeFlood } from "./flood.ts";
import { countPoints, measureLooks } from "./pace.ts";
import { measureQueries, type Row } from "./queries.ts";
import { whole } from "./scene.ts";
import { measureStatements, type Statements } from "./statements.ts";

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "interlock-scale-"));
  const output = openSync(join(folder, "output.log"), "a");
  const server = await startServer({
    fsync: "on",
    shared_preload_libraries: "pg_stat_statements",
  });
  const bench = { size: whole, folder, output, newDatabase: databasesOf(server) };
  const only = process.argv.find((word) => word.startsWith("--only="))?.slice(7);
  try {
    const isQuick = process.argv.includes("--quick");
    if (only === undefined || "queries".includes(only)) {
      const sizes = isQuick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
      printQueries(await measureQueries(bench.newDatabase, sizes), sizes);
    }
    if (only === undefined || "statements".includes(only))
      printStatements(await measureStatements(bench));
    if (only === undefined || "pace".includes(only)) {
      const points = Object.entries(await countPoints(bench));
      const sum = points.reduce((all, [, count]) => all + count, 0);
      const pace = await measureLooks(bench, { installations: 15, each: isQuick ? 5 : 25 });
      console.log("| what | figure | aim |");
      console.log("| --- | --- | --- |");
      console.log(
        `| points from a push to green, two stages of 6 s | ${sum} (${points.map(([method, count]) => `${method} ${count}`).join(", ")}) | ≤ 20 |`,
      );
      console.log(
        `| looks a second, one process, GitHub at ${pace.github_ms} ms | ${pace.perSecond.toFixed(0)} (of ${pace.looks}) | ≥ 80 |`,
      );
    }
    const size = isQuick ? quickFlood : wholeFlood;
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

function printQueries(rows: readonly Row[], sizes: readonly number[]): void {
  console.log(`| blocks of 8 kB, by subjects | ${sizes.join(" | ")} | exponent |`);
  console.log(`| --- |${" --- |".repeat(sizes.length + 1)}`);
  const [least = 1, most = 1] = [sizes[0], sizes.at(-1)];
  for (const { name, blocks } of rows) {
    const of = (size: number) => blocks.get(size) ?? Number.NaN;
    const exponent = Math.log(of(most) / of(least)) / Math.log(most / least);
    const figures = sizes.map((size) => Math.round(of(size))).join(" | ");
    console.log(`| ${name} | ${figures} | ${exponent.toFixed(2)} |`);
  }
}

function printStatements(rows: readonly Statements[]): void {
  console.log("| statements and transactions of | looks | statements | transactions |");
  console.log("| --- | --- | --- | --- |");
  for (const { name, looks, statements, transactions } of rows)
    console.log(`| ${name} | ${looks} | ${statements.toFixed(1)} | ${transactions.toFixed(1)} |`);
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
