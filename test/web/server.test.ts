// What the HTTP server answers by itself.

import { expect, onTestFinished, test } from "vitest";
import { limit } from "../../src/core/limit.ts";
import { openWeb } from "../../src/web/server.ts";
import { silent } from "../store/silent.ts";

async function web(ready: () => Promise<void>) {
  const time = { now: 1_000_000 };
  const clock = () => time.now;
  const server = await openWeb({
    host: "127.0.0.1",
    port: 0,
    posts: new Map(),
    ready,
    clock,
    log: silent,
  });
  onTestFinished(() => server.stop(0));
  const url = `http://127.0.0.1:${server.port}/readyz`;
  return { time, ask: async () => (await fetch(url)).status };
}

test("the database is asked once a second, however many ask whether we are ready", async () => {
  let asked = 0;
  const { time, ask } = await web(async () => {
    asked += 1;
  });
  expect(await Promise.all(Array.from({ length: 20 }, ask))).toEqual(Array(20).fill(200));
  expect(asked).toBe(1);
  time.now += limit.web.ready_ms;
  expect(await ask()).toBe(200);
  expect(asked).toBe(2);
  // A clock that was set back must not make an answer last.
  time.now -= 60_000;
  await ask();
  expect(asked).toBe(3);
});

test("what was found out does not outlive a second, whichever it was", async () => {
  let works = false;
  const { time, ask } = await web(async () => {
    if (!works) throw new Error("The database is away");
  });
  expect(await ask()).toBe(503);
  works = true;
  expect(await ask()).toBe(503);
  time.now += limit.web.ready_ms;
  expect(await ask()).toBe(200);
});
