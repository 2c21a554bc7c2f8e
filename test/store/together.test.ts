// Reads that a look asks for together are one statement, and say what each says alone.

import { describe, expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import { createStore } from "../../src/store/store.ts";
import { databaseKinds, storeFor, storeKinds } from "./databases.ts";
import { check, commit, held, hint, inProgress, look, pull, run, sha, shop } from "./make.ts";

const landed = commit("c");
const key = subjectKey(landed);
const hostile = `"quotes" \\back ' $1 ü \u2028 \u0007 ${"long ".repeat(1_000)}`;

describe.each(storeKinds)("reads together on %s", (kind) => {
  const at = storeFor(kind);

  test("say what each of them says alone, in the same order", async () => {
    const { store } = at();
    await store.accept([
      look(hint(pull(1), sha("a"))),
      look(hint(commit("b"), sha("b"))),
      look(hint(landed, sha("c"))),
      look(hint(commit("d"), sha("d"))),
    ]);
    for (const [turn, subject] of [landed, commit("d")].entries()) {
      const wanted = run(`run-${turn}`, { part: "release", sha: subject.sha });
      await store.intendRun(held(subjectKey(subject)), wanted, 2_000);
      await store.recordExecution(held(subjectKey(subject)), wanted.key, { why: hostile });
    }
    await store.intendCheck(held(key), check(inProgress, { sha: sha("c") }));
    const questions = (reads: Pick<typeof store, keyof ReturnType<typeof store.together>>) =>
      Promise.all([
        reads.executions(key),
        reads.rollbacks(key),
        reads.requests(key),
        reads.answers(key),
        reads.checks(shop, [sha("c")]),
        reads.openChecks(key, ""),
        reads.siblings(key, shop, sha("c")),
        reads.told(shop, { kind: "branch", branch: "main" }),
        reads.newer(landed),
        reads.busy(landed),
        reads.waiting(landed),
        reads.carried(landed),
        reads.executions(key),
      ]);
    const alone = await questions(store);
    expect(await questions(store.together())).toEqual(alone);
    expect(alone[0]).toMatchObject([{ why: hostile, createdAt: 2_000 }]);
    expect(alone[8]).toMatchObject([{ sha: sha("d") }]);
  });
});

describe.each(databaseKinds)("statements on %s", (kind) => {
  const at = storeFor(kind);

  test("those of one turn are one, and what fails fails for all of them", async () => {
    const texts: string[] = [];
    let broken = false;
    const { database } = at();
    const store = createStore({
      database: {
        ...database,
        query: async (text, params) => {
          texts.push(text);
          if (broken) throw new Error("The database is gone");
          return await database.query(text, params);
        },
      },
      enqueue: async () => {},
      poke: () => {},
      clock: null,
      checkQueue: async () => {},
    });
    const reads = store.together();
    await Promise.all([reads.executions(key), reads.requests(key)]);
    expect(texts).toHaveLength(1);
    await Promise.all([store.recall("one"), store.recall("two"), store.reading("one")]);
    expect(texts).toHaveLength(2);
    const { moment } = await store.recall("one");
    const reading = { etag: null, moment, value: 1 };
    await Promise.all([store.keepReading("one", reading), store.keepReading("two", reading)]);
    expect(texts).toHaveLength(4);
    expect((await store.recall("two")).old).toMatchObject({ value: 1, moment });
    broken = true;
    const both = await Promise.allSettled([reads.executions(key), reads.requests(key)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  });
});
