// The store as a command uses it: opened for the time of one answer.

import { access } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { limit } from "../core/model/limit.ts";
import { openInquiry } from "../flow/inquiry.ts";
import type { Inquiry } from "../ports/inquiry.ts";
import { type Environment, readSettingsFor, type Settings } from "../settings.ts";
import { FolderInUse } from "../store/folder-lock.ts";
import { type OpenStore, openStore } from "../store/open.ts";
import { NotRunning, runningAt } from "./running.ts";

type StoreSettings = Pick<Settings, "databaseUrl" | "dataDir">;

/** Of the settings those that say where the store is; what else is set does not matter here. */
export function storeSettings(
  environment: Environment,
  warn: (line: string) => void,
): StoreSettings {
  const read = readSettingsFor(environment, ["DATABASE_URL", "INTERLOCK_DATA_DIR"]);
  if (read.kind === "bad") throw new Error(read.problems.join("\n"));
  for (const warning of read.settings.warnings) warn(warning);
  return read.settings;
}

/**
 * The store for questions: that of a running Interlock where one holds the folder. Throws a sentence where
 * there is no store, or where its holder does not answer.
 */
export async function withInquiry<T>(
  settings: StoreSettings,
  use: (inquiry: Inquiry) => Promise<T>,
): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await withStore(settings, (opened) => use(openInquiry(opened)));
    } catch (error) {
      if (!(error instanceof FolderInUse)) throw error;
    }
    try {
      return await use(runningAt(resolve(settings.dataDir)));
    } catch (error) {
      if (!(error instanceof NotRunning)) throw error;
      if (tries >= limit.inquiry.tries)
        throw new Error(
          `INTERLOCK_DATA_DIR: a process that uses ${resolve(settings.dataDir)} does not answer (${error.message}). It is starting or ending, or the folder takes no socket; its log says so.`,
        );
    }
    await sleep(limit.inquiry.again_ms);
  }
}

/** Throws `FolderInUse`, a sentence where there is no store, or what the database says. */
export async function withStore<T>(
  { databaseUrl, dataDir }: StoreSettings,
  use: (opened: OpenStore) => Promise<T>,
): Promise<T> {
  const folder = resolve(dataDir, "store");
  if (databaseUrl === null)
    // Anyone who asks from the wrong folder must not find an empty store there afterwards.
    await access(folder).catch((error: unknown) => {
      throw new Error(noStore(resolve(dataDir), error));
    });
  const opened = await openStore({
    databaseUrl,
    dataDir: folder,
    // What is printed is the answer, and nothing else.
    log: pino({ level: "error" }, pino.destination(2)),
  });
  try {
    return await use(opened);
  } finally {
    await opened.close();
  }
}

function noStore(folder: string, error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : null;
  if (code !== "ENOENT")
    return `INTERLOCK_DATA_DIR: the store in ${folder} cannot be read (${code}).`;
  return `INTERLOCK_DATA_DIR: there is no store in ${folder}. Call this with the settings of Interlock, from the folder that it is started in.`;
}
