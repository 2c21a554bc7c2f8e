// Text that comes from outside is stored whatever it contains.

import { describe, expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import type { StageFact } from "../../src/core/model/fact.ts";
import { databaseKinds, storeFor } from "./databases.ts";
import {
  check,
  commit,
  delivery,
  held,
  hint,
  inProgress,
  look,
  pendingCommand,
  pull,
  run,
  sha,
  shop,
} from "./make.ts";

const nasty = "null \u0000, half a pair \ud800, quote ' \" \\ {,} %s $1 \u202e, \u{1f4a5}";

describe.each(databaseKinds)("hostile text on %s", (kind) => {
  const at = storeFor(kind);
  const key = subjectKey(pull(1));

  test("output of a stage comes back as it was", async () => {
    const stage: StageFact = {
      name: nasty,
      state: "failed",
      startedAt: 1,
      endedAt: 2,
      why: nasty,
      output: nasty,
      reports: [{ kind: "broken", path: nasty, why: nasty }],
    };
    await at().store.accept([look(hint(pull(1)))]);
    await at().store.intendRun(held(key), run("run"), 1);
    await at().store.recordExecution(held(key), "run", {
      state: "failed",
      why: nasty,
      stages: [stage],
    });
    const [execution] = await at().store.executions(key);
    expect(execution?.stages).toEqual([stage]);
    // Plain text cannot hold the two characters that PostgreSQL has no place for.
    expect(execution?.why).toBe(nasty.replace("\u0000", "\ufffd").replace("\ud800", "\ufffd"));
  });

  test("names from a payload cannot break the intake of their neighbours", async () => {
    const branch = `x${nasty}`;
    const strange = commit("a", branch);
    await at().store.accept([
      delivery({
        kind: "intend",
        target: pull(1),
        request: pendingCommand("comment:1", { actor: nasty }),
      }),
      look(hint(strange)),
      delivery({ kind: "ignored", reason: "unknown_action" }, { name: nasty, action: nasty }),
      look(hint(pull(2), sha("a"))),
    ]);
    const jobs = await at().queue.take(10);
    expect(jobs).toHaveLength(3);
    for (const job of jobs) expect(await at().store.subject(job.key)).not.toBe(null);
  });

  test("a check and a reading come back as they were", async () => {
    await at().store.accept([look(hint(pull(1)))]);
    const wanted = check(inProgress, { title: nasty, summary: nasty });
    await at().store.recordCheck(held(key), wanted, { id: 1, at: 1 });
    const present = async () => (await at().store.checks(shop, [wanted.sha]))[0]?.content;
    expect(await present()).toEqual(wanted);
    await at().store.intendCheck(held(key), check(inProgress));
    await at().store.dropIntendedCheck(held(key), check(inProgress));
    expect(await present()).toEqual(wanted);
    const moment = { number: 1, at: 1 };
    const reading = { etag: null, moment, value: { nasty: [nasty, null, 1.5, false] } };
    await at().store.keepReading("a", reading);
    expect(await at().store.reading("a")).toMatchObject(reading);
  });
});
