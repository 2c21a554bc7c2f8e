// Empty databases on a server of the bench.

import pg from "pg";
import type { Server } from "../store/server.ts";

/** Each call makes one and returns its address. */
export function databasesOf(server: Server): () => Promise<string> {
  let count = 0;
  return async () => {
    count += 1;
    const name = `bench_${count}`;
    const client = new pg.Client(server.url("postgres"));
    await client.connect();
    await client.query(`create database ${name}`);
    await client.end();
    return server.url(name);
  };
}
