// A backup of what Interlock keeps, and its restore, as pg_dump and psql do it.

import type { Database } from "../../src/store/database.ts";

/** Takes a backup of all but the audit trail, which is not deleted by anybody; returns what restores it. */
export async function backup(database: Database): Promise<() => Promise<void>> {
  const tables = await database.query<{ name: string }>(
    `select table_name as name from information_schema.tables
      where table_schema = 'interlock' and table_type = 'BASE TABLE'
        and table_name not in ('audit', 'migration')`,
  );
  const kept = new Map<string, readonly { row: string }[]>();
  for (const { name } of tables)
    kept.set(
      name,
      await database.query(`select to_jsonb(kept)::text as row from interlock.${name} as kept`),
    );
  return async () => {
    await database.query("set session_replication_role = replica");
    for (const [name, rows] of kept) {
      await database.query(`delete from interlock.${name}`);
      const columns = await database.query<{ column: string }>(
        `select quote_ident(column_name) as column from information_schema.columns
          where table_schema = 'interlock' and table_name = $1 and is_generated = 'NEVER'`,
        [name],
      );
      const all = columns.map(({ column }) => column).join(", ");
      for (const { row } of rows)
        await database.query(
          `insert into interlock.${name} (${all}) overriding system value
           select ${all} from jsonb_populate_record(null::interlock.${name}, $1::text::jsonb)`,
          [row],
        );
    }
    await database.query("set session_replication_role = origin");
    await database.query("delete from pgboss.job");
  };
}
