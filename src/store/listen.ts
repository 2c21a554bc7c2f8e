// A connection that only listens, and connects again for as long as it is wanted.

import type pg from "pg";
import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";
import type { Listening } from "./database.ts";

/** Rejects where the first connection fails; later ones are tried until closed. */
export async function listenOn(
  make: () => pg.Client,
  channel: string,
  hear: (payload: string | null) => void,
  log: Log,
): Promise<Listening> {
  let closed = false;
  let current: pg.Client | null = null;
  let timer: NodeJS.Timeout | undefined;

  const connect = async () => {
    const client = make();
    current = client;
    let over = false;
    const lost = (error: Error | null) => {
      if (over) return;
      over = true;
      if (current === client) current = null;
      client.end().catch(() => {});
      if (closed) return;
      log.warn({ err: error }, "The connection that hears of new work broke; connecting again");
      again();
    };
    client.on("notification", (notice) => hear(notice.payload ?? ""));
    try {
      await client.connect();
      await client.query(`listen ${client.escapeIdentifier(channel)}`);
    } catch (error) {
      client.end().catch(() => {});
      throw error;
    }
    client.on("error", lost);
    client.on("end", () => lost(null));
    // Whatever was said while nobody listened is made up for by looking once.
    hear(null);
  };

  const again = () => {
    timer = setTimeout(() => {
      if (!closed) connect().catch(again);
    }, limit.store.reconnect_ms);
  };

  await connect();
  return {
    close: async () => {
      closed = true;
      clearTimeout(timer);
      await current?.end().catch(() => {});
    },
  };
}
