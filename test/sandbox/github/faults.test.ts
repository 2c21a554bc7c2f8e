// Requests: what can go wrong on purpose, conditional requests, budgets, and the log.
import { expect, test } from "vitest";
import { wallClock } from "../../../sandbox/github/clock.ts";
import { smallWorld } from "./world.ts";

const comments = "/repos/{owner}/{repo}/issues/{issue_number}/comments";

function worldWithPull() {
  const world = smallWorld();
  world.shop.commit({ branch: "feature", files: { a: "1" } });
  const pull = world.shop.openPull({ head: "feature" });
  const onIssue = { ...world.where, issue_number: pull.number };
  const say = (body: string) =>
    world.asInstallation.rest.issues.createComment({ ...onIssue, body });
  return { ...world, pull, say };
}

test("an error before the effect leaves nothing behind, one after it does", async () => {
  const { github, pull, say } = worldWithPull();
  github.faults.onRequest({ path: comments, times: 1, fault: { kind: "error", status: 503 } });
  await expect(say("one")).rejects.toMatchObject({ status: 503 });
  expect(pull.comments()).toEqual([]);
  github.faults.onRequest({ path: comments, times: 1, fault: { kind: "lateError" } });
  await expect(say("two")).rejects.toMatchObject({ status: 502 });
  expect(pull.comments()).toMatchObject([{ body: "two" }]);
  await say("three");
  expect(pull.comments()).toHaveLength(2);
});

test("an answer can be lost after the effect", async () => {
  const { github, pull, say } = worldWithPull();
  const rule = { method: "POST", path: /\/comments$/, times: 1 };
  github.faults.onRequest({ ...rule, fault: { kind: "answerLost" } });
  await expect(say("heard")).rejects.toThrow("fetch failed");
  expect(pull.comments()).toMatchObject([{ body: "heard" }]);
  expect(github.log.all.at(-1)).toMatchObject({ status: "lost", template: comments });
});

test("a secondary limit says when to come back", async () => {
  const { github, say, pull } = worldWithPull();
  github.faults.onRequest({
    method: "POST",
    times: 1,
    fault: { kind: "secondaryLimit", status: 429, retryAfterSeconds: 60 },
  });
  await expect(say("x")).rejects.toMatchObject({
    status: 429,
    response: { headers: { "retry-after": "60" } },
  });
  expect(pull.comments()).toEqual([]);
});

test("what was just made is not found for a while", async () => {
  const { github, clock, asInstallation, where, pull } = worldWithPull();
  github.faults.onRequest({ method: "GET", fault: { kind: "unseen", ms: 2_000 } });
  const look = () => asInstallation.rest.pulls.get({ ...where, pull_number: pull.number });
  await expect(look()).rejects.toMatchObject({ status: 404 });
  const files = asInstallation.rest.pulls.listFiles({ ...where, pull_number: pull.number });
  await expect(files).rejects.toMatchObject({ status: 404 });
  clock.advance(2_000);
  await expect(look()).resolves.toMatchObject({ status: 200 });
});

test("what is read is as it was before what happened a moment ago", async () => {
  const { github, shop, clock, asInstallation, where, pull } = worldWithPull();
  const [head, main] = [pull.head, shop.tip()];
  github.faults.onRequest({ fault: { kind: "stale", ms: 5_000 } });
  const get = () => asInstallation.rest.pulls.get({ ...where, pull_number: pull.number });
  await get();
  const { etag } = (await get()).headers;
  clock.advance(1_000);
  const next = shop.commit({ branch: "feature", files: { a: "2" } });
  const landed = shop.commit({ branch: "main", files: { b: "1" } });
  const younger = shop.openPull({ head: "main", base: "feature" });
  expect((await get()).data).toMatchObject({ head: { sha: head }, base: { sha: main } });
  expect(pull.head).toBe(next);
  // The old state has its old tag, and nothing of what is younger is there.
  const conditional = asInstallation.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
    ...where,
    pull_number: pull.number,
    headers: { "if-none-match": String(etag) },
  });
  await expect(conditional).rejects.toMatchObject({ status: 304 });
  expect((await asInstallation.rest.pulls.list(where)).data).toHaveLength(1);
  const absent = asInstallation.rest.pulls.get({ ...where, pull_number: younger.number });
  await expect(absent).rejects.toMatchObject({ status: 404 });
  const ref = asInstallation.rest.git.getRef({ ...where, ref: "heads/main" });
  expect((await ref).data.object.sha).toBe(main);
  const contents = { ...where, path: "a", ref: landed };
  const unseen = asInstallation.rest.repos.getContent(contents);
  await expect(unseen).rejects.toMatchObject({ status: 404 });
  clock.advance(5_000);
  expect((await get()).data).toMatchObject({ head: { sha: next } });
});

test("a slow answer waits for the clock", async () => {
  const { github, clock, say, pull } = worldWithPull();
  await say("warm");
  github.faults.onRequest({ path: comments, times: 1, fault: { kind: "slow", ms: 9_000 } });
  const slow = say("slow");
  await new Promise(setImmediate);
  expect(pull.comments()).toHaveLength(1);
  clock.advance(9_000);
  await slow;
  expect(pull.comments()).toHaveLength(2);
});

test("chance comes from the seed, and stop ends all faults", async () => {
  const failures = async (seed: number) => {
    const { github, asInstallation, where } = smallWorld({ seed });
    const get = () =>
      asInstallation.rest.repos.get(where).then(
        () => "ok",
        () => "failed",
      );
    github.faults.onRequest({ method: "GET", chance: 0.5, fault: { kind: "error" } });
    const seen: string[] = [];
    for (let i = 0; i < 20; i += 1) seen.push(await get());
    github.faults.stop();
    expect(await get()).toBe("ok");
    return seen;
  };
  const [first, again, other] = [await failures(1), await failures(1), await failures(2)];
  expect(first).toEqual(again);
  expect(first).not.toEqual(other);
  expect(new Set(first)).toEqual(new Set(["ok", "failed"]));
});

test("what did not change is answered with 304, which costs nothing", async () => {
  const { github, asInstallation, where, shop } = smallWorld();
  const get = (etag?: string) =>
    asInstallation.request("GET /repos/{owner}/{repo}/branches", {
      ...where,
      headers: etag === undefined ? {} : { "if-none-match": etag },
    });
  const first = await get();
  const { etag } = first.headers;
  const remaining = first.headers["x-ratelimit-remaining"];
  await expect(get(etag)).rejects.toMatchObject({
    status: 304,
    response: { headers: { "x-ratelimit-remaining": remaining } },
  });
  shop.commit({ branch: "main", files: { a: "1" } });
  const changed = await get(etag);
  expect(changed.headers.etag).not.toBe(etag);
  expect(github.log.byRoute()).toEqual({ "GET /repos/{owner}/{repo}/branches": 2 });
  expect(github.log.notModified()).toHaveLength(1);
});

test("a spent budget refuses until the hour is over", async () => {
  const { github, clock, installation, asInstallation, where } = smallWorld({
    authClock: wallClock,
  });
  github.limitRequests(installation, 2);
  const get = () => asInstallation.rest.repos.get(where);
  await get();
  await get();
  await expect(get()).rejects.toMatchObject({
    status: 403,
    response: { headers: { "x-ratelimit-remaining": "0" } },
  });
  clock.advance(60 * 60 * 1000 - 1);
  await expect(get()).rejects.toMatchObject({ status: 403 });
  clock.advance(1);
  await expect(get()).resolves.toMatchObject({ status: 200 });
});

test("the log counts requests by route and leaves tokens out", async () => {
  const { github, say } = worldWithPull();
  await say("a");
  await say("b");
  expect(github.log.byRoute()).toEqual({ [`POST ${comments}`]: 2 });
  expect(github.log.all.filter((r) => r.kind === "token").length).toBeGreaterThan(0);
  expect(github.log.counted().map((r) => r.by)).toEqual(["interlock[bot]", "interlock[bot]"]);
});

test("lists come in pages with links", async () => {
  const { shop, asInstallation, where } = smallWorld();
  for (const n of ["1", "2", "3"]) {
    shop.commit({ branch: `b${n}`, files: { n } });
    shop.openPull({ head: `b${n}` });
  }
  const { pulls } = asInstallation.rest;
  const first = await pulls.list({ ...where, per_page: 2 });
  expect(first.data.map((p) => p.number)).toEqual([3, 2]);
  expect(first.headers.link).toMatch(/[?&]page=2>; rel="next".*rel="last"/);
  const all = await asInstallation.paginate(pulls.list, { ...where, per_page: 1, sort: "updated" });
  expect(all).toHaveLength(3);
  const none = await pulls.list({ ...where, base: "other" });
  expect([none.data, none.headers.link]).toEqual([[], undefined]);
});
