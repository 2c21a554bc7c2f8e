// A process that is killed loses nothing that it said was stored, and its jobs are done by another one.

import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type OpenStore, openStore } from "../../src/store/open.ts";
import { newUrl } from "./databases.ts";
import { hint, look, pull, workers } from "./make.ts";
import { silent } from "./silent.ts";

/** Runs the child until it has stored `enough`, kills it, and returns all that it said. */
async function killed(place: string, enough: number): Promise<readonly string[]> {
  const program = new URL("crash-child.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [program, place], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  let trouble = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
    if (said.split("\n").length > enough) child.kill("SIGKILL");
  });
  child.stderr.on("data", (chunk) => {
    trouble += chunk;
  });
  const signal = await new Promise((resolve) => child.once("close", (_, how) => resolve(how)));
  if (signal !== "SIGKILL") throw new Error(`The child ended by itself: ${trouble}`);
  // The last line may be cut off.
  return said.split("\n").slice(0, -1);
}

async function open(place: string): Promise<OpenStore> {
  const remote = place.startsWith("postgres:");
  const settings = { databaseUrl: remote ? place : null, dataDir: remote ? null : place };
  return openStore({ ...settings, log: silent });
}

test("PGlite keeps what was acknowledged, over several crashes", async () => {
  const folder = await mkdtemp(join(tmpdir(), "interlock-crash-"));
  const acknowledged: string[] = [];
  for (const enough of [30, 200]) acknowledged.push(...(await killed(folder, enough)));

  const { store, queue, close } = await open(folder);
  expect(await store.knownDeliveries(acknowledged)).toEqual(new Set(acknowledged));
  // Every subject is new, so each has a job; also those that were leased when the process died.
  const jobs = await queue.take(10_000);
  expect(jobs.length).toBeGreaterThanOrEqual(acknowledged.length);
  await close();
  await rm(folder, { recursive: true });
}, 300_000);

test("PostgreSQL keeps what was acknowledged, and another process takes over the jobs", async () => {
  const url = await newUrl();
  const { store, queue, close } = await open(url);
  const acknowledged = await killed(url, 60);
  expect(await store.knownDeliveries(acknowledged)).toEqual(new Set(acknowledged));

  const worked = new Set<string>();
  await queue.work(workers(8), async ({ key }) => {
    worked.add(key);
  });
  // The leases of the dead process end with its heartbeat.
  await expect
    .poll(() => worked.size, { timeout: 240_000, interval: 200 })
    .toBeGreaterThanOrEqual(acknowledged.length);
  await close();
}, 300_000);

test("a process that stops hands its jobs over at once", async () => {
  const url = await newUrl();
  const [one, two] = [await open(url), await open(url)];
  await one.store.accept([look(hint(pull(1))), look(hint(pull(2)))]);
  expect(await one.queue.take(2)).toHaveLength(2);
  await one.close();
  expect(await two.queue.take(10)).toHaveLength(2);
  await two.close();
});
