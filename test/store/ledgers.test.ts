// What was started, written and read: the ledgers that make applying twice the same as applying once.

import { beforeEach, describe, expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import type { StageFact } from "../../src/core/model/fact.ts";
import { limit } from "../../src/core/model/limit.ts";
import type { LocalRun } from "../../src/ports/run.ts";
import { storeFor, storeKinds } from "./databases.ts";
import {
  check,
  delivery,
  held,
  hint,
  inProgress,
  look,
  pull,
  run,
  sha,
  shop,
  success,
} from "./make.ts";

const stage: StageFact = {
  name: "test",
  state: "succeeded",
  startedAt: 1,
  endedAt: 2,
  why: "",
  output: "ok",
  reports: [{ kind: "missing", path: "r.xml" }],
};

describe.each(storeKinds)("ledgers on %s", (kind) => {
  const at = storeFor(kind);
  const key = subjectKey(pull(1));

  beforeEach(async () => {
    await at().store.accept([look(hint(pull(1)), hint(pull(2)))]);
    await at().clearJobs();
  });

  async function state(): Promise<string | undefined> {
    return (await at().store.executions(key))[0]?.state;
  }

  describe("executions", () => {
    test("of two releases of a pipeline that begin at once one gets through", async () => {
      const { store } = at();
      const release = (number: number) =>
        store.intendRelease(
          held(subjectKey(pull(number))),
          run(`r${number}`, { part: "release" }),
          5,
        );
      const written = await Promise.all([release(1), release(2)]);
      expect([...written].sort()).toEqual(["taken", "written"]);
      const first = written.indexOf("written") + 1;
      await store.recordExecution(held(subjectKey(pull(first))), `r${first}`, {
        state: "succeeded",
        endedAt: 6,
      });
      expect(await release(3 - first)).toBe("written");
    });

    test("a release that the facts have held does not count as started at once", async () => {
      const { store } = at();
      await store.intendRelease(held(key), run("r1", { part: "release" }), 5);
      const later = 5 + limit.look.engine_gone_ms;
      const other = held(subjectKey(pull(2)));
      expect(await store.intendRelease(other, run("r2", { part: "release" }), later)).toBe(
        "written",
      );
    });

    test("are intended once", async () => {
      expect(await at().store.intendRun(held(key), run("r1"), 5)).toBe("written");
      expect(await at().store.intendRun(held(key), run("r1", { attempt: 2 }), 6)).toBe("written");
      const { key: _, ...wanted } = run("r1");
      expect(await at().store.executions(key)).toEqual([
        {
          key: "r1",
          ...wanted,
          engineId: null,
          state: "intended",
          why: "",
          stages: [],
          createdAt: 5,
          endedAt: null,
          stopReason: null,
          stopRefused: null,
          retries: [],
          approvals: [],
          outOfBandChanges: [],
          surveyedAt: null,
        },
      ]);
      expect(await at().store.executions(subjectKey(pull(2)))).toEqual([]);
    });

    test("of an unknown subject are not intended", async () => {
      expect(await at().store.intendRun(held(subjectKey(pull(404))), run("r1"), 5)).toBe("lost");
    });

    test("change only in what is given", async () => {
      await at().store.intendRun(held(key), run("r1"), 5);
      await at().store.recordExecution(held(key), "r1", { state: "running", engineId: "e" });
      await at().store.recordExecution(held(key), "r1", { stopReason: "head_moved" });
      await at().store.recordExecution(held(key), "r1", { stages: [stage] });
      await at().store.recordExecution(held(key), "r1", {});
      const retries = [{ key: "k", stage: "test", state: "done", why: "", at: 8 }] as const;
      await at().store.recordExecution(held(key), "r1", {
        state: "failed",
        why: "no",
        endedAt: 9,
        retries,
      });
      expect(await at().store.executions(key)).toMatchObject([
        {
          engineId: "e",
          state: "failed",
          why: "no",
          stages: [stage],
          endedAt: 9,
          stopReason: "head_moved",
          retries,
        },
      ]);
    });

    test("that have ended are not brought back by an observation that comes late", async () => {
      await at().store.intendRun(held(key), run("r1"), 5);
      await at().store.recordExecution(held(key), "r1", {
        state: "succeeded",
        stages: [stage],
        endedAt: 9,
      });
      const late = { state: "running", why: "late", stages: [], endedAt: null } as const;
      await at().store.recordExecution(held(key), "r1", {
        ...late,
        engineId: "e",
        stopReason: "asked",
      });
      expect(await at().store.executions(key)).toMatchObject([
        {
          state: "succeeded",
          why: "",
          stages: [stage],
          endedAt: 9,
          engineId: "e",
          stopReason: "asked",
        },
      ]);
    });

    test("that were lost can still be found to have ended otherwise", async () => {
      await at().store.intendRun(held(key), run("r1"), 5);
      await at().store.recordExecution(held(key), "r1", { state: "lost", why: "gone", endedAt: 9 });
      await at().store.recordExecution(held(key), "r1", {
        state: "failed",
        why: "found",
        endedAt: 8,
      });
      expect(await at().store.executions(key)).toMatchObject([{ state: "failed", why: "found" }]);
    });

    test("keep every approval, also of two at once, each once", async () => {
      await at().store.intendRun(held(key), run("r1"), 5);
      const answer = (name: string) =>
        ({ key: name, stage: "deploy", state: "done", why: "\u0000", at: 6 }) as const;
      const { store } = at();
      await store.recordApproval(held(key), "r1", answer("a"));
      await store.recordApproval(held(key), "unknown", answer("a"));
      const names = Array.from({ length: 20 }, (_, index) => `b${index + 10}`);
      const twice = [...names, ...names];
      await Promise.all(twice.map((name) => store.recordApproval(held(key), "r1", answer(name))));
      await store.recordApproval(held(key), "r1", { ...answer("a"), state: "refused" });
      const [execution] = await store.executions(key);
      const approvals = [...(execution?.approvals ?? [])].sort((one, other) =>
        one.key < other.key ? -1 : 1,
      );
      expect(approvals).toEqual(["a", ...names].map(answer));
    });

    test("run again once they are opened again", async () => {
      await at().store.intendRun(held(key), run("r1"), 5);
      await at().store.recordExecution(held(key), "r1", { state: "failed", why: "no", endedAt: 9 });
      await at().store.reopenExecution(held(key), "r1");
      expect(await at().store.executions(key)).toMatchObject([
        { state: "running", why: "", endedAt: null },
      ]);
      await at().store.recordExecution(held(key), "r1", { state: "succeeded", endedAt: 12 });
      expect(await state()).toBe("succeeded");
    });

    test("wake their subject", async () => {
      await at().store.intendRun(held(key), run("r1"), 5);
      await at().store.wakeExecution("r1", "us");
      await at().store.wakeExecution("unknown", "others");
      expect((await at().queue.take(10)).map((job) => job.key)).toEqual([key]);
    });

    test("make what was read before old, where others did something about them", async () => {
      const heardAt = async () => (await at().store.subject(key))?.heardAt;
      await at().store.intendRun(held(key), run("r1"), 5);
      const before = await heardAt();
      await at().store.wakeExecution("r1", "us");
      expect(await heardAt()).toBe(before);
      at().time.now = () => 5_000;
      await at().store.wakeExecution("r1", "others");
      at().time.now = null;
      expect(await heardAt()).toBe(5_000);
      const { owner, name } = shop;
      const what = { kind: "commit", owner, name, sha: sha("e") } as const;
      await at().store.accept([look(hint(pull(1), sha("e")))]);
      const told = (receivedAt: number) => delivery({ kind: "moved", what }, { receivedAt });
      await at().store.accept([told(7_000), told(6_000)]);
      expect(await heardAt()).toBe(7_000);
      // Events of our own runs say nothing of the kind, unless one goes on that had ended.
      const resumed = (receivedAt: number, again: boolean) =>
        delivery(
          { kind: "moved", what: { kind: "run", key: "r1", told: "", resumed: again } },
          { receivedAt },
        );
      await at().store.accept([resumed(8_000, false), resumed(8_000, true)]);
      expect(await heardAt()).toBe(7_000);
      await at().store.recordExecution(held(key), "r1", { state: "failed", endedAt: 7_500 });
      await at().store.accept([resumed(9_000, false)]);
      expect(await heardAt()).toBe(7_000);
      await at().store.accept([resumed(9_000, true)]);
      expect(await heardAt()).toBe(9_000);
    });

    test("are listed in the order in which they were intended", async () => {
      for (const name of ["c", "a", "b"]) await at().store.intendRun(held(key), run(name), 5);
      const listed = await at().store.executions(key);
      expect(listed.map((execution) => execution.key)).toEqual(["c", "a", "b"]);
    });
  });

  describe("checks", () => {
    const wanted = check(inProgress);
    const present = () => at().store.checks(shop, [sha("a"), sha("b")]);

    test("have no id between the request and the answer", async () => {
      await at().store.intendCheck(held(key), wanted);
      expect(await present()).toEqual([
        { sha: sha("a"), name: "interlock", id: null, content: wanted, sentAt: 0 },
      ]);
      await at().store.recordCheck(held(key), wanted, { id: 9_000_000_000, at: 50 });
      expect(await present()).toEqual([
        { sha: sha("a"), name: "interlock", id: 9_000_000_000, content: wanted, sentAt: 50 },
      ]);
    });

    test("are gone where nothing was sent", async () => {
      await at().store.intendCheck(held(key), wanted);
      await at().store.dropIntendedCheck(held(key), wanted);
      expect(await present()).toEqual([]);
    });

    test("stand as before where a new one was not sent after all", async () => {
      const done = check(success);
      await at().store.recordCheck(held(key), done, { id: 1, at: 50 });
      await at().store.intendCheck(held(key), wanted);
      expect(await present()).toMatchObject([{ id: null, content: wanted }]);
      await at().store.dropIntendedCheck(held(key), wanted);
      expect(await present()).toEqual([
        { sha: sha("a"), name: "interlock", id: 1, content: done, sentAt: 50 },
      ]);
    });

    test("are one for each name and commit of a repository", async () => {
      await at().store.recordCheck(held(key), wanted, { id: 1, at: 50 });
      await at().store.recordCheck(
        held(key),
        check(inProgress, { name: "interlock/shop/verify" }),
        { id: 2, at: 50 },
      );
      await at().store.recordCheck(held(key), check(inProgress, { sha: sha("b") }), {
        id: 3,
        at: 50,
      });
      await at().store.intendCheck(held(subjectKey(pull(2))), check(success));
      await at().store.recordCheck(held(subjectKey(pull(2))), check(success), { id: 1, at: 60 });
      expect((await present()).map(({ sha, name, id }) => [sha[0], name, id])).toEqual([
        ["a", "interlock", 1],
        ["a", "interlock/shop/verify", 2],
        ["b", "interlock", 3],
      ]);
      expect(await at().store.checks({ ...shop, name: "other" }, [sha("a")])).toEqual([]);
      expect(await at().store.checks(shop, [])).toEqual([]);
    });

    test("that are in progress on other commits, or may be, are found", async () => {
      await at().store.recordCheck(held(key), wanted, { id: 1, at: 50 });
      await at().store.recordCheck(held(key), check(inProgress, { sha: sha("b") }), {
        id: 2,
        at: 50,
      });
      await at().store.recordCheck(held(key), check(success, { sha: sha("c") }), { id: 3, at: 50 });
      await at().store.intendCheck(held(key), check(inProgress, { sha: sha("d") }));
      await at().store.recordCheck(held(key), check(inProgress, { sha: sha("f") }), {
        id: 5,
        at: 50,
      });
      await at().store.intendCheck(held(key), check(success, { sha: sha("f") }));
      await at().store.recordCheck(
        held(subjectKey(pull(2))),
        check(inProgress, { sha: sha("e"), name: "x" }),
        { id: 4, at: 50 },
      );
      const open = await at().store.openChecks(key, sha("b"));
      expect(open.map(({ sha, id }) => [sha[0], id]).sort()).toEqual([
        ["a", 1],
        ["d", null],
        ["f", null],
      ]);
    });

    test.each([
      ["in their order", [0, 1]],
      ["against their order", [1, 0]],
    ] as const)("are in doubt where two meant to write them and did, %s", async (_, order) => {
      const { store } = at();
      const [mine, others] = [check(inProgress), check(success, { externalId: "other" })];
      const two = [
        [held(key), mine],
        [held(subjectKey(pull(2))), others],
      ] as const;
      for (const [by, one] of two) await store.intendCheck(by, one);
      const certain: string[] = [];
      for (const turn of order)
        certain.push(await store.recordCheck(...two[turn], { id: 1, at: 50 }));
      expect(certain.at(-1)).toBe("doubtful");
      expect(await present()).toMatchObject([{ id: null }]);
      await store.intendCheck(held(key), mine);
      expect(await store.recordCheck(held(key), mine, { id: 1, at: 60 })).toBe("written");
      expect(await present()).toMatchObject([{ id: 1, content: mine }]);
    });

    test("are not taken back by one who was not the last to mean to write them", async () => {
      const { store } = at();
      await store.intendCheck(held(key), wanted);
      await store.intendCheck(held(subjectKey(pull(2))), check(success));
      await store.dropIntendedCheck(held(key), wanted);
      expect(await present()).toMatchObject([{ id: null, content: check(success) }]);
    });

    test("are answered for by anyone who meant to write them last, unless nothing was sent", async () => {
      const other = subjectKey(pull(2));
      await at().store.recordCheck(held(other), check(inProgress, { externalId: other }), {
        id: 1,
        at: 50,
      });
      await at().store.intendCheck(held(key), wanted);
      expect(await at().store.openChecks(key, sha("b"))).toMatchObject([{ id: null }]);
      expect(await at().store.openChecks(other, sha("b"))).toEqual([]);
      await at().store.dropIntendedCheck(held(key), wanted);
      expect(await at().store.openChecks(key, sha("b"))).toEqual([]);
      expect(await at().store.openChecks(other, sha("b"))).toMatchObject([{ id: 1 }]);
    });
  });

  test("answers have no id between the request and the answer", async () => {
    await at().store.intendAnswer(held(key), "comment:1", 1);
    await at().store.intendAnswer(held(key), "comment:1", 1);
    expect(await at().store.answers(key)).toEqual([{ key: "comment:1", id: null, body: "" }]);
    await at().store.recordAnswer(held(key), "comment:1", { id: 9_000_000_000, body: "Done" });
    await at().store.intendAnswer(held(key), "comment:1", 1);
    expect(await at().store.answers(key)).toEqual([
      { key: "comment:1", id: 9_000_000_000, body: "Done" },
    ]);
    expect(await at().store.answers(subjectKey(pull(2)))).toEqual([]);
  });

  test("an answer that was surely not sent leaves nothing behind, and one that was stays", async () => {
    await at().store.intendAnswer(held(key), "comment:1", 1);
    await at().store.dropIntendedAnswer(held(key), "comment:1");
    expect(await at().store.answers(key)).toEqual([]);
    await at().store.intendAnswer(held(key), "comment:1", 1);
    await at().store.recordAnswer(held(key), "comment:1", { id: 1, body: "Done" });
    await at().store.dropIntendedAnswer(held(key), "comment:1");
    expect(await at().store.answers(key)).toEqual([{ key: "comment:1", id: 1, body: "Done" }]);
  });

  test("readings are kept, replaced and dropped by the start of their keys", async () => {
    const reading = (value: unknown) => ({ etag: '"x"', moment: { number: 3, at: 5 }, value });
    const names = ["plan|o/a_b|1", "plan|o/a_b|2", "plan|o/axb|1", "plan|o/a%b|1"];
    for (const name of names) await at().store.keepReading(name, reading(1));
    await at().store.keepReading("plan|o/axb|1", reading({ deep: [null] }));
    expect(await at().store.reading("plan|o/axb|1")).toMatchObject(reading({ deep: [null] }));
    expect(await at().store.reading("plan")).toBe(null);
    await at().store.dropReading("plan|o/a_b|");
    const left = await Promise.all(names.map((name) => at().store.reading(name)));
    expect(left.map((one) => one !== null)).toEqual([false, false, true, true]);
  });

  test("an older reading does not replace a newer one, whatever the clock said", async () => {
    const reading = (number: number, at: number) => ({
      etag: null,
      moment: { number, at },
      value: number,
    });
    await at().store.keepReading("a", reading(7, 1_000));
    await at().store.keepReading("a", reading(6, 9_000));
    expect(await at().store.reading("a")).toMatchObject({ moment: { number: 7, at: 1_000 } });
  });

  test("a reading has the age that the store's clock gives it", async () => {
    at().time.now = () => 1_000;
    await at().store.keepReading("a", { etag: null, moment: await at().store.moment(), value: 1 });
    at().time.now = () => 3_500;
    expect(await at().store.reading("a")).toMatchObject({ age_ms: 2_500 });
    at().time.now = () => 900;
    expect(await at().store.reading("a")).toMatchObject({ age_ms: -100 });
  });

  test("what is heard has a greater number than what was read before it, and a smaller one than what is read after", async () => {
    const { store } = at();
    const before = await store.moment();
    await store.accept([look(hint(pull(1)))]);
    const heard = (await store.subject(key))?.heard ?? 0;
    const after = await store.moment();
    expect([before.number < heard, heard < after.number]).toEqual([true, true]);
    await store.intendRun(held(key), run("r1"), 5);
    await store.wakeExecution("r1", "others");
    expect((await store.subject(key))?.heard).toBeGreaterThan(after.number);
  });

  describe("local runs", () => {
    const local: LocalRun = {
      token: "r1",
      request: { run: run("r1"), repository: shop, pull: 1, branch: "main" },
      instance: "one",
      beatAt: 1,
      state: "running",
      why: "",
      stages: [],
      createdAt: 1,
      endedAt: null,
      process: null,
      stopRequested: null,
      retries: [],
      workspace: null,
    };

    test("are added once and read back", async () => {
      expect(await at().localRuns.add(local)).toBe(true);
      expect(await at().localRuns.add({ ...local, instance: "two" })).toBe(false);
      expect(await at().localRuns.get("r1")).toEqual(local);
      expect(await at().localRuns.get("r2")).toBe(null);
    });

    test("change only in what is given, and can be emptied", async () => {
      await at().localRuns.add(local);
      const change = {
        beatAt: 5,
        process: { group: 12, startedAt: "99" },
        stages: [stage],
        retries: ["k"],
        workspace: "/tmp/x",
        stopRequested: "asked",
      };
      await at().localRuns.update("r1", change);
      expect(await at().localRuns.get("r1")).toEqual({ ...local, ...change });
      await at().localRuns.update("r1", { process: null, workspace: null, stopRequested: null });
      await at().localRuns.update("r1", {});
      expect(await at().localRuns.get("r1")).toEqual({
        ...local,
        ...change,
        process: null,
        workspace: null,
        stopRequested: null,
      });
    });

    test("are listed while they live, and while their workspace is kept", async () => {
      const ended = { state: "failed", workspace: "/w" } as const;
      await at().localRuns.add(local);
      await at().localRuns.add({ ...local, ...ended, token: "r2", endedAt: 9 });
      await at().localRuns.add({ ...local, ...ended, token: "r3", endedAt: 5 });
      await at().localRuns.add({ ...local, ...ended, token: "r4", endedAt: 5, instance: "two" });
      await at().localRuns.add({ ...local, ...ended, token: "r5", endedAt: 5, workspace: null });
      expect((await at().localRuns.live()).map(({ token }) => token)).toEqual(["r1"]);
      expect((await at().localRuns.kept("one")).map(({ token }) => token)).toEqual(["r3", "r2"]);
    });
  });
});
