// What the embedded store has taken in is on the disk, and not only with the system, when that is told.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

test("a write is told once the log is on the disk, and pages and the folders of new files follow it", async () => {
  const folder = await mkdtemp(join(tmpdir(), "interlock-synced-"));
  try {
    const child = new URL("synced-child.ts", import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, [child, join(folder, "data")]);
    const seen = JSON.parse(stdout) as Record<"written" | "before" | "folders", number>;
    expect(seen.written).toBeGreaterThan(0);
    expect(seen.before).toBeGreaterThan(0);
    expect(seen.folders).toBeGreaterThan(0);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);
