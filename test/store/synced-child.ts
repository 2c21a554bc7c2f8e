// Opens an embedded database in a folder and writes: prints how often the system was asked to bring it to the disk.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

let files = 0;
let folders = 0;
const { fsyncSync } = fs;
fs.fsyncSync = (file) => {
  if (fs.fstatSync(file).isDirectory()) folders += 1;
  else files += 1;
  fsyncSync(file);
};
// Before the store is loaded, which takes the function by its name.
syncBuiltinESMExports();
const { openPglite } = await import("../../src/store/pglite.ts");

const { database } = await openPglite(process.argv[2] ?? "");
await database.exec("create table one (value integer)");
files = 0;
await database.query("insert into one values (1)");
const written = files;
// The log goes on in a new file.
await database.query("select pg_switch_wal()");
folders = 0;
await database.query("insert into one values (2)");
await database.query("select pg_switch_wal()");
await database.query("checkpoint");
await database.query("insert into one values (3)");
await database.close();
console.log(JSON.stringify({ written, folders }));
