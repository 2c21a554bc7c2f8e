// Opens an embedded database in a folder and writes: prints what the system was asked to bring to the disk, and when.

import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

let logs = 0;
let folders = 0;
/** Whether the log was written, and how many of its files were on the disk when the first page followed it. */
let isLogged = false;
let logsBeforePages: number | null = null;
const { fsync, fsyncSync, writeSync } = fs;
const isLog = (file: number) => fs.readlinkSync(`/proc/self/fd/${file}`).includes("/pg_wal/");
fs.fsync = Object.assign(
  (file: number, hear: fs.NoParamCallback) =>
    fsync(file, (error) => {
      logs += 1;
      hear(error);
    }),
  { __promisify__: fsync.__promisify__ },
);
fs.fsyncSync = (file) => {
  if (fs.fstatSync(file).isDirectory()) folders += 1;
  else if (isLog(file)) logs += 1;
  fsyncSync(file);
};
fs.writeSync = ((file: number, ...rest: [never]) => {
  if (isLog(file)) isLogged = true;
  else if (isLogged) logsBeforePages ??= logs;
  return writeSync(file, ...rest);
}) as typeof fs.writeSync;
// Before the store is loaded, which takes the functions by their names.
syncBuiltinESMExports();
const { openPglite } = await import("../../src/store/pglite.ts");

const { database } = await openPglite(process.argv[2] ?? "");
await database.exec("create table one (value integer)");
logs = 0;
await database.query("insert into one values (1)");
const written = logs;
logs = 0;
isLogged = false;
logsBeforePages = null;
// Nobody waits in between for the log.
await database.exec("insert into one values (2); checkpoint");
const before = logsBeforePages;
// The log goes on in a new file.
folders = 0;
await database.query("select pg_switch_wal()");
await database.query("insert into one values (3)");
await database.query("select pg_switch_wal()");
await database.query("checkpoint");
await database.query("insert into one values (4)");
const inFolders = folders;
await database.close();
console.log(JSON.stringify({ written, before, folders: inFolders }));
