// Accepts deliveries until it is killed, and prints the id of each one once it was told that it is stored.
// Arguments: the address of a PostgreSQL, or a data folder.

import { writeSync } from "node:fs";
import { openStore } from "../../src/store/open.ts";
import { hint, look, pull } from "./make.ts";
import { silent } from "./silent.ts";

const [place = ""] = process.argv.slice(2);
const remote = place.startsWith("postgres:");
const { store, queue } = await openStore({
  databaseUrl: remote ? place : null,
  dataDir: remote ? null : place,
  log: silent,
});

for (let number = (process.pid % 100_000) * 10_000; ; ) {
  const group = Array.from({ length: 1 + (number % 7) }, () => look(hint(pull(number++))));
  await store.accept(group);
  // Written at once and completely, so that the other side knows what was said before the kill.
  for (const { guid } of group) writeSync(1, `${guid}\n`);
  // Some jobs are leased when the end comes.
  await queue.take(2);
}
