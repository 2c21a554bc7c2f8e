// Writes down the shape of a database, in the same words on PGlite and on PostgreSQL.

import type { Database } from "../../src/store/database.ts";

/** Tables, columns, constraints and indexes of our schema, in the order of their names. */
export async function dumpSchema(database: Database): Promise<string> {
  const tables = await database.query<{ name: string; lines: readonly string[] }>(query);
  return tables.map(({ name, lines }) => `${name}\n${lines.join("\n")}\n`).join("\n");
}

const query = `
  with ours as (
    select class.oid, class.relname as name
      from pg_class as class
     where class.relkind = 'r' and class.relnamespace = 'interlock'::regnamespace
  ), line as (
    select ours.oid, 1 as part, attnum::text as place,
           '  ' || attname || ' ' || format_type(atttypid, atttypmod)
             || case when attnotnull then ' not null' else '' end
             || case when attidentity = '' then '' else ' identity' end
             || coalesce(' default ' || pg_get_expr(adbin, adrelid), '') as text
      from ours
      join pg_attribute on attrelid = ours.oid and attnum > 0 and not attisdropped
      left join pg_attrdef on adrelid = attrelid and adnum = attnum
    union all
    -- PostgreSQL 18 lists each "not null" as a constraint too.
    select ours.oid, 2, conname, '  ' || conname || ': ' || pg_get_constraintdef(pg_constraint.oid)
      from ours join pg_constraint on conrelid = ours.oid and contype <> 'n'
    union all
    select ours.oid, 3, relname, '  ' || pg_get_indexdef(indexrelid)
      from ours
      join pg_index on indrelid = ours.oid
      join pg_class on pg_class.oid = indexrelid
     where not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u'))
  )
  select name, array_agg(text order by part, case when part = 1 then lpad(place, 4, '0') else place end)
         as lines
    from ours join line using (oid)
   group by name order by name collate "C"`;
