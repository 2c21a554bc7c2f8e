// The audit trail: the triggers of migration 11 add its rows, and each start of the program one.

import { limit } from "../core/model/limit.ts";
import type { AuditEntry, AuditQuestion, AuditTrail } from "../ports/audit.ts";
import type { Database } from "./database.ts";

export function auditTrail(database: Database): AuditTrail {
  return {
    async started({ host, settings }) {
      await database.transaction(async (tx) => {
        const [last] = await tx.query<{ detail: string }>(
          "select detail from interlock.audit where kind = 'settings' order by position desc limit 1",
        );
        const before = last === undefined ? null : (JSON.parse(last.detail) as Detail).settings;
        const changed = before === null ? {} : changesOf(before, settings);
        await tx.query(
          `insert into interlock.audit (kind, actor, source, key, detail, outcome)
           values ('settings', 'operator', 'start', $1, $2, $3)`,
          [
            host,
            JSON.stringify({ changed, settings } satisfies Detail),
            before === null ? "first" : Object.keys(changed).length === 0 ? "same" : "changed",
          ],
        );
      });
    },

    async *entries({ since, repository }: AuditQuestion) {
      let after = 0;
      for (;;) {
        const rows = await database.query<Row>(
          `select * from interlock.audit
            where position > $1 and at >= $2 and ($3::text is null or lower(repository) = lower($3))
            order by position limit ${limit.store.audit_page}`,
          [after, since, repository],
        );
        for (const row of rows) yield entryOf(row);
        const last = rows.at(-1);
        if (last === undefined) return;
        after = last.position;
      }
    },
  };
}

interface Detail {
  readonly changed: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  readonly settings: Readonly<Record<string, unknown>>;
}

/** By name. What either side does not have is null. */
function changesOf(before: Detail["settings"], now: Detail["settings"]): Detail["changed"] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return Object.fromEntries(
    names
      .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
      .map((name) => [name, { from: before[name] ?? null, to: now[name] ?? null }]),
  );
}

interface Row {
  readonly position: number;
  readonly at: number;
  readonly kind: AuditEntry["kind"];
  readonly repository: string | null;
  readonly subject: string | null;
  readonly actor: string | null;
  readonly source: AuditEntry["from"]["source"];
  readonly key: string | null;
  readonly delivery: string | null;
  readonly detail: string;
  readonly outcome: string;
}

function entryOf(row: Row): AuditEntry {
  return {
    at: new Date(row.at).toISOString(),
    kind: row.kind,
    who: row.actor,
    from: { source: row.source, key: row.key, delivery: row.delivery },
    repository: row.repository,
    subject: row.subject,
    outcome: row.outcome,
    detail: JSON.parse(row.detail) as unknown,
  };
}
