// Somebody who has recorded what GitHub sent, and knows no secret, sends it to the running program again.

import { createHmac, randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../../src/store/database.ts";
import { eventually } from "./eventually.ts";
import type { App } from "./process.ts";
import { openDatabase } from "./store.ts";
import { deliver, headersOf, post, secret } from "./webhook.ts";
import { openWorld, type World } from "./world.ts";

const plan = `version: 1
pipelines:
  shop:
    branches: [main]
    verify: { engine: local, stages: [{ name: test, run: "true" }] }
    release: { engine: local, stages: [{ name: deploy, run: "false" }] }
`;
const rotated = "the secret that comes after it";

let world: World;
let app: App;
let database: Database;
const stack = new AsyncDisposableStack();

beforeAll(async () => {
  world = stack.use(await openWorld({ files: { ".github/interlock.yml": plan } }));
  app = await world.start({ WEBHOOK_SECRET: rotated, WEBHOOK_SECRET_PREVIOUS: secret });
  database = stack.use(await openDatabase(world));
  // What a branch holds when it is seen for the first time is not released.
  await eventually("first look at main", async () => {
    const rows = await database.query("select 1 from interlock.tip where branch = 'main'");
    return rows.length > 0;
  });
});
afterAll(() => stack.disposeAsync());

async function releases(): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    "select count(*) as count from interlock.execution where part = 'release'",
  );
  return row?.count ?? 0;
}

async function atRest(): Promise<void> {
  await eventually("rest", async () => {
    const [row] = await database.query<{ count: number }>(
      `select (select count(*) from pgboss.job)
            + (select count(*) from interlock.execution where ended_at is null) as count`,
    );
    return row?.count === 0;
  });
}

/** As it was signed, under a GUID of the sender's own. */
async function replay(event: string, action: string): Promise<Response> {
  const recorded = world.github.deliveries.findLast(
    (one) => one.event === event && one.action === action,
  );
  if (recorded === undefined) throw new Error(`${event}.${action} was not sent`);
  const headers = { ...recorded.request.headers, "x-github-delivery": randomUUID() };
  return await post(app, headers, recorded.body);
}

test.each([
  ["check_run", "Re-run"],
  ["check_suite", "Re-run all checks"],
] as const)(
  "a %s that asked for a re-run of a release releases nothing again",
  async (event, _label) => {
    const sha = world.shop.commit({ branch: "main", files: { "a.txt": `${event}\n` } });
    const check = () => world.shop.checks(sha).get("interlock/shop/release");
    await eventually("failed release", () => check()?.conclusion === "failure");
    const before = await releases();
    const run = check();
    if (run === undefined) throw new Error("There is no check");
    if (event === "check_run") world.shop.rerequest(run, "boss");
    else world.shop.rerequestSuite(run.suite, "boss");
    await eventually("second attempt", async () => (await releases()) === before + 1);
    await atRest();

    for (let times = 0; times < 3; times++)
      expect((await replay(event, "rerequested")).status).toBe(202);
    await atRest();
    expect(await releases()).toBe(before + 1);
  },
);

test("while the secret is changed both are accepted, and no third one", async () => {
  const hook = () => ({ event: "watch", body: JSON.stringify({ id: randomUUID() }) });
  const signedWith = async (key: string) => {
    const one = hook();
    return (await post(app, headersOf(one, key), one.body)).status;
  };
  expect(await signedWith(rotated)).toBe(202);
  expect(await signedWith(secret)).toBe(202);
  expect(await signedWith(`${rotated} `)).toBe(401);
  expect(await signedWith(rotated + secret)).toBe(401);
  expect((await deliver(app, hook())).status).toBe(202);
});

test("an older kind of signature is no signature", async () => {
  const body = JSON.stringify({ id: randomUUID() });
  const sha1 = createHmac("sha1", rotated).update(body).digest("hex");
  const { "x-hub-signature-256": _, ...headers } = headersOf({ event: "watch", body });
  const answer = await post(app, { ...headers, "x-hub-signature": `sha1=${sha1}` }, body);
  expect(answer.status).toBe(401);
});
