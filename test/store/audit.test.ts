// What the audit trail keeps, for how long, and what it never keeps from being recorded.

import { describe, expect, test } from "vitest";
import { subjectKey } from "../../src/core/model/event.ts";
import { limit } from "../../src/core/model/limit.ts";
import type { AuditEntry, AuditQuestion } from "../../src/ports/audit.ts";
import { auditTrail } from "../../src/store/audit.ts";
import { databaseKinds, storeFor } from "./databases.ts";
import { delivery, held, hint, look, pendingCommand, pull, run, shop } from "./make.ts";

const all: AuditQuestion = { since: 0, repository: null };

describe.each(databaseKinds)("the audit trail on %s", (kind) => {
  const at = storeFor(kind);
  const key = subjectKey(pull(1));

  async function read(question = all): Promise<readonly AuditEntry[]> {
    const entries: AuditEntry[] = [];
    for await (const entry of auditTrail(at().database).entries(question)) entries.push(entry);
    return entries;
  }

  test("is kept for a year, and for no longer", async () => {
    const { database, store } = at();
    const day = 86_400_000;
    const now = Date.now();
    const ages = [0, 364, 367, 1_000];
    for (const days of ages)
      await database.query(
        "insert into interlock.audit (kind, source, key, at) values ('settings', 'start', $1, $2)",
        [`${days}`, now - days * day],
      );
    // The clock that the sweep brings along has no say in it.
    await store.prune(now + 10_000 * day);
    expect((await read()).map(({ from }) => from.key)).toEqual(["0", "364"]);
  });

  test("is not changed and not shortened by anybody", async () => {
    const { database } = at();
    await database.exec("insert into interlock.audit (kind, source) values ('settings', 'start')");
    for (const statement of [
      "delete from interlock.audit",
      "update interlock.audit set actor = 'nobody'",
      "truncate interlock.audit",
    ])
      await expect(database.exec(statement)).rejects.toThrow("only added to");
    expect(await read()).toHaveLength(1);
  });

  test("outlives the subject that it is about", async () => {
    const { database, store } = at();
    const request = pendingCommand("comment:1");
    await store.accept([delivery({ kind: "intend", target: pull(1), request })]);
    await database.query("delete from interlock.subject");
    expect(await read()).toMatchObject([{ kind: "command", who: "ada", subject: key }]);
  });

  test("says a request that came twice once, with the delivery that was first", async () => {
    const { store } = at();
    const event = {
      kind: "intend",
      target: pull(1),
      request: pendingCommand("comment:1"),
    } as const;
    const [first, again] = [delivery(event), delivery(event)];
    await store.accept([first]);
    await store.accept([again, first]);
    expect(await read()).toMatchObject([{ from: { delivery: first.guid, key: "comment:1" } }]);
  });

  test("takes texts of others as they come", async () => {
    const { store } = at();
    await store.accept([look(hint(pull(1)))]);
    await store.intendRun(held(key), run("r"), 1);
    const why = 'a\\u0000\u0000\ud800 "key":"x" {"key":"y","state":"refused"}]';
    const act = { key: "comment:1|r", stage: why, state: "done", why, at: 1 } as const;
    await store.recordExecution(held(key), "r", { retries: [act], engineId: why });
    await store.recordApproval(held(key), "r", act);
    const end = { state: "failed", why, endedAt: 2, stopReason: `person:${why}` } as const;
    expect(await store.recordExecution(held(key), "r", end)).toBe("written");
    const entries = await read();
    expect(entries.map((entry) => `${entry.kind} ${entry.outcome}`).sort()).toEqual([
      "approval done",
      "end failed",
      "retry done",
      "start intended",
      "start started",
      "stop asked",
    ]);
    const approval = entries.find((entry) => entry.kind === "approval");
    expect(approval).toMatchObject({ detail: { act: { key: act.key, state: "done" } } });
  });

  test("is read from a date on, and for one repository, in pages", async () => {
    const { database } = at();
    await database.query(
      `insert into interlock.audit (kind, source, repository, at)
       select 'start', 'interlock', case when n % 2 = 0 then 'octo/shop' else 'octo/other' end,
              (extract(epoch from clock_timestamp()) * 1000)::bigint - n
         from generate_series(1, $1::integer) as n`,
      [2 * limit.store.audit_page + 10],
    );
    expect(await read()).toHaveLength(2 * limit.store.audit_page + 10);
    const repository = `${shop.owner}/${shop.name}`;
    expect(await read({ since: 0, repository })).toHaveLength(limit.store.audit_page + 5);
    expect(await read({ since: Date.now() + 60_000, repository: null })).toEqual([]);
  });

  test("tells at each start which settings changed", async () => {
    const trail = auditTrail(at().database);
    const start = (settings: Readonly<Record<string, unknown>>) =>
      trail.started({ host: "h1", settings });
    await start({ port: 1, topics: ["a"] });
    await start({ port: 1, topics: ["a"] });
    await start({ port: 2, topics: ["a"], network: "none" });
    const entries = await read();
    expect(entries.map(({ outcome }) => outcome)).toEqual(["first", "same", "changed"]);
    expect(entries[2]).toMatchObject({
      kind: "settings",
      who: "operator",
      from: { source: "start", key: "h1" },
      detail: { changed: { port: { from: 1, to: 2 }, network: { from: null, to: "none" } } },
    });
  });
});
