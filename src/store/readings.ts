// Readings of GitHub that later looks may use again.

import type { AgedReading, KeptReading, Moment } from "../ports/readings.ts";
import { type Connection, storableText, storeNow } from "./database.ts";

/** The sequence goes on at once and for everybody: whatever has its number was heard before this. */
export async function takeMoment(on: Connection, time: number | null): Promise<Moment> {
  const [row] = await on.query<Moment>(
    `select nextval('interlock.moment') as number, ${storeNow(1)} as at`,
    [time],
  );
  if (row === undefined) throw new Error("A statement without a row");
  return row;
}

export interface Recalled {
  readonly old: AgedReading | null;
  readonly moment: Moment;
}

/** In the order of the keys, with one moment for all of them that is taken before they are read. */
export async function recallReadings(
  on: Connection,
  keys: readonly string[],
  time: number | null,
): Promise<readonly Recalled[]> {
  const rows = await on.query<Row>(
    `with moment as materialized (
       select nextval('interlock.moment') as number, ${storeNow(2)} as now
     )
     select number, now, etag, read_at, reading.moment, content
       from moment cross join unnest($1::text[]) with ordinality as given (key, turn)
            left join interlock.reading using (key)
      order by turn`,
    [keys, time],
  );
  return rows.map(({ number, now, ...row }) => ({
    old: aged(row, now),
    moment: { number, at: now },
  }));
}

interface Row {
  readonly number: number;
  readonly now: number;
  readonly etag: string | null;
  readonly read_at: number | null;
  readonly moment: number | null;
  readonly content: string | null;
}

function aged(
  { etag, read_at: at, moment: number, content }: Omit<Row, "number" | "now">,
  now: number,
): AgedReading | null {
  if (at === null || number === null || content === null) return null;
  return { etag, moment: { number, at }, value: JSON.parse(content), age_ms: now - at };
}

export interface KeptUnder {
  readonly key: string;
  readonly reading: KeptReading;
}

/**
 * An older reading never replaces a newer one, however late it comes, and what was read before the name was
 * found to belong to another repository is not kept.
 */
export async function keepReadings(on: Connection, all: readonly KeptUnder[]): Promise<void> {
  const newest = new Map<string, KeptReading>();
  for (const { key, reading } of all) {
    const known = newest.get(storableText(key));
    if (known === undefined || known.moment.number <= reading.moment.number)
      newest.set(storableText(key), reading);
  }
  // In one order everywhere, so that two processes never wait for each other.
  const rows = [...newest].sort(([one], [other]) => (one < other ? -1 : 1));
  await on.query(
    `insert into interlock.reading (key, etag, read_at, moment, content)
     select key, etag, read_at, moment, content
       from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
            as given (key, etag, read_at, moment, content)
      where not exists (select from interlock.repository
                         where owner = split_part(split_part(given.key, '|', 2), '/', 1)
                           and name = split_part(split_part(given.key, '|', 2), '/', 2)
                           and replaced > given.moment)
         on conflict (key) do update
        set etag = excluded.etag, read_at = excluded.read_at, moment = excluded.moment,
            content = excluded.content
      where reading.moment <= excluded.moment`,
    [
      rows.map(([key]) => key),
      rows.map(([, { etag }]) => etag),
      rows.map(([, { moment }]) => moment.at),
      rows.map(([, { moment }]) => moment.number),
      rows.map(([, { value }]) => JSON.stringify(value ?? null)),
    ],
  );
}

export async function dropReadings(on: Connection, keyPrefix: string): Promise<void> {
  const pattern = `${keyPrefix.replaceAll(/[\\%_]/g, "\\$&")}%`;
  await on.query("delete from interlock.reading where key like $1", [pattern]);
}
