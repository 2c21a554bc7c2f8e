// What an older lease writes is refused, on both databases and whatever it is.

import { beforeEach, describe, expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import type { Lease, Store } from "../../src/ports/store.ts";
import { newUrl, openTestStore, storeFor, storeKinds } from "./databases.ts";
import {
  check,
  commit,
  delivery,
  hint,
  inProgress,
  look,
  pendingCommand,
  pull,
  record,
  run,
  sha,
  shop,
  success,
} from "./make.ts";

const key = subjectKey(pull(1));
const answer = { key: "a", stage: "test", state: "done", why: "", at: 5 } as const;
const wanted = {
  key: "comment:1|shop||",
  pipeline: "shop",
  stage: "Production",
  execution: "r1",
  from: sha("a"),
  to: null,
  among: [],
  actor: "mia",
  spec: run("r1").spec,
};

/** Every write on behalf of a subject. */
const writes: Readonly<Record<string, (store: Store, lease: Lease) => Promise<string>>> = {
  see: (store, lease) => store.see([hint(pull(2))], 1, lease),
  recordTip: (store, lease) => store.recordTip(lease, shop, "main", sha("b")),
  recordBefore: (store, lease) => store.recordBefore(lease, sha("b")),
  record: (store, lease) => store.record(record(pull(1), { ...lease, verdict: "success" })),
  postpone: (store, lease) => store.postpone(lease, 9_000, 3),
  intendRun: (store, lease) => store.intendRun(lease, run("r2"), 5),
  intendRelease: (store, lease) => store.intendRelease(lease, run("r2"), 5),
  recordExecution: (store, lease) =>
    store.recordExecution(lease, "r1", { state: "succeeded", endedAt: 9, stopReason: "asked" }),
  recordApproval: (store, lease) => store.recordApproval(lease, "r1", answer),
  reopenExecution: (store, lease) => store.reopenExecution(lease, "r1"),
  intendRollback: (store, lease) => store.intendRollback(lease, wanted, 5),
  recordRollback: (store, lease) => store.recordRollback(lease, wanted.key, { why: "x" }),
  recordRole: (store, lease) => store.recordRole(lease, "comment:1", "write"),
  intendCheck: (store, lease) => store.intendCheck(lease, check(success)),
  dropIntendedCheck: (store, lease) => store.dropIntendedCheck(lease, check(inProgress)),
  recordCheck: (store, lease) => store.recordCheck(lease, check(inProgress), { id: 2, at: 9 }),
  dropIntendedAnswer: (store, lease) => store.dropIntendedAnswer(lease, "comment:1"),
  intendAnswer: (store, lease) => store.intendAnswer(lease, "comment:1", 1),
  recordAnswer: (store, lease) => store.recordAnswer(lease, "comment:1", { id: 3, body: "x" }),
  forget: (store, lease) => store.forget(shop, lease),
};

describe.each(storeKinds)("leases on %s", (kind) => {
  const at = storeFor(kind);

  beforeEach(async () => {
    await at().store.accept([
      look(hint(pull(1), sha("a"))),
      delivery({ kind: "intend", target: pull(1), request: pendingCommand("comment:1") }),
    ]);
    const lease = await leased();
    await at().store.intendRun(lease, run("r1"), 5);
    await at().store.intendCheck(lease, check(inProgress));
    await at().clearJobs();
  });

  async function leased(): Promise<Lease> {
    const lease = await at().store.lease(key);
    if (lease === null) throw new Error("There is no such subject");
    return lease;
  }

  /** All that is stored but jobs. */
  async function all(): Promise<unknown> {
    const { store } = at();
    return [
      await store.openSubjects(shop),
      await store.executions(key),
      await store.rollbacks(key),
      await store.requests(key),
      await store.checks(shop, [sha("a")]),
      await store.answers(key),
      await store.tip(shop, "main"),
      await store.repositories(),
    ];
  }

  test.each(Object.keys(writes))("%s writes nothing under an older one", async (name) => {
    const old = await leased();
    const now = await leased();
    const before = await all();
    expect(await writes[name]?.(at().store, old)).toBe("lost");
    expect(await all()).toEqual(before);
    expect(await writes[name]?.(at().store, now)).toBe("written");
  });

  test("are taken in turn, each newer than the one before", async () => {
    const epochs = [await leased(), await leased(), await leased()].map(({ epoch }) => epoch);
    expect(epochs).toEqual([...epochs].sort((one, other) => one - other));
    expect(new Set(epochs).size).toBe(3);
    expect(await at().store.lease(subjectKey(pull(404)))).toBe(null);
  });

  test("stand with all that speaks about the commit, at one moment", async () => {
    const { store, time } = at();
    time.now = () => 7_000;
    await store.accept([look(hint(commit("a")), hint(pull(3), sha("a")))]);
    const old = await leased();
    const now = await leased();
    expect(await store.currentState(old, shop, sha("a"))).toMatchObject({
      held: false,
      now: 7_000,
    });
    const currentState = await store.currentState(now, shop, sha("a"));
    expect(currentState.held).toBe(true);
    expect(currentState.siblings).toEqual(await store.siblings(key, shop, sha("a")));
    expect(currentState.siblings.length).toBeGreaterThan(0);
  });

  test("are told of a write that came too late: what the ledger says of it is in doubt, and there is a job", async () => {
    const { store, queue } = at();
    const lease = await leased();
    await store.intendCheck(lease, check(success));
    await store.recordCheck(lease, check(success), { id: 2, at: 9 });
    await store.doubtCheck(key, check(inProgress));
    expect(await store.checks(shop, [sha("a")])).toMatchObject([{ id: null }]);
    expect((await queue.take(10)).map((job) => job.key)).toEqual([key]);
  });
});

test("a process that is paused within a transaction does not keep its locks from the others", async () => {
  const one = await openTestStore("postgres", await newUrl());
  try {
    const [row] = await one.database.query<{ ms: string }>(
      "select setting as ms from pg_settings where name = 'idle_in_transaction_session_timeout'",
    );
    expect(Number(row?.ms)).toBeGreaterThan(0);
    expect(Number(row?.ms)).toBeLessThanOrEqual(10_000);
  } finally {
    await one.close();
  }
});
