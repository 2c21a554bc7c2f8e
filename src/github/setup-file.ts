// The file that the set-up flow writes: made by us alone, readable by its owner alone, and never another one's.

import { randomBytes } from "node:crypto";
import { lstatSync } from "node:fs";
import { type FileHandle, open, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { CreatedApp } from "./setup-app.ts";

/** Rejects with a sentence where the file is there already or could not be made. Leaves nothing behind. */
export async function refuseFile(file: string): Promise<void> {
  // A link to nowhere is there as well.
  if (lstatSync(file, { throwIfNoEntry: false }) !== undefined)
    throw new Error(isThereAlready(file));
  const probe = resolve(dirname(file), `.interlock-setup-${randomBytes(6).toString("hex")}`);
  await (await reserve(probe)).close();
  await unlink(probe);
}

/**
 * GitHub shows the key of a new App once, so the file is made before the App is fetched: there is a
 * place for it then. Whatever is there, even a link to nowhere, is left as it is.
 */
export async function writeEnvironment(
  file: string,
  fetch: () => Promise<CreatedApp>,
  more: Readonly<Record<string, string>>,
): Promise<{ readonly app: CreatedApp; readonly secretIsNew: boolean }> {
  const handle = await reserve(file);
  let app: CreatedApp | undefined;
  try {
    app = await fetch();
    // GitHub makes one of 40 characters where the App has a webhook.
    const secretIsNew = (app.webhook_secret ?? "").length < 16;
    const secret = secretIsNew ? randomBytes(32).toString("hex") : (app.webhook_secret ?? "");
    await handle.writeFile(textOf({ ...valuesOf(app, secret), ...more }));
    await handle.sync();
    return { app, secretIsNew };
  } finally {
    await handle.close();
    if (app === undefined) await unlink(file).catch(() => {});
  }
}

async function reserve(file: string): Promise<FileHandle> {
  try {
    return await open(file, "wx", 0o600);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (code === "EEXIST") throw new Error(isThereAlready(file), { cause: error });
    throw new Error(
      `${dirname(file)} cannot be written to (${code}). Name another file with --env.`,
      { cause: error },
    );
  }
}

function isThereAlready(file: string): string {
  return `${file} is there already, and is never overwritten. Move it away, or name another file with --env.`;
}

function valuesOf(app: CreatedApp, secret: string): Readonly<Record<string, string>> {
  return {
    APP_ID: String(app.id),
    // On one line, as `docker run --env-file` needs it too.
    PRIVATE_KEY: app.pem.trim().replaceAll("\r", "").replaceAll("\n", "\\n"),
    WEBHOOK_SECRET: secret,
  };
}

function textOf(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}
