// Subjects between their looks: what is open, due, at rest, and who speaks about the same commit.

import { describe, expect, test } from "vitest";
import { type Repository, type Subject, subjectKey } from "../../src/core/model/event.ts";
import type { PullFacts } from "../../src/core/model/fact.ts";
import { limit } from "../../src/core/model/limit.ts";
import { storeFor, storeKinds } from "./databases.ts";
import {
  commit,
  delivery,
  held,
  hint,
  look,
  pendingCommand,
  pull,
  record,
  run,
  sha,
  shop,
} from "./make.ts";

describe.each(storeKinds)("subjects on %s", (kind) => {
  const at = storeFor(kind);

  function wakeAt(now: number): Promise<number | null> {
    at().time.now = () => now;
    return at().store.wakeDue();
  }

  /** Each lands by a delivery of its own, in this order. */
  async function see(...subjects: readonly Subject[]): Promise<void> {
    await at().store.accept(
      subjects.map((subject) =>
        look(hint(subject, subject.kind === "commit" ? subject.sha : sha("a"))),
      ),
    );
  }

  async function settle(subject: Subject, verdict: "success" | "in_progress"): Promise<void> {
    const verdictSha = subject.kind === "commit" ? subject.sha : sha("a");
    await at().store.record(record(subject, { verdict, verdictSha }));
  }

  async function waiting(): Promise<readonly string[]> {
    const jobs = await at().queue.take(100);
    return jobs.map(({ key }) => key).sort();
  }

  test("are leased with the store's generation, which is another one after each restore", async () => {
    await see(pull(1), pull(2));
    const generations: unknown[] = [];
    const lease = async (subject: Subject) =>
      generations.push((await at().store.lease(subjectKey(subject)))?.generation);
    await lease(pull(1));
    await lease(pull(2));
    expect(generations).toEqual([expect.stringMatching(/^\w+$/), generations[0]]);
    await at().store.renewGeneration();
    await lease(pull(1));
    await at().store.renewGeneration();
    await lease(pull(1));
    expect(new Set(generations).size).toBe(3);
  });

  describe("a look", () => {
    test("leaves what it came to", async () => {
      await see(pull(1));
      await at().store.record(
        record(pull(1), {
          head: sha("b"),
          base: "main",
          dueAt: 9_000,
          failures: 3,
          verdict: "failure",
          verdictSha: sha("b"),
        }),
      );
      expect(await at().store.subject(subjectKey(pull(1)))).toMatchObject({
        head: sha("b"),
        base: "main",
        dueAt: 9_000,
        failures: 3,
        verdict: "failure",
        verdictSha: sha("b"),
        open: true,
        heardAt: 1_000,
      });
    });

    test("that is of an unknown subject leaves nothing", async () => {
      const facts = { now: 1 } as unknown as PullFacts;
      await at().store.record(record(pull(404), { snapshot: { facts, decision: null } }));
      expect(await at().store.subject(subjectKey(pull(404)))).toBe(null);
      expect(await at().store.snapshot(subjectKey(pull(404)))).toBe(null);
    });

    test("leaves its snapshot, and one that could decide nothing leaves the last", async () => {
      await see(pull(1));
      const key = subjectKey(pull(1));
      expect(await at().store.snapshot(key)).toBe(null);
      const facts = { now: 2_000, text: "\u0000 ü", none: null } as unknown as PullFacts;
      const snapshot = { facts, decision: { verdict: ["a"] } };
      await at().store.record(record(pull(1), { snapshot }));
      await at().store.record(record(pull(1)));
      expect(await at().store.snapshot(key)).toEqual(snapshot);
    });

    test("that sees the same as the one before leaves what that saw, with its own time", async () => {
      await see(pull(1));
      const key = subjectKey(pull(1));
      const look = async (now: number, text: string) => {
        const epoch = (await at().store.lease(key))?.epoch ?? 0;
        const facts = { now, text } as unknown as PullFacts;
        await at().store.record(
          record(pull(1), { epoch, at: now, snapshot: { facts, decision: null } }),
        );
        return (await at().store.snapshot(key))?.facts;
      };
      expect(await look(2_000, "one")).toEqual({ now: 2_000, text: "one" });
      if (kind !== "memory")
        await at().database.exec(
          `update interlock.snapshot set content = replace(content, 'one', 'as it was')`,
        );
      const kept = kind === "memory" ? "one" : "as it was";
      expect(await look(3_000, "one")).toEqual({ now: 3_000, text: kept });
      // Another process has looked in between, and may have seen something else.
      await at().store.lease(key);
      expect(await look(4_000, "one")).toEqual({ now: 4_000, text: "one" });
      expect(await look(5_000, "two")).toEqual({ now: 5_000, text: "two" });
    });

    test("wakes who it says, and leaves out whom nobody knows", async () => {
      await see(pull(1), pull(2), pull(3));
      await at().clearJobs();
      const wake = [pull(2), pull(3), pull(404), pull(2)].map(subjectKey);
      await at().store.record(record(pull(1), { wake }));
      expect(await waiting()).toEqual([pull(2), pull(3)].map(subjectKey));
    });

    test("settles requests of its own subject", async () => {
      const two = (number: number) =>
        delivery({ kind: "intend", target: pull(number), request: pendingCommand("comment:1") });
      await at().store.accept([two(1), two(2)]);
      await at().store.recordRole(held(subjectKey(pull(1))), "comment:1", "write");
      const outcome = [{ kind: "done", text: "Started \u0000.", sha: null }] as const;
      const results = [{ key: "comment:1", outcome }];
      await at().store.record(record(pull(1), { results }));
      const role = { kind: "known", value: "write" };
      expect(await at().store.requests(subjectKey(pull(1)))).toMatchObject([{ role, outcome }]);
      expect(await at().store.requests(subjectKey(pull(2)))).toMatchObject([
        { role, outcome: null },
      ]);
    });

    test("that could not be made is postponed", async () => {
      await see(pull(1));
      await settle(pull(1), "success");
      await at().store.postpone(held(subjectKey(pull(1))), 7_000, 4);
      expect(await at().store.subject(subjectKey(pull(1)))).toMatchObject({
        dueAt: 7_000,
        failures: 4,
        verdict: "success",
      });
    });

    test("that could not be made is made later, also of a subject at rest", async () => {
      await see(pull(1));
      await at().store.record(record(pull(1), { open: false }));
      await at().store.postpone(held(subjectKey(pull(1))), 7_000, 1);
      await at().clearJobs();
      await wakeAt(7_000);
      expect(await waiting()).toEqual([subjectKey(pull(1))]);
    });

    test("that could not be made is not made any more once the repository is gone", async () => {
      await see(pull(1));
      await at().store.forget(shop);
      await at().store.postpone(held(subjectKey(pull(1))), 7_000, 1);
      await at().clearJobs();
      await wakeAt(7_000);
      expect(await waiting()).toEqual([]);
    });
  });

  test("what an installation leaves behind says nothing of the one that came after it", async () => {
    const later = { ...shop, installation: shop.installation + 1 };
    await see(pull(1));
    await at().store.see([{ subject: pull(1, later), head: null, before: null }], 2);
    await at().store.forget(shop);
    await see(pull(2));
    for (const number of [1, 2])
      expect(await at().store.subject(subjectKey(pull(number)))).toMatchObject({
        open: true,
        subject: { repository: { installation: later.installation } },
      });
    await at().store.forget(later);
    expect(await at().store.subject(subjectKey(pull(1)))).toBe(null);
  });

  describe("due times", () => {
    test("wake a subject when they have come, and not before", async () => {
      await see(pull(1), pull(2), pull(3));
      await at().store.record(record(pull(1), { dueAt: 5_000 }));
      await at().store.record(record(pull(2), { dueAt: 8_000 }));
      await at().clearJobs();
      expect(await wakeAt(4_999)).toBe(5_000);
      expect(await waiting()).toEqual([]);
      expect(await wakeAt(5_000)).toBe(8_000);
      expect(await waiting()).toEqual([subjectKey(pull(1))]);
    });

    test("stay until a look is recorded, so that a crash loses none", async () => {
      await see(pull(1));
      await at().store.record(record(pull(1), { dueAt: 5_000 }));
      await at().clearJobs();
      await wakeAt(6_000);
      await at().clearJobs();
      expect(await wakeAt(6_000)).toBe(null);
      expect(await waiting()).toEqual([subjectKey(pull(1))]);
      await at().store.record(record(pull(1)));
      await at().clearJobs();
      await wakeAt(7_000);
      expect(await waiting()).toEqual([]);
    });

    test("do not pile up jobs", async () => {
      await see(pull(1));
      await at().store.record(record(pull(1), { dueAt: 5_000 }));
      for (let turn = 0; turn < 5; turn += 1) await wakeAt(6_000);
      expect(await waiting()).toEqual([subjectKey(pull(1))]);
    });

    test("wake a subject that is due later than anything is ever set to", async () => {
      await see(pull(1), pull(2));
      const { due_max_ms } = limit.look;
      await at().store.record(record(pull(1), { dueAt: 5_000 + due_max_ms }));
      await at().store.record(record(pull(2), { dueAt: 5_001 + due_max_ms }));
      await at().clearJobs();
      await wakeAt(5_000);
      expect(await waiting()).toEqual([subjectKey(pull(2))]);
    });

    test("of a closed subject wake nobody", async () => {
      await see(pull(1));
      await at().clearJobs();
      await at().store.record(record(pull(1), { dueAt: 5_000, open: false }));
      expect(await wakeAt(6_000)).toBe(null);
      expect(await waiting()).toEqual([]);
    });
  });

  test("restless is who has no final verdict or something running", async () => {
    const repository: Subject = { kind: "repository", repository: shop };
    await see(pull(1), pull(2), pull(3), pull(4), pull(5), repository);
    await settle(pull(2), "in_progress");
    await settle(pull(3), "success");
    await settle(pull(4), "success");
    await at().store.intendRun(held(subjectKey(pull(4))), run("run-4"), 1);
    await at().store.record(record(pull(5), { open: false }));
    expect(await at().store.unfinishedSubjects()).toEqual(
      [pull(1), pull(2), pull(4)].map(subjectKey),
    );
    await at().store.recordExecution(held(subjectKey(pull(1))), "run-4", {
      state: "succeeded",
      endedAt: 2,
    });
    expect(await at().store.unfinishedSubjects()).toEqual([pull(1), pull(2)].map(subjectKey));
  });

  test("the open subjects of a repository are its own", async () => {
    const other: Repository = { ...shop, name: "shop-2" };
    await see(pull(1), pull(1, other), commit("b"), pull(2));
    await at().store.record(record(pull(2), { open: false }));
    const open = await at().store.openSubjects(shop);
    expect(open.map(({ subject }) => subject)).toEqual([pull(1), commit("b")]);
    expect(await at().store.repositories()).toEqual([shop, other]);
  });

  describe("something under way for a closed subject", () => {
    const now = 50_000;
    const landed = commit("b");
    const release = { part: "release", sha: landed.sha } as const;
    async function isOpen(subject: Subject): Promise<boolean> {
      return (await at().store.subject(subjectKey(subject)))?.open ?? false;
    }

    /** A release and a verification run while the repository is forgotten, and it is let in again. */
    async function forgotten(): Promise<void> {
      const { store } = at();
      await see(landed, pull(1), pull(2), pull(3));
      await settle(landed, "in_progress");
      await store.intendRun(held(subjectKey(landed)), run("release", release), 1);
      await store.recordExecution(held(subjectKey(pull(1))), "release", {
        state: "running",
        engineId: "e",
      });
      await store.intendRun(held(subjectKey(pull(1))), run("verify"), 1);
      await store.intendRun(held(subjectKey(pull(2))), run("over"), 1);
      await store.recordExecution(held(subjectKey(pull(1))), "over", {
        state: "failed",
        endedAt: 2,
      });
      await store.forget(shop);
      await at().clearJobs();
    }

    test("opens it again once the repository is looked at, with a job", async () => {
      await forgotten();
      const { store } = at();
      await store.reopenUnfinished(held(subjectKey(landed)), shop, now);
      expect(await isOpen(landed)).toBe(false);
      await see({ kind: "repository", repository: shop });
      await at().clearJobs();
      expect(await store.busy(commit("c"))).toHaveLength(1);
      await store.reopenUnfinished(held(subjectKey(landed)), { ...shop, name: "other" }, now);
      expect(await waiting()).toEqual([]);

      await store.reopenUnfinished(held(subjectKey(landed)), shop, now);
      expect(await waiting()).toEqual([landed, pull(1)].map(subjectKey).sort());
      expect(await Promise.all([landed, pull(1), pull(2), pull(3)].map(isOpen))).toEqual([
        true,
        true,
        false,
        false,
      ]);
      expect(await store.subject(subjectKey(landed))).toMatchObject({ heardAt: now });
      await at().clearJobs();
      await store.reopenUnfinished(held(subjectKey(landed)), shop, now + 1);
      expect(await waiting()).toEqual([]);
    });

    test("may be a rollback, which opens anyone who asked and whose release it is", async () => {
      const { store } = at();
      await see(landed, pull(1), pull(2));
      await store.intendRun(held(subjectKey(landed)), run("release", release), 1);
      await store.recordExecution(held(subjectKey(pull(1))), "release", {
        state: "succeeded",
        endedAt: 2,
      });
      const back = (key: string) => ({
        key,
        pipeline: "shop",
        spec: run("any").spec,
        stage: "deploy",
        execution: "release",
        from: landed.sha,
        to: null,
        among: [],
        actor: "mia",
      });
      await store.intendRollback(held(subjectKey(pull(1))), back("live"), 3);
      await store.intendRollback(held(subjectKey(pull(2))), back("over"), 3);
      await store.recordRollback(held(subjectKey(pull(1))), "over", {
        state: "refused",
        endedAt: 4,
      });
      for (const subject of [landed, pull(1), pull(2)])
        await store.record(record(subject, { open: false }));
      await at().clearJobs();
      await store.reopenUnfinished(held(subjectKey(landed)), shop, now);
      expect(await waiting()).toEqual([landed, pull(1)].map(subjectKey).sort());
    });
  });

  describe("branch tips", () => {
    const push = (letter: string, before: string | null, branch = "main") =>
      look({ subject: commit(letter, branch), head: sha(letter), before });
    const beforeOf = async (letter: string) =>
      (await at().store.subject(subjectKey(commit(letter))))?.before;

    test("follow the pushes, also those of one group", async () => {
      await at().store.accept([push("a", sha("0")), push("x", null, "next"), push("b", sha("a"))]);
      expect(await at().store.tip(shop, "main")).toBe(sha("b"));
      expect(await at().store.tip(shop, "next")).toBe(sha("x"));
      expect(await at().store.tip(shop, "none")).toBe(null);
      expect([await beforeOf("a"), await beforeOf("b")]).toEqual([sha("0"), sha("a")]);
    });

    test("a push that was lost is part of what the next one brings", async () => {
      await at().store.accept([push("a", sha("0"))]);
      await at().store.accept([push("c", sha("b"))]);
      expect(await beforeOf("c")).toBe(sha("a"));
    });

    test("a commit that is heard of again moves nothing", async () => {
      await at().store.accept([push("a", sha("0"))]);
      await at().store.accept([push("b", sha("a"))]);
      await at().store.accept([push("a", sha("0"))]);
      expect(await at().store.tip(shop, "main")).toBe(sha("b"));
      expect(await beforeOf("a")).toBe(sha("0"));
    });

    test("can be found as well as heard of", async () => {
      await see(pull(1));
      await at().store.recordTip(held(subjectKey(pull(1))), shop, "main", sha("a"));
      await at().store.recordTip(held(subjectKey(pull(1))), shop, "main", sha("b"));
      expect(await at().store.tip(shop, "main")).toBe(sha("b"));
      await at().store.see([{ subject: commit("b"), head: sha("b"), before: sha("a") }], 1);
      expect(await beforeOf("b")).toBe(sha("a"));
    });

    test("what is there when a branch is found may be in production, and what is found there later is not", async () => {
      await see(pull(1));
      const lease = held(subjectKey(pull(1)));
      await at().store.recordTip(lease, shop, "main", sha("a"));
      expect(await at().store.floor(shop, "main")).toBe(sha("a"));
      await at().store.recordTip(lease, shop, "main", sha("b"));
      expect(await at().store.floor(shop, "main")).toBe(sha("a"));
      await at().store.recordFloor(lease, shop, "main", sha("b"));
      expect(await at().store.floor(shop, "main")).toBe(sha("b"));
      // An event that tells of a creation can be an old one.
      await at().store.accept([push("c", null)]);
      expect(await at().store.floor(shop, "main")).toBe(sha("b"));
    });

    test("are not known any more after a restore, and what has started nothing is seen first", async () => {
      await at().store.accept([push("a", sha("0")), push("b", sha("a")), push("c", sha("b"))]);
      const lease = held(subjectKey(commit("b")));
      await at().store.recordFloor(lease, shop, "main", sha("b"));
      await at().store.intendRun(lease, run("1", { part: "release", sha: sha("b") }), 1);
      const arrivals = async () =>
        await Promise.all(
          ["a", "b", "c"].map(
            async (letter) => (await at().store.subject(subjectKey(commit(letter))))?.arrival,
          ),
        );
      expect(await arrivals()).toEqual(["first", undefined, undefined]);
      await at().store.renewGeneration();
      expect(await at().store.tip(shop, "main")).toBe(null);
      expect(await at().store.floor(shop, "main")).toBe(null);
      expect(await arrivals()).toEqual(["first", undefined, "first"]);
      // Where no tip is known, the floor is that too.
      await at().store.recordFloor(lease, shop, "main", sha("c"));
      expect(await at().store.tip(shop, "main")).toBe(sha("c"));
      expect(await at().store.floor(shop, "main")).toBe(sha("c"));
    });
  });

  test("what is old is deleted, and what is open stays", async () => {
    const { keep } = limit;
    const now = 1_000 + keep.subjects_ms + 1;
    const old = look(hint(pull(1), sha("a")));
    const recent = { ...look(hint(pull(2))), receivedAt: now - 1 };
    await at().store.accept([old, look(hint(pull(3)))]);
    await at().store.accept([recent]);
    for (const number of [1, 3]) {
      const key = subjectKey(pull(number));
      await at().store.intendRun(held(key), run(`run-${number}`), 1);
    }
    await at().store.record(record(pull(1), { at: 1_000, open: false }));
    await at().store.record(record(pull(2), { at: now - 1, open: false }));
    await at().store.keepReading("old", {
      etag: null,
      moment: { number: 1, at: now - keep.readings_ms - 1 },
      value: 1,
    });
    await at().store.keepReading("new", {
      etag: null,
      moment: { number: 1, at: now - keep.readings_ms },
      value: 1,
    });
    await at().store.prune(now);
    expect(await at().store.subject(subjectKey(pull(1)))).toBe(null);
    expect(await at().store.executions(subjectKey(pull(1)))).toEqual([]);
    expect(await at().store.subject(subjectKey(pull(2)))).not.toBe(null);
    expect(await at().store.executions(subjectKey(pull(3)))).toHaveLength(1);
    expect(await at().store.knownDeliveries([old.guid, recent.guid])).toEqual(
      new Set([recent.guid]),
    );
    expect(await at().store.reading("old")).toBe(null);
    expect(await at().store.reading("new")).not.toBe(null);
  });
});
