// The ledger of notices: each recorded once, taken by one sender at a time, until it is sent or given up.

import { describe, expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import { limit } from "../../src/core/model/limit.ts";
import type { Notification } from "../../src/core/render/notification.ts";
import type { NotificationDraft, TakenNotification } from "../../src/ports/notifier.ts";
import { storeFor, storeKinds } from "./databases.ts";
import { commit, held, hint, look, record, run, sha, shop } from "./make.ts";

const topic = "arn:aws:sns:eu-west-1:111122223333:releases";

function draft(key: string, more: Partial<Notification> = {}, target = topic): NotificationDraft {
  const notice = {
    key,
    kind: "failed",
    at: 1_000,
    repository: shop,
    branch: "main",
    sha: sha("a"),
    pipeline: "shop",
    stage: null,
    role: null,
    subject: "octo/shop: shop failed",
    sentences: ["It failed."],
    ...more,
  } as const;
  return { target, notice };
}

describe.each(storeKinds)("notices on %s", (kind) => {
  const at = storeFor(kind);
  const landed = commit("a");

  async function recorded(...notifications: readonly NotificationDraft[]): Promise<void> {
    await at().store.accept([look(hint(landed))]);
    await at().store.record(record(landed, { at: 2_000, notifications: notifications }));
  }
  const keys = async (now: number, count = 10) =>
    (await at().notifications.take(now, count)).map(({ notice }) => notice.key).sort();

  test("are recorded with the look, once for each place", async () => {
    await recorded(draft("a"), draft("a", {}, `${topic}2`));
    await recorded(draft("a", { subject: "Told in other words" }));
    const first = await at().notifications.take(2_000, 10);
    expect(first.map(({ target, attempt }) => [target, attempt]).sort()).toEqual([
      [topic, 1],
      [`${topic}2`, 1],
    ]);
    expect(first[0]?.notice).toEqual(draft("a").notice);
  });

  test("of a subject that there is not are not recorded", async () => {
    await at().store.record(record(commit("b"), { notifications: [draft("b")] }));
    expect(await keys(9_000)).toEqual([]);
  });

  /** The try of the only notice that is due. */
  async function taken(now: number): Promise<TakenNotification> {
    const [one, ...more] = await at().notifications.take(now, 10);
    if (one === undefined || more.length > 0) throw new Error("Not one notice is due");
    return one;
  }

  test("are taken by one sender only, for longer than its try can last", async () => {
    await recorded(draft("a"));
    expect(await keys(1_999)).toEqual([]);
    expect((await taken(2_000)).attempt).toBe(1);
    expect(await keys(2_000 + limit.notify.try_ms)).toEqual([]);
    expect(await keys(2_000 + limit.notify.lease_ms - 1)).toEqual([]);
    expect((await taken(2_000 + limit.notify.lease_ms)).attempt).toBe(2);
  });

  test("are taken again after a wait that grows, from when a try has failed", async () => {
    await recorded(draft("a"));
    let now = 2_000;
    const fail = async (wait: number) => {
      const one = await taken(now);
      now += 7;
      await at().notifications.settle(one, { kind: "failed", why: "not now", at: now });
      expect(await keys(now + wait - 1)).toEqual([]);
      now += wait;
      return one.attempt;
    };
    for (let wait = limit.notify.again_ms; wait < limit.notify.again_ms_max; wait *= 2)
      await fail(wait);
    expect(await fail(limit.notify.again_ms_max)).toBe(11);
    expect(await fail(limit.notify.again_ms_max)).toBe(12);
  });

  test("are not taken back by a try that ends late", async () => {
    await recorded(draft("a"));
    const { notifications } = at();
    const first = await taken(2_000);
    let now = 2_000 + limit.notify.lease_ms;
    const second = await taken(now);
    // Neither is the second one's lease cut short.
    await notifications.settle(first, { kind: "failed", why: "late", at: now });
    expect(await keys(now + limit.notify.again_ms)).toEqual([]);
    await notifications.settle(first, { kind: "given_up", why: "late" });
    now += limit.notify.lease_ms;
    const third = await taken(now);
    await notifications.settle(second, { kind: "sent" });
    await notifications.settle(third, { kind: "failed", why: "late", at: now });
    await notifications.settle(third, { kind: "given_up", why: "late" });
    expect(await keys(now + limit.notify.again_ms_max)).toEqual([]);
    expect(await at().notificationStates()).toEqual(["sent"]);
  });

  test("senders at the same time share them", async () => {
    const all = Array.from({ length: 200 }, (_, index) => String(index).padStart(3, "0"));
    await recorded(...all.map((key) => draft(key)));
    const shares = await Promise.all(Array.from({ length: 10 }, () => keys(3_000, 30)));
    expect(shares.flat().sort()).toEqual(all);
    for (const some of shares) expect(some.length).toBeLessThanOrEqual(30);
  });

  test("what was sent or given up is never taken again, nor recorded again", async () => {
    await recorded(draft("a"), draft("b"), draft("c"));
    const { notifications } = at();
    for (const one of await notifications.take(2_000, 10)) {
      const { key } = one.notice;
      if (key === "a") await notifications.settle(one, { kind: "sent" });
      else if (key === "b") await notifications.settle(one, { kind: "given_up", why: "no" });
      else await notifications.settle(one, { kind: "failed", why: "not now", at: 2_000 });
    }
    await recorded(draft("a"), draft("b"), draft("c"));
    expect(await keys(2_000 + limit.notify.lease_ms)).toEqual(["c"]);
  });

  test("go with their subject", async () => {
    await recorded(draft("a"));
    await at().store.record(record(landed, { open: false }));
    await at().store.prune(3_000 + limit.keep.subjects_ms);
    expect(await keys(9_000)).toEqual([]);
  });

  describe("the release before", () => {
    const spec = run("any").spec;
    async function release(letter: string, key: string, endedAt: number | null, more = {}) {
      const { store } = at();
      await store.accept([look(hint(commit(letter)))]);
      const of = { part: "release", sha: sha(letter), spec } as const;
      await store.intendRun(held(subjectKey(commit(letter))), run(key, of), endedAt ?? 5_000);
      if (endedAt !== null)
        await store.recordExecution(held(subjectKey(commit(letter))), key, {
          state: "failed",
          endedAt,
          engineId: key,
          ...more,
        });
    }
    const previous = async (letter = "a") =>
      (await at().store.previousReleases(subjectKey(commit(letter)))).map(({ key }) => key);

    test("is the one of another commit that ended last before this one began", async () => {
      await release("b", "b1", 1_000);
      await release("c", "c1", 2_000);
      await release("d", "d1", 2_500, { state: "stopped", stopReason: "plan_changed" });
      await release("e", "e1", 9_000);
      await release("a", "a1", null);
      expect(await previous()).toEqual(["c1"]);
      expect(await previous("b")).toEqual([]);
    });

    test("may have been stopped by a person, or by its deadline", async () => {
      await release("b", "b1", 1_000);
      await release("c", "c1", 2_000, { state: "stopped", stopReason: "person:ada" });
      await release("a", "a1", null);
      expect(await previous()).toEqual(["c1"]);
    });

    test("is none where nothing was released", async () => {
      await release("b", "b1", 1_000);
      await at().store.accept([look(hint(commit("a")))]);
      expect(await previous()).toEqual([]);
    });
  });
});
