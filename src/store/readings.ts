// Readings of GitHub that later looks may use again.

import type { KeptReading } from "../port.ts";
import type { Connection } from "./database.ts";

export async function readReading(on: Connection, key: string): Promise<KeptReading | null> {
  const [row] = await on.query<{ etag: string | null; read_at: number; content: string }>(
    "select etag, read_at, content from interlock.reading where key = $1",
    [key],
  );
  if (row === undefined) return null;
  return { etag: row.etag, readAt: row.read_at, value: JSON.parse(row.content) };
}

/** An older reading never replaces a newer one, however late it comes. */
export async function keepReading(
  on: Connection,
  key: string,
  reading: KeptReading,
): Promise<void> {
  await on.query(
    `insert into interlock.reading (key, etag, read_at, content) values ($1, $2, $3, $4)
         on conflict (key) do update
        set etag = excluded.etag, read_at = excluded.read_at, content = excluded.content
      where reading.read_at <= excluded.read_at`,
    [key, reading.etag, reading.readAt, JSON.stringify(reading.value ?? null)],
  );
}

export async function dropReadings(on: Connection, keyPrefix: string): Promise<void> {
  const pattern = `${keyPrefix.replaceAll(/[\\%_]/g, "\\$&")}%`;
  await on.query("delete from interlock.reading where key like $1", [pattern]);
}
