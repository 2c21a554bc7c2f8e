// Readings of GitHub that later looks may use again.

import type { AgedReading, KeptReading, Moment } from "../port.ts";
import { type Connection, storeNow } from "./database.ts";

/** The sequence goes on at once and for everybody: whatever has its number was heard before this. */
export async function takeMoment(on: Connection, time: number | null): Promise<Moment> {
  const [row] = await on.query<Moment>(
    `select nextval('interlock.moment') as number, ${storeNow(1)} as at`,
    [time],
  );
  if (row === undefined) throw new Error("A statement without a row");
  return row;
}

export async function readReading(
  on: Connection,
  key: string,
  time: number | null,
): Promise<AgedReading | null> {
  const [row] = await on.query<{
    etag: string | null;
    read_at: number;
    moment: number;
    content: string;
    age: number;
  }>(
    `select etag, read_at, moment, content, ${storeNow(2)} - read_at as age
       from interlock.reading where key = $1`,
    [key, time],
  );
  if (row === undefined) return null;
  const { etag, read_at: at, moment: number, content, age: age_ms } = row;
  return { etag, moment: { number, at }, value: JSON.parse(content), age_ms };
}

/**
 * An older reading never replaces a newer one, however late it comes, and what was read before the name was
 * found to belong to another repository is not kept.
 */
export async function keepReading(
  on: Connection,
  key: string,
  reading: KeptReading,
): Promise<void> {
  await on.query(
    `insert into interlock.reading (key, etag, read_at, moment, content)
     select $1, $2, $3::bigint, $4::bigint, $5
      where not exists (select from interlock.repository
                         where owner = split_part(split_part($1, '|', 2), '/', 1)
                           and name = split_part(split_part($1, '|', 2), '/', 2)
                           and replaced > $4::bigint)
         on conflict (key) do update
        set etag = excluded.etag, read_at = excluded.read_at, moment = excluded.moment,
            content = excluded.content
      where reading.moment <= excluded.moment`,
    [
      key,
      reading.etag,
      reading.moment.at,
      reading.moment.number,
      JSON.stringify(reading.value ?? null),
    ],
  );
}

export async function dropReadings(on: Connection, keyPrefix: string): Promise<void> {
  const pattern = `${keyPrefix.replaceAll(/[\\%_]/g, "\\$&")}%`;
  await on.query("delete from interlock.reading where key like $1", [pattern]);
}
