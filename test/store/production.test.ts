// Releases and what was rolled back of them, as anyone who acts on production reads them.

import { beforeEach, describe, expect, test } from "vitest";
import { type Subject, subjectKey } from "../../src/core/model/event.ts";
import { limit } from "../../src/core/model/limit.ts";
import { storeFor, storeKinds } from "./databases.ts";
import { commit, delivery, held, hint, look, pull, record, run, shop } from "./make.ts";

describe.each(storeKinds)("production on %s", (kind) => {
  const at = storeFor(kind);
  const key = subjectKey(pull(1));

  beforeEach(async () => {
    await at().store.accept([look(hint(pull(1)), hint(pull(2)))]);
    await at().clearJobs();
  });

  describe("releases", () => {
    const started = async (subject: Subject, name: string, pipeline = "shop") => {
      await at().store.intendRun(
        held(subjectKey(subject)),
        run(name, { pipeline, part: "release" }),
        5,
      );
      await at().store.recordExecution(held(subjectKey(pull(1))), name, { engineId: name });
    };
    const listed = async (branch = "main") =>
      (await at().store.releases(shop, branch)).map((one) => one.key);

    test("are the newest of each pipeline that an engine has taken for a commit of the branch", async () => {
      const elsewhere = commit("f", "next");
      const other = commit("d", "main", { ...shop, name: "other" });
      await at().store.accept(
        [commit("d"), commit("e"), elsewhere, other].map((one) => look(hint(one))),
      );
      await started(commit("e"), "old");
      await started(commit("d"), "new");
      await at().store.intendRun(
        held(subjectKey(commit("d"))),
        run("intended", { part: "release" }),
        5,
      );
      await started(commit("d"), "docs", "docs");
      await started(elsewhere, "elsewhere");
      await started(other, "other");
      await at().store.intendRun(held(key), run("verified"), 5);
      await at().store.recordExecution(held(subjectKey(pull(1))), "verified", {
        engineId: "verified",
      });
      expect(await listed()).toEqual(["docs", "new", "old"]);
      expect(await listed("next")).toEqual(["elsewhere"]);
      expect(await listed("none")).toEqual([]);
    });

    test("say how their stages stand, and not what these printed and reported", async () => {
      await at().store.accept([look(hint(commit("d")))]);
      await started(commit("d"), "r1");
      const stage = {
        name: "test",
        state: "succeeded",
        startedAt: 1,
        endedAt: 2,
        why: "",
        output: "ok",
        reports: [{ kind: "missing", path: "r.xml" }],
      } as const;
      await at().store.recordExecution(held(subjectKey(pull(1))), "r1", { stages: [stage] });
      const [release] = await at().store.releases(shop, "main");
      expect(release?.stages).toEqual([{ ...stage, output: "", reports: [] }]);
      const [own] = await at().store.executions(subjectKey(commit("d")));
      expect(own?.stages).toEqual([stage]);
    });

    test("are so many of each pipeline at most", async () => {
      await at().store.accept([look(hint(commit("d")))]);
      await started(commit("d"), "docs", "docs");
      const names = Array.from({ length: limit.look.releases + 1 }, (_, index) => `r${index}`);
      for (const name of names) await started(commit("d"), name);
      expect(await listed()).toEqual([...names.slice(1).reverse(), "docs"]);
    });
  });

  describe("rollbacks", () => {
    const released = commit("d");
    const restored = commit("c");
    const wanted = {
      key: "comment:1|shop||",
      pipeline: "shop",
      spec: run("r").spec,
      stage: "deploy",
      execution: "released",
      from: released.sha,
      to: null,
      among: [],
      actor: "mia",
    };
    const { among: _, ...recorded } = wanted;
    const keys = [key, subjectKey(released), subjectKey(restored)];

    beforeEach(async () => {
      const { store } = at();
      await store.accept([look(hint(released), hint(restored))]);
      await store.intendRun(held(subjectKey(released)), run("released", { part: "release" }), 5);
      await store.intendRollback(held(key), wanted, 10);
      await at().clearJobs();
    });

    test("are intended once, and read by all whom they concern", async () => {
      await at().store.intendRollback(held(key), { ...wanted, stage: "other" }, 11);
      const intended = {
        ...recorded,
        sha: null,
        engineId: null,
        state: "intended",
        why: "",
        createdAt: 10,
        endedAt: null,
      };
      for (const concerned of keys.slice(0, 2))
        expect(await at().store.rollbacks(concerned)).toEqual([intended]);
      expect(await at().store.rollbacks(subjectKey(restored))).toEqual([]);
      const started = { state: "running", engineId: "e", sha: restored.sha } as const;
      await at().store.recordRollback(held(subjectKey(pull(1))), wanted.key, started);
      for (const concerned of keys)
        expect(await at().store.rollbacks(concerned)).toEqual([{ ...intended, ...started }]);
      expect(await at().store.rollbacks(subjectKey(pull(2)))).toEqual([]);
    });

    test("wake all whom they concern, by what is recorded and by what the engine tells", async () => {
      const woken = async () => (await at().queue.take(10)).map((job) => job.key).sort();
      await at().store.recordRollback(held(subjectKey(pull(1))), wanted.key, {
        state: "running",
        sha: restored.sha,
      });
      expect(await woken()).toEqual([...keys].sort());
      await at().clearJobs();
      at().time.now = () => 6_000;
      await at().store.wakeExecution(wanted.key, "others");
      at().time.now = null;
      expect(await woken()).toEqual([...keys].sort());
      for (const concerned of keys)
        expect(await at().store.subject(concerned)).toMatchObject({ heardAt: 6_000 });
      await at().clearJobs();
      await at().store.accept([
        delivery({
          kind: "moved",
          what: { kind: "run", key: wanted.key, told: "execution STARTED", resumed: false },
        }),
      ]);
      expect(await woken()).toEqual(keys.slice(0, 2).sort());
    });

    test("are listed for the repository as they were asked for, the newest of them", async () => {
      const { store } = at();
      const elsewhere = pull(1, { ...shop, name: "other" });
      await store.accept([look(hint(elsewhere))]);
      await store.intendRollback(held(subjectKey(elsewhere)), { ...wanted, key: "elsewhere" }, 1);
      // One at a time: a second one is refused while one runs.
      const end = (of: string) =>
        store.recordRollback(held(key), of, { state: "succeeded", endedAt: 5 });
      await end(wanted.key);
      for (let count = 2; count <= limit.look.rollbacks + 1; count += 1) {
        await store.intendRollback(held(key), { ...wanted, key: `${count}` }, 1_000 - count);
        await end(`${count}`);
      }
      const listed = (await store.rollbacksOf(shop)).map((one) => one.key);
      expect(listed).toHaveLength(limit.look.rollbacks);
      expect([listed[0], listed.at(-1)]).toEqual(["2", `${limit.look.rollbacks + 1}`]);
    });

    test("outlive anyone who asked for them, and go with the release, as the engine's own records do", async () => {
      const { store, pipelineRuns } = at();
      const old = 3_000 + limit.keep.subjects_ms;
      const start = { run: run("released"), repository: shop, pull: null, branch: "main" };
      const kept = {
        request: { kind: "start", start, source: "Source", variables: {} },
        executionId: null,
        startedAt: 5,
        heard: { count: 0, last: [] },
        acts: [],
      } as const;
      const tokens = ["released", wanted.key, "nobody's"];
      for (const token of tokens) await pipelineRuns.add({ ...kept, token });
      const left = async () =>
        (await pipelineRuns.since(0, { each: 10, all: 10 })).map(({ token }) => token).sort();
      await store.recordRollback(held(subjectKey(pull(1))), wanted.key, {
        state: "succeeded",
        endedAt: 20,
      });
      await store.record(record(pull(1), { open: false }));
      await store.prune(old);
      expect(await store.subject(key)).toBe(null);
      expect(await store.rollbacks(subjectKey(released))).toMatchObject([{ key: wanted.key }]);
      expect(await left()).toEqual([wanted.key, "released"]);
      await store.record(record(released, { open: false }));
      await store.prune(old);
      expect(await store.rollbacksOf(shop)).toEqual([]);
      expect(await left()).toEqual([]);
    });

    test("that have ended stay as they ended", async () => {
      await at().store.recordRollback(held(subjectKey(pull(1))), wanted.key, {
        state: "succeeded",
        endedAt: 20,
      });
      await at().store.recordRollback(held(subjectKey(pull(1))), wanted.key, {
        state: "running",
        endedAt: null,
      });
      expect(await at().store.rollbacks(key)).toMatchObject([{ state: "succeeded", endedAt: 20 }]);
    });
  });
});
