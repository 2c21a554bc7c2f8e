// Why a store cannot be opened, in a sentence that begins with the setting to change and tells no password.

import { mkdir, open, readdir, rm, stat, statfs } from "node:fs/promises";
import { dirname, join } from "node:path";
import { limit } from "../core/model/limit.ts";
import { fileMode, folderMode } from "./private-files.ts";

/** Its message is for the operator; what went wrong below it is its cause. */
export class StoreTrouble extends Error {
  override name = "StoreTrouble";
}

// ---------------------------------------------------------------- the data folder

/** Makes the folder and writes a file into it for a moment. Throws `StoreTrouble`. */
export async function prepareFolder(folder: string): Promise<void> {
  const probe = join(folder, `probe.${process.pid}`);
  try {
    await mkdir(folder, { recursive: true, mode: folderMode });
    const file = await open(probe, "w", fileMode);
    try {
      await file.write(Buffer.alloc(limit.store.probe_bytes));
      await file.sync();
    } finally {
      await file.close();
      await rm(probe, { force: true });
    }
  } catch (error) {
    throw await folderTrouble(folder, error);
  }
}

/** Throws `StoreTrouble` where a new store would not find room: half of one would stay there, and fail for ever. */
export async function demandSpace(folder: string): Promise<void> {
  await prepareFolder(folder);
  const found = await readdir(folder);
  // What else lies there, a store has made.
  if (found.includes("database") || (await freeIn(folder)) >= limit.store.new_bytes) return;
  throw new StoreTrouble(
    `INTERLOCK_DATA_DIR: ${folder} has no space for a new store, which takes ${limit.store.new_bytes / 2 ** 20} MiB. Free some, or set another folder.`,
  );
}

/** What an error of the file system, or of the database on it, means for the folder. */
export async function folderTrouble(folder: string, error: unknown): Promise<StoreTrouble> {
  const say = (sentence: string) =>
    new StoreTrouble(`INTERLOCK_DATA_DIR: ${sentence}`, { cause: error });
  const blocking = await fileIn(folder);
  if (blocking !== null) return say(`${blocking} is a file, and a folder is needed there.`);
  const code = await codeOfFolder(folder, error);
  switch (code) {
    case "EACCES":
    case "EPERM":
      return say(
        `this user may not write to ${folder}. Give the folder to the user that Interlock runs as, or set another one.`,
      );
    case "EROFS":
      return say(`${folder} is on a file system that is read-only. Set another folder.`);
    case "ENOSPC":
    case "EDQUOT":
      return say(`${folder} has no space left. Free some, or set another folder.`);
    default: {
      if ((await freeIn(folder)) < limit.store.probe_bytes * 16)
        return say(`${folder} has no space left. Free some, or set another folder.`);
      const why = code ?? (error instanceof Error && error.message !== "" ? error.message : null);
      return say(`${folder} cannot be used${why === null ? "" : ` (${why})`}.`);
    }
  }
}

/** A folder that cannot be made is reported as missing by Node, whatever stands in the way. */
async function codeOfFolder(folder: string, error: unknown): Promise<string | null> {
  const code = codeOf(error);
  if (code !== "ENOENT") return code;
  for (let path = folder; dirname(path) !== path; path = dirname(path)) {
    const isThere = await stat(dirname(path)).then(
      () => true,
      () => false,
    );
    if (!isThere) continue;
    return await mkdir(path).then(
      () => code,
      (reason: unknown) => codeOf(reason),
    );
  }
  return code;
}

/** The folder or the one above it that is no folder; null where all are, as far as they are there. */
async function fileIn(folder: string): Promise<string | null> {
  for (let path = folder; ; path = dirname(path)) {
    const found = await stat(path).catch(() => null);
    if (found !== null) return found.isDirectory() ? null : path;
    if (dirname(path) === path) return null;
  }
}

async function freeIn(folder: string): Promise<number> {
  const read = await statfs(folder).catch(() => null);
  return read === null ? Number.POSITIVE_INFINITY : read.bavail * read.bsize;
}

// ---------------------------------------------------------------- the database

/** What an error while opening the PostgreSQL at the address means. */
export function databaseTrouble(url: string, error: unknown): StoreTrouble {
  const place = placeOf(url);
  const code = codeOf(error);
  const sentence = sentenceOf(place, code);
  const said = sentence === null || isOfPostgres(code) ? messageOf(error) : null;
  const text = [
    sentence ?? `the database at ${place.where} could not be opened.`,
    ...(said === null ? [] : [`It says: ${said.replace(/\.?$/, ".")}`]),
  ].join(" ");
  return new StoreTrouble(`DATABASE_URL: ${withoutPassword(text, url)}`, { cause: error });
}

interface Place {
  readonly where: string;
  readonly host: string;
  readonly user: string;
  readonly database: string;
  readonly hasPassword: boolean;
  readonly hasTls: boolean;
}

function placeOf(address: string): Place {
  const url = new URL(address);
  const host = url.searchParams.get("host") ?? decode(url.hostname);
  const port = url.searchParams.get("port") ?? (url.port || "5432");
  const mode = url.searchParams.get("sslmode");
  return {
    where: host.startsWith("/") ? host : `${host}:${port}`,
    host,
    user: url.searchParams.get("user") ?? decode(url.username),
    database: decode(url.pathname.slice(1)),
    hasPassword: url.password !== "" || url.searchParams.has("password"),
    hasTls: url.searchParams.has("ssl") || (mode !== null && mode !== "disable"),
  };
}

/** Null where the code says nothing that we know. postgresql.org/docs/current/errcodes-appendix.html, tls in Node's errors */
function sentenceOf(place: Place, code: string | null): string | null {
  const { where, host, database, hasTls } = place;
  const user = place.user === "" ? "its user" : `the user ${place.user}`;
  switch (code) {
    case "ECONNREFUSED":
    case "ENOENT":
      return `nothing listens at ${where} (${code}). Start the database, or correct host and port.`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_FAIL":
      return `the host ${host} is not known (${code}). Correct it, or the name server of this machine.`;
    case "ETIMEDOUT":
    case "EHOSTUNREACH":
    case "ENETUNREACH":
      return `${where} does not answer (${code}). Correct host and port, or what stands between.`;
    case "ECONNRESET":
    case "EPIPE":
      return `what is at ${where} broke the connection off (${code}). Is it a PostgreSQL, and does it demand TLS?`;
    case "28P01":
      return place.hasPassword
        ? `the database at ${where} refuses the password of ${user}.`
        : `the database at ${where} asks for the password of ${user}, and none is set.`;
    case "28000":
      return hasTls
        ? `the database at ${where} does not let ${user} in.`
        : `the database at ${where} does not let ${user} in without TLS, or not at all. Add ?sslmode=verify-full to the address where it demands TLS.`;
    case "3D000":
      return `the server at ${where} has no database ${database}. Create it, or correct its name.`;
    case "42501":
      return `${user} may not make what Interlock needs in the database ${database}. Let it create schemas there: GRANT CREATE ON DATABASE.`;
    case "25006":
      return `the database at ${where} takes no writes: it is a replica, or set to read only.`;
    case "53300":
      return `the database at ${where} takes no more connections.`;
    case "57P03":
      return `the database at ${where} is starting or stopping.`;
    default:
      if (
        code !== null &&
        /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO)/.test(code)
      )
        return `the certificate of the database at ${where} is not accepted (${code}). Name the authority that signed it with sslrootcert, or correct the host.`;
      return null;
  }
}

function isOfPostgres(code: string | null): boolean {
  return code !== null && /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
}

/** Node says nothing itself where it has tried several addresses of a host. */
function codeOf(error: unknown): string | null {
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : null;
}

function messageOf(error: unknown): string | null {
  if (error instanceof AggregateError && error.message === "") return messageOf(error.errors[0]);
  return error instanceof Error && error.message !== ""
    ? (error.message.split("\n")[0] ?? null)
    : null;
}

function withoutPassword(text: string, address: string): string {
  const url = new URL(address);
  const secrets = [url.password, decode(url.password), url.searchParams.get("password") ?? ""];
  return secrets
    .filter((secret) => secret !== "")
    .reduce((hidden, secret) => hidden.replaceAll(secret, "…"), text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
