// Names and ids: a name that belongs to another repository now brings nothing of its past, a repository that
// was renamed brings all of its own, and an old event that is sent again changes neither.

import { beforeEach, describe, expect, test } from "vitest";
import { type Repository, removalKey, subjectKey } from "../../src/core/model/event.ts";
import { storeFor, storeKinds } from "./databases.ts";
import {
  check,
  commit,
  delivery,
  held,
  hint,
  look,
  pendingCommand,
  pull,
  run,
  sha,
  shop,
  success,
} from "./make.ts";

const old: Repository = { ...shop, id: 1, ownerId: 9, defaultBranch: "main" };
const other: Repository = { ...old, id: 2 };
const renamed: Repository = { ...old, name: "store" };
const push = (letter: string, repository: Repository, before: string | null) =>
  look({ subject: commit(letter, "main", repository), head: sha(letter), before });

describe.each(storeKinds)("a repository on %s", (kind) => {
  const at = storeFor(kind);
  const rowIn = (repository: Repository, letter: string) =>
    at().store.subject(subjectKey(commit(letter, "main", repository)));
  const row = (letter: string) => rowIn(shop, letter);
  const idOf = async () => (await at().store.subject(subjectKey(pull(1))))?.subject.repository.id;
  const answer = async (...told: readonly Repository[]) =>
    await at().store.describe(told, await at().store.moment());

  beforeEach(async () => {
    const { store } = at();
    await store.accept([push("a", old, null), push("b", old, sha("a"))]);
    await store.accept([look(hint(pull(1, old), sha("c")))]);
    const lease = held(subjectKey(commit("b")));
    await store.intendRun(lease, run("release-b", { part: "release", sha: sha("b") }), 5);
    await store.recordExecution(lease, "release-b", { engineId: "e1", state: "succeeded" });
    await store.recordFloor(lease, shop, "main", sha("b"));
    await store.recordGatedPlan(lease, shop, "main", "blob");
    await store.recordCheck(held(subjectKey(pull(1))), check(success), { id: 5, at: 6 });
    await store.keepReading("pull|octo/shop|1", {
      etag: "x",
      moment: await store.moment(),
      value: 1,
    });
    expect((await row("b"))?.arrival).toBeUndefined();
    expect(await idOf()).toBe(1);
  });

  async function expectNothingOld(): Promise<void> {
    const { store } = at();
    expect(await row("a")).toBeNull();
    expect(await store.releases(shop, "main")).toEqual([]);
    expect(await store.floor(shop, "main")).toBeNull();
    expect(await store.tip(shop, "main")).not.toBe(sha("b"));
    expect(await store.gatedPlan(shop, "main")).toBeNull();
    expect(await store.reading("pull|octo/shop|1")).toBeNull();
    expect(await store.checks(shop, [sha("a")])).toEqual([]);
  }

  async function expectAllOld(): Promise<void> {
    const { store } = at();
    expect(await idOf()).toBe(1);
    expect(await store.releases(shop, "main")).toHaveLength(1);
    expect(await store.floor(shop, "main")).toBe(sha("b"));
    expect(await store.gatedPlan(shop, "main")).toBe("blob");
    expect(await store.checks(shop, [sha("a")])).toHaveLength(1);
  }

  test.each([
    ["id", other],
    ["owner", { ...old, ownerId: 8 }],
  ])("of another %s has nothing of what was known under its name", async (_, told) => {
    await answer(told);
    await expectNothingOld();
    expect(await at().store.openSubjects(shop)).toMatchObject([
      { subject: { kind: "repository" } },
    ]);
    await at().store.accept([push("b", told, sha("a"))]);
    expect(await row("b")).toMatchObject({ arrival: "first" });
    expect(await at().store.executions(subjectKey(commit("b")))).toEqual([]);
  });

  test("that an event alone tells of changes nothing before GitHub was asked, and loses nothing", async () => {
    const { store } = at();
    await store.accept([push("c", other, sha("b"))]);
    const target = pull(1, other);
    await store.accept([
      delivery({ kind: "intend", target, request: pendingCommand("comment:7") }),
    ]);
    await expectAllOld();
    expect(await row("c")).toBeNull();
    expect(await store.requests(subjectKey(pull(1)))).toEqual([]);
    expect(await store.claims(old)).not.toEqual([]);

    await answer(other);
    await expectNothingOld();
    expect(await row("c")).toMatchObject({ arrival: "first" });
    expect(await store.requests(subjectKey(pull(1)))).toMatchObject([{ key: "comment:7" }]);
    expect(await store.claims(other)).toEqual([]);
  });

  test("is not changed by an old event of the one before, which is dropped", async () => {
    const { store } = at();
    await answer(other);
    await store.accept([push("d", other, null), look(hint(pull(2, other)))]);
    const target = { kind: "head" as const, repository: old, sha: sha("d") };
    await store.accept([
      push("b", old, sha("a")),
      delivery({ kind: "intend", target, request: pendingCommand("replayed") }),
    ]);
    expect((await store.subject(subjectKey(pull(2))))?.subject.repository.id).toBe(2);
    await answer(other);
    expect(await row("b")).toBeNull();
    expect(await row("d")).not.toBeNull();
    expect(await store.requests(subjectKey(commit("d")))).toEqual([]);
    expect(await store.claims(other)).toEqual([]);
  });

  test("keeps what was told after GitHub was asked, and a late answer changes nothing", async () => {
    const { store } = at();
    const before = await store.moment();
    await store.accept([look(hint(pull(3, other)))]);
    await store.describe([old], before);
    expect(await store.claims(old)).not.toEqual([]);
    await answer(other);
    expect(await store.subject(subjectKey(pull(3)))).not.toBeNull();
    await store.describe([old], before);
    expect((await store.subject(subjectKey(pull(3))))?.subject.repository.id).toBe(2);
  });

  test("is not forgotten because an old event says that the one before was taken away", async () => {
    const { store } = at();
    await answer(other);
    await store.accept([delivery({ kind: "forget", repositories: [{ ...shop, id: 1 }] })]);
    expect(await store.reading(removalKey(shop))).toBeNull();
    await store.forget({ ...shop, id: 1 });
    expect(await store.openSubjects(shop)).not.toEqual([]);
    await store.forget({ ...shop, id: 2 });
    expect(await store.openSubjects(shop)).toEqual([]);
  });

  test("is not written to by who looked at the one before, nor by what was read of that", async () => {
    const { store } = at();
    const moment = await store.moment();
    const before = await store.lease(subjectKey(pull(1)));
    await answer(other);
    await store.accept([look(hint(pull(1, other)))]);
    expect(before).not.toBeNull();
    if (before === null) return;
    expect(await store.recordFloor(before, shop, "main", sha("b"))).toBe("lost");
    await store.lease(subjectKey(pull(1)));
    expect(await store.recordFloor(before, shop, "main", sha("b"))).toBe("lost");
    await store.keepReading("plan-at|octo/shop|", { etag: null, moment, value: "foreign" });
    expect(await store.reading("plan-at|octo/shop|")).toBeNull();
  });

  test("has keys of attempts that none before it had, also where the first comes back", async () => {
    const { store } = at();
    const keys = new Set<string | undefined>();
    const subject = { kind: "repository", repository: shop } as const;
    for (const one of [old, other, old, other]) {
      await answer(one);
      await store.see([{ subject, head: null, before: null }], 1);
      keys.add((await store.lease(subjectKey(subject)))?.generation);
    }
    expect(keys.size).toBe(4);
  });

  test("leaves others alone", async () => {
    const { store } = at();
    const neighbour = { ...old, name: "shop-2", id: 7 };
    await store.accept([push("a", neighbour, null)]);
    await answer(other);
    expect(await rowIn(neighbour, "a")).not.toBeNull();
    const switched = { ...other, defaultBranch: "next" };
    await answer(switched);
    await store.accept([push("d", switched, null), push("e", switched, sha("d"))]);
    expect(await row("e")).toMatchObject({ before: sha("d") });
    expect((await row("e"))?.arrival).toBeUndefined();
  });

  describe("that was renamed", () => {
    test("keeps its past under the new name, and nothing waits under the old one", async () => {
      const { store } = at();
      const lease = await store.lease(subjectKey(pull(1)));
      await answer(renamed);
      expect(await store.openSubjects(shop)).toEqual([]);
      expect(await store.releases(renamed, "main")).toMatchObject([{ key: "release-b" }]);
      expect(await store.executions(subjectKey(commit("b", "main", renamed)))).toHaveLength(1);
      expect(await store.floor(renamed, "main")).toBe(sha("b"));
      expect(await store.gatedPlan(renamed, "main")).toBe("blob");
      expect(await store.checks(renamed, [sha("a")])).toMatchObject([{ id: 5 }]);
      const moved = await store.subject(subjectKey(pull(1, renamed)));
      expect(moved).toMatchObject({ head: sha("c"), subject: { repository: { id: 1 } } });
      if (lease !== null)
        expect(await store.recordFloor(lease, renamed, "main", sha("a"))).toBe("lost");
      // What lands next is compared with what landed before the change of the name.
      await store.accept([push("c", renamed, sha("b"))]);
      expect(await rowIn(renamed, "c")).toMatchObject({ before: sha("b") });
      expect((await rowIn(renamed, "c"))?.arrival).toBeUndefined();
    });

    test("has what events told under the new name once GitHub was asked", async () => {
      const { store } = at();
      const target = pull(1, renamed);
      await store.accept([push("c", renamed, sha("b"))]);
      await store.accept([
        delivery({ kind: "intend", target, request: pendingCommand("comment:8") }),
      ]);
      expect(await rowIn(renamed, "c")).toBeNull();
      expect(await store.claims(old)).toMatchObject([{ name: "store" }]);
      await answer(renamed);
      expect(await rowIn(renamed, "c")).toMatchObject({ before: sha("b") });
      expect(await store.requests(subjectKey(pull(1, renamed)))).toHaveLength(1);
      // An old event that calls it by its old name changes nothing.
      await store.accept([push("a", old, null)]);
      await answer(renamed);
      expect(await row("a")).toBeNull();
      expect(await store.releases(renamed, "main")).toHaveLength(1);
    });

    test("takes its past along though another one has its name already", async () => {
      await answer(other, renamed);
      await expectNothingOld();
      expect(await at().store.releases(renamed, "main")).toHaveLength(1);
      await at().store.accept([push("b", other, sha("a"))]);
      expect(await row("b")).toMatchObject({ arrival: "first" });
    });

    test("keeps what was told under the old name while another one's is asked about that has it now", async () => {
      const { store } = at();
      await answer(renamed);
      await store.accept([look(hint(pull(5, other)))]);
      const target = pull(1, old);
      await store.accept([
        delivery({ kind: "intend", target, request: pendingCommand("comment:9") }),
      ]);
      await answer(other);
      expect(await store.requests(subjectKey(pull(1, renamed)))).toEqual([]);
      await answer(renamed);
      expect(await store.requests(subjectKey(pull(1, renamed)))).toMatchObject([
        { key: "comment:9" },
      ]);
      expect(await store.claims(renamed)).toEqual([]);
    });

    test("can have changed names with another one", async () => {
      const { store } = at();
      const second = { ...old, name: "store", id: 7 };
      await store.accept([push("e", second, null)]);
      await answer({ ...second, name: "shop" }, renamed);
      expect(await store.releases(renamed, "main")).toHaveLength(1);
      expect(await store.releases(shop, "main")).toEqual([]);
      expect(await row("e")).not.toBeNull();
      expect(await rowIn(renamed, "b")).not.toBeNull();
    });

    test("can be called as it was before", async () => {
      const { store } = at();
      const lease = await store.lease(subjectKey(pull(1)));
      await answer(renamed);
      await answer(old);
      expect(await store.releases(shop, "main")).toHaveLength(1);
      if (lease !== null)
        expect(await store.recordFloor(lease, shop, "main", sha("a"))).toBe("lost");
    });

    test("with a new owner has no past: it is another one's production", async () => {
      const given = { ...renamed, owner: "new", ownerId: 5 };
      await answer(given);
      await at().store.accept([push("b", given, sha("a"))]);
      await answer(given);
      expect(await rowIn(given, "b")).toMatchObject({ arrival: "first" });
      expect(await at().store.releases(given, "main")).toEqual([]);
    });
  });
});
