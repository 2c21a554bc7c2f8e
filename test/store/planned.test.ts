// Statements that PostgreSQL has planned keep working when a newer replica changes the tables under them.

import { expect, test } from "vitest";
import { openTestStore } from "./databases.ts";

test("a statement works on after its table got another column", async () => {
  const store = await openTestStore("postgres");
  const read = () => store.database.query("select * from interlock.tip where owner = $1", ["acme"]);
  await store.database.query(
    `insert into interlock.tip (owner, name, branch, sha, heard_at)
     values ($1, 'shop', 'main', 'a', null)`,
    ["acme"],
  );
  expect(await read()).toHaveLength(1);
  await store.database.exec("alter table interlock.tip add column newer text");
  expect(await read()).toEqual([expect.objectContaining({ sha: "a", newer: null })]);
  await store.close();
});
