// Landed commits of a branch: which came before and after, what they carry, and who waits for whom.

import { describe, expect, test } from "vitest";
import { type Repository, type Subject, subjectKey } from "../../src/core/model/event.ts";
import { limit } from "../../src/core/model/limit.ts";
import { storeFor, storeKinds } from "./databases.ts";
import { commit, held, hint, look, pull, record, run, sha, shop } from "./make.ts";

describe.each(storeKinds)("landed commits on %s", (kind) => {
  const at = storeFor(kind);

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

  describe("landed commits", () => {
    const other: Repository = { ...shop, name: "other" };

    test("are newer or older by the order in which they were heard of", async () => {
      // Neither the names nor the times say what came first.
      await see(commit("c"), commit("a"), commit("x", "next"), commit("c", "main", other));
      await see(commit("b"));
      const release = { part: "release", sha: sha("b") } as const;
      const key = subjectKey(commit("b"));
      await at().store.intendRun(held(key), run("1", { ...release, pipeline: "web" }), 1);
      await at().store.intendRun(held(key), run("2", { ...release, pipeline: "api" }), 1);
      await at().store.intendRun(
        held(key),
        run("3", { ...release, pipeline: "api", attempt: 2 }),
        1,
      );
      await settle(commit("b"), "in_progress");
      expect(await at().store.newer(commit("c"))).toEqual([
        { key: subjectKey(commit("a")), sha: sha("a"), verdict: null, released: [], places: [] },
        {
          key,
          sha: sha("b"),
          verdict: "in_progress",
          released: ["api", "web"],
          places: [
            { pipeline: "api", at: "local" },
            { pipeline: "web", at: "local" },
          ],
        },
      ]);
      expect(await at().store.newer(commit("b"))).toEqual([]);
      expect(await at().store.newer(commit("e"))).toEqual([]);
      expect(await at().store.landed(shop, "main", sha("b"))).toMatchObject({ key });
      expect(await at().store.landed(shop, "next", sha("b"))).toBe(null);
    });

    test("are told as the next ones and, however far away, the newest release of each pipeline", async () => {
      const many = Array.from({ length: 60 }, (_, at) => ({
        ...commit("a"),
        sha: at.toString(16).padStart(40, "0"),
      }));
      await see(...many);
      const releases: readonly [number, string][] = [
        [3, "shop"],
        [30, "shop"],
        [45, "shop"],
        [40, "api"],
      ];
      for (const [at_, pipeline] of releases) {
        const one = many[at_] ?? commit("a");
        const wanted = run(`${at_}`, { pipeline, part: "release", sha: one.sha });
        await at().store.intendRun(held(subjectKey(one)), wanted, 1);
      }
      const newer = async (from: number) =>
        (await at().store.newer(many[from] ?? commit("a"))).map(({ sha: of, released }) => [
          Number.parseInt(of, 16),
          ...released,
        ]);
      const next = (from: number) =>
        Array.from({ length: limit.look.later }, (_, step) => [from + 1 + step]);
      expect(await newer(10)).toEqual([...next(10), [40, "api"], [45, "shop"]]);
      expect(await newer(48)).toEqual(next(48));
      expect(await at().store.waiting(many[59] ?? commit("a"))).toEqual(
        many.slice(0, limit.look.earlier).map(subjectKey),
      );
    });

    test("find the open pull requests into a base, or all", async () => {
      await see(...[1, 2, 3, 4].map((number) => pull(number)), pull(5, other));
      for (const [number, base] of [
        [1, "main"],
        [2, "next"],
        [3, "main"],
      ] as const)
        await at().store.record(record(pull(number), { base }));
      await at().store.record(record(pull(4), { base: "main", open: false }));
      const open = (base: string | null, most: number | null = null) =>
        at().store.openPulls(shop, { base, most });
      expect(await open("main")).toEqual([pull(1), pull(3)].map(subjectKey));
      expect(await open("main", 1)).toHaveLength(1);
      expect(await open("other", 1)).toEqual([]);
      expect(await open(null)).toEqual([pull(1), pull(2), pull(3)].map(subjectKey));
    });

    test("wait while they are open without a final verdict", async () => {
      await see(commit("a"), commit("b"), commit("c"), commit("d"), commit("e"));
      await settle(commit("a"), "in_progress");
      await settle(commit("b"), "success");
      await at().store.record(record(commit("c"), { open: false }));
      expect(await at().store.waiting(commit("e"))).toEqual(
        [commit("a"), commit("d")].map(subjectKey),
      );
      expect(await at().store.waiting(commit("a"))).toEqual([]);
    });

    test("keep a pipeline busy while its release runs for another one", async () => {
      await see(commit("a"), commit("b"), pull(1), commit("a", "main", other));
      const release = { part: "release", sha: sha("a") } as const;
      await at().store.intendRun(held(subjectKey(commit("a"))), run("1", release), 1);
      await at().store.intendRun(held(subjectKey(pull(1))), run("2"), 1);
      await at().store.intendRun(
        held(subjectKey(commit("a", "main", other))),
        run("3", release),
        1,
      );
      const busy = { pipeline: "shop", sha: sha("a"), key: subjectKey(commit("a")) };
      expect(await at().store.busy(commit("b"))).toMatchObject([busy]);
      expect(await at().store.busy(commit("a"))).toEqual([]);
      await at().store.recordExecution(held(subjectKey(pull(1))), "1", {
        state: "failed",
        endedAt: 2,
      });
      expect(await at().store.busy(commit("b"))).toEqual([]);
    });
  });

  describe("commits that a release carries", () => {
    const release = (letter: string, pipeline = "shop") =>
      at().store.intendRun(
        held(subjectKey(commit(letter))),
        run(`${letter}-${pipeline}`, { pipeline, part: "release", sha: sha(letter) }),
        1,
      );
    const carried = async (letter: string) =>
      (await at().store.carried(commit(letter))).map((key) => key.replace(/^.*@(.).*$/, "$1"));

    test("landed after the last one before it that had a release", async () => {
      await see(...[..."cba"].map((letter) => commit(letter)), commit("9", "next"));
      await see(...[..."fed"].map((letter) => commit(letter)));
      expect(await carried("f")).toEqual(["c", "b", "a"]);
      await release("b");
      expect(await carried("f")).toEqual(["a"]);
      await release("f");
      await release("d");
      expect(await carried("f")).toEqual(["a"]);
      expect(await carried("d")).toEqual(["e"]);
      expect(await carried("c")).toEqual([]);
      expect(await carried("8")).toEqual([]);
    });

    test("a release of another pipeline takes nothing from it", async () => {
      await see(...[..."abcde"].map((letter) => commit(letter)));
      await release("a");
      await release("c", "docs");
      await release("e");
      expect(await carried("e")).toEqual(["b", "c", "d"]);
      await release("e", "never");
      expect(await carried("e")).toEqual(["a", "b", "c", "d"]);
    });

    test("are the last so many", async () => {
      const branch = (index: number) => ({ ...commit("a"), sha: String(index).padStart(40, "0") });
      const all = Array.from({ length: limit.look.carried + 2 }, (_, index) => branch(index));
      await see(...all);
      const last = all.at(-1);
      expect(last && (await at().store.carried(last))).toEqual(all.slice(1, -1).map(subjectKey));
    });
  });
});
