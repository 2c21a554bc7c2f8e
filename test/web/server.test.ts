// What the HTTP server answers by itself.

import { expect, onTestFinished, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { openWeb } from "../../src/web/server.ts";
import { silent } from "../store/silent.ts";

async function web(ready: () => Promise<string | null>) {
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
  return {
    time,
    ask: async () => (await fetch(url)).status,
    said: async () => await (await fetch(url)).text(),
  };
}

test("the database is asked once a second, however many ask whether we are ready", async () => {
  let asked = 0;
  const { time, ask } = await web(async () => {
    asked += 1;
    return null;
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
    return null;
  });
  expect(await ask()).toBe(503);
  works = true;
  expect(await ask()).toBe(503);
  time.now += limit.web.ready_ms;
  expect(await ask()).toBe(200);
});

test("why we are not ready is in the answer, and of the database no more than that", async () => {
  let why: string | null = "GitHub refuses APP_ID with PRIVATE_KEY.";
  const { time, ask, said } = await web(async () => {
    if (why === null) throw new Error("password of me@db.example");
    return why;
  });
  expect(await ask()).toBe(503);
  expect(await said()).toBe("not ready: GitHub refuses APP_ID with PRIVATE_KEY.\n");
  why = null;
  time.now += limit.web.ready_ms;
  expect(await said()).toBe("not ready: the store or the queue does not answer\n");
});
