// What Prometheus reads of a running Interlock, and from where.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { projectFolder, spawnProgram } from "./process.ts";
import { headersOf, post } from "./webhook.ts";
import { openWorld } from "./world.ts";

test("the metrics are at their own port alone, count what happened, and name no repository", async () => {
  await using world = await openWorld();
  const app = await world.start({ METRICS_PORT: "0" });
  const { metricsPort } = await app.said("Interlock is listening");
  const page = async () => await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
  /** The sum over all series of the name whose labels have these values. */
  const sum = async (name: string, ...labels: readonly string[]) =>
    (await page())
      .split("\n")
      .filter(
        (line) => line.startsWith(name) && labels.every((label) => line.includes(`"${label}"`)),
      )
      .reduce((total, line) => total + Number(line.split(" ").at(-1)), 0);

  expect((await fetch(`${app.url}/metrics`)).status).toBe(404);
  world.shop.commit({ branch: "change", files: { "docs/a.md": "1" } });
  const { head } = world.shop.openPull({ head: "change" }).data;
  await eventually("the gate", () => world.shop.checks(head.sha).get("interlock")?.conclusion);
  const hook = { event: "ping", body: '{"zen":"z"}' };
  expect((await post(app, headersOf(hook, "another secret"), hook.body)).status).toBe(401);

  await eventually(
    "what was done",
    async () => (await sum("interlock_gates_total", "success")) > 0,
  );
  expect(await sum("interlock_deliveries_total", "stored")).toBeGreaterThan(0);
  expect(await sum("interlock_deliveries_total", "unsigned")).toBe(1);
  expect(await sum("interlock_reconcile_seconds_count", "pull", "done")).toBeGreaterThan(0);
  expect(await sum("interlock_github_points_total", "read")).toBeGreaterThan(0);
  expect(await sum("interlock_github_writes_total", "sent")).toBeGreaterThan(0);
  const text = await page();
  expect(text).toMatch(/^interlock_queue_jobs \d+$/m);
  expect(text).toMatch(/^interlock_queue_oldest_seconds [\d.]+$/m);
  for (const name of ["acme", "shop", "change", head.sha]) expect(text).not.toContain(name);

  // Each is described, with what to do about it.
  const described = await readFile(join(projectFolder, "docs/operations.md"), "utf8");
  const names = [...text.matchAll(/^# TYPE (interlock_\w+)/gm)].map(([, name = ""]) => name);
  expect(names.length).toBeGreaterThan(9);
  for (const name of names) expect(described).toContain(`\`${name}\``);
});

test("the log is JSON where it goes to no terminal, and readable lines where that is asked for", async () => {
  await using world = await openWorld();
  const json = await world.start({ NODE_OPTIONS: "--trace-warnings" });
  for (const line of json.output.trim().split("\n")) expect(JSON.parse(line)).toHaveProperty("msg");
  await json.terminate();
  await using readable = spawnProgram({ ...world.environment, LOG_FORMAT: "pretty" });
  await eventually("a readable line", () => readable.output.includes("Interlock is listening"));
  expect(readable.output).toMatch(
    /^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] INFO: Interlock is listening/m,
  );
  expect(readable.output).not.toContain("\u001b");
});

test("what the AWS SDK warns of is in the log, and nothing but log lines is printed", async () => {
  await using world = await openWorld();
  // A profile beside keys makes the SDK warn by the console as soon as it looks for credentials.
  const app = await world.start({
    AWS_PROFILE: "shop",
    AWS_ACCESS_KEY_ID: "AKIATEST",
    AWS_SECRET_ACCESS_KEY: "hunter2-secret",
    AWS_REGION: "eu-west-1",
    INTERLOCK_SQS_QUEUE_URL: "http://127.0.0.1:9/000000000000/notices",
  });
  const warned = () =>
    app.output.split("\n").find((line) => line.includes("Multiple credential sources"));
  await eventually("the warning", () => warned() !== undefined);
  expect(JSON.parse(warned() ?? "")).toMatchObject({ level: 40, msg: expect.any(String) });
  const lines = app.output.split("\n").filter((line) => line !== "");
  // The last one may be half there.
  for (const line of lines.slice(0, -1)) expect(JSON.parse(line)).toHaveProperty("msg");
  expect(app.output).not.toContain("hunter2-secret");
});
