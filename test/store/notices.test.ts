// The ledger of notices: each recorded once, taken by one sender at a time, until it is sent or given up.

import { describe, expect, test } from "vitest";
import { subjectKey } from "../../src/core/event.ts";
import { limit } from "../../src/core/limit.ts";
import type { Notice } from "../../src/core/notice.ts";
import type { NoticeDraft } from "../../src/port.ts";
import { storeFor, storeKinds } from "./databases.ts";
import { commit, look, record, run, sha, shop, sight } from "./make.ts";

const topic = "arn:aws:sns:eu-west-1:111122223333:releases";

function draft(key: string, more: Partial<Notice> = {}, target = topic): NoticeDraft {
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

  async function recorded(...notices: readonly NoticeDraft[]): Promise<void> {
    await at().store.accept([look(sight(landed))]);
    await at().store.record(record(landed, { at: 2_000, notices }));
  }
  const keys = async (now: number, count = 10) =>
    (await at().notices.take(now, count)).map(({ notice }) => notice.key).sort();

  test("are recorded with the look, once for each place", async () => {
    await recorded(draft("a"), draft("a", {}, `${topic}2`));
    await recorded(draft("a", { subject: "Told in other words" }));
    const taken = await at().notices.take(2_000, 10);
    expect(taken.map(({ target, attempt }) => [target, attempt]).sort()).toEqual([
      [topic, 1],
      [`${topic}2`, 1],
    ]);
    expect(taken[0]?.notice).toEqual(draft("a").notice);
  });

  test("of a subject that there is not are not recorded", async () => {
    await at().store.record(record(commit("b"), { notices: [draft("b")] }));
    expect(await keys(9_000)).toEqual([]);
  });

  test("are taken by one sender only, and again after a wait that grows", async () => {
    await recorded(draft("a"));
    expect(await keys(1_999)).toEqual([]);
    let now = 2_000;
    for (let wait = limit.notify.again_ms; wait < limit.notify.again_ms_max; wait *= 2) {
      expect(await keys(now)).toEqual(["a"]);
      expect(await keys(now + wait - 1)).toEqual([]);
      now += wait;
    }
    const [last] = await at().notices.take(now, 10);
    expect(last?.attempt).toBe(11);
    expect(await keys(now + limit.notify.again_ms_max - 1)).toEqual([]);
    expect(await keys(now + limit.notify.again_ms_max)).toEqual(["a"]);
  });

  test("senders at the same time share them", async () => {
    const all = Array.from({ length: 200 }, (_, index) => String(index).padStart(3, "0"));
    await recorded(...all.map((key) => draft(key)));
    const taken = await Promise.all(Array.from({ length: 10 }, () => keys(3_000, 30)));
    expect(taken.flat().sort()).toEqual(all);
    for (const some of taken) expect(some.length).toBeLessThanOrEqual(30);
  });

  test("what was sent or given up is never taken again, nor recorded again", async () => {
    await recorded(draft("a"), draft("b"), draft("c"));
    const { notices } = at();
    await notices.take(2_000, 10);
    await notices.settle(draft("a"), { kind: "sent" });
    await notices.settle(draft("b"), { kind: "given_up", why: "no" });
    await notices.settle(draft("c"), { kind: "failed", why: "not now" });
    await recorded(draft("a"), draft("b"), draft("c"));
    expect(await keys(2_000 + limit.notify.again_ms)).toEqual(["c"]);
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
      await store.accept([look(sight(commit(letter)))]);
      const of = { part: "release", sha: sha(letter), spec } as const;
      await store.intendRun(subjectKey(commit(letter)), run(key, of), endedAt ?? 5_000);
      if (endedAt !== null)
        await store.recordExecution(key, { state: "failed", endedAt, engineId: key, ...more });
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
      await at().store.accept([look(sight(commit("a")))]);
      expect(await previous()).toEqual([]);
    });
  });
});
