// A name that belongs to another repository now: nothing of what was known under it counts.

import { beforeEach, describe, expect, test } from "vitest";
import { type Repository, subjectKey } from "../../src/core/event.ts";
import { storeFor, storeKinds } from "./databases.ts";
import { commit, delivery, held, look, pull, run, sha, shop, sight, wish } from "./make.ts";

const old: Repository = { ...shop, id: 1, ownerId: 9, defaultBranch: "main" };
const other: Repository = { ...old, id: 2 };
const push = (letter: string, repository: Repository, before: string | null) =>
  look({ subject: commit(letter, "main", repository), head: sha(letter), before });

describe.each(storeKinds)("a repository of another id on %s", (kind) => {
  const at = storeFor(kind);
  const row = (letter: string) => at().store.subject(subjectKey(commit(letter)));
  const idOf = async () => (await at().store.subject(subjectKey(pull(1))))?.subject.repository.id;

  beforeEach(async () => {
    const { store } = at();
    await store.accept([push("a", old, null), push("b", old, sha("a"))]);
    await store.accept([look(sight(pull(1, old)))]);
    const lease = held(subjectKey(commit("b")));
    await store.intendRun(lease, run("release-b", { part: "release", sha: sha("b") }), 5);
    await store.recordExecution(lease, "release-b", { engineId: "e1", state: "succeeded" });
    await store.recordFloor(lease, shop, "main", sha("b"));
    await store.recordGatedPlan(lease, shop, "main", "blob");
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
    expect(await store.gatedPlan(shop, "main")).toBeNull();
    expect(await store.reading("pull|octo/shop|1")).toBeNull();
  }

  test.each([
    ["id", other],
    ["owner", { ...old, ownerId: 8 }],
  ])("releases nothing by what the one of another %s had", async (_, told) => {
    await at().store.accept([push("b", told, sha("a"))]);
    expect(await row("b")).toMatchObject({ arrival: "first" });
    expect(await at().store.executions(subjectKey(commit("b")))).toEqual([]);
    await expectNothingOld();
  });

  test("releases nothing either of what comes together with what tells it", async () => {
    await at().store.accept([push("c", old, sha("b")), push("d", other, sha("c"))]);
    // What came before the one that told may be forgotten with the rest.
    expect((await row("c"))?.arrival ?? "first").toBe("first");
    expect((await row("d"))?.arrival).toBe("first");
  });

  test("is found by the resync, and by a request for a commit", async () => {
    await at().store.describe([other]);
    await expectNothingOld();
    await at().store.accept([look(sight(pull(1, other)))]);
    expect(await idOf()).toBe(2);

    const target = { kind: "head" as const, repository: old, sha: sha("b") };
    await at().store.accept([push("b", other, null)]);
    await at().store.accept([delivery({ kind: "intend", target, intention: wish("replayed") })]);
    expect(await row("b")).toBeNull();
  });

  test("has no id until GitHub was asked, whatever events say: an old one can be sent again", async () => {
    const { store } = at();
    for (const told of [other, old, other, old]) {
      await store.accept([look(sight(pull(1, told)))]);
      expect(await idOf()).toBeUndefined();
    }
    await store.describe([other]);
    expect(await idOf()).toBe(2);
  });

  test("is not written to by who looked at the old one", async () => {
    const { store } = at();
    const before = await store.lease(subjectKey(pull(1)));
    await store.accept([look(sight(pull(1, other)))]);
    await store.lease(subjectKey(pull(1)));
    expect(before).not.toBeNull();
    if (before === null) return;
    expect(await store.recordFloor(before, shop, "main", sha("b"))).toBe("lost");
  });

  test("leaves other names and the same repository alone", async () => {
    const { store } = at();
    const neighbour = { ...old, name: "shop-2", id: 7 };
    await store.accept([push("a", neighbour, null)]);
    await store.accept([push("c", old, sha("b")), look(sight(pull(1, other)))]);
    expect(await store.subject(subjectKey(commit("a", "main", neighbour)))).not.toBeNull();
    await store.describe([other]);
    await store.accept([push("c", other, null), push("d", other, sha("c"))]);
    await store.accept([push("e", { ...other, defaultBranch: "next" }, sha("d"))]);
    expect((await row("e"))?.arrival).toBeUndefined();
    expect((await row("e"))?.before).toBe(sha("d"));
  });

  test("that was renamed keeps its past under no new name, and the first sight releases nothing", async () => {
    const { store } = at();
    const renamed = { ...old, name: "store" };
    await store.accept([push("b", renamed, sha("a")), look(sight(pull(1, renamed)))]);
    const seen = await store.subject(subjectKey(commit("b", "main", renamed)));
    expect(seen?.arrival).toBe("first");
    expect(await store.releases(renamed, "main")).toEqual([]);
  });
});
