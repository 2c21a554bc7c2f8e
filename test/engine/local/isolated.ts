// The isolation of this machine, for tests that need it. Without it they fail, unless somebody has said that they need not run.

import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import { type IsolationOrder, openIsolation } from "../../../src/engine/local/isolation.ts";
import type { Isolation } from "../../../src/engine/local/launch.ts";
import { removeTree } from "../../../src/engine/local/tree.ts";
import { memoryRuns } from "./runs.ts";
import { type World, world } from "./world.ts";

/** True where `INTERLOCK_TEST_ISOLATION=off` says that this machine cannot isolate and need not. */
export const withoutIsolation = process.env.INTERLOCK_TEST_ISOLATION === "off";

if (withoutIsolation)
  console.warn("INTERLOCK_TEST_ISOLATION=off: whether isolation holds is NOT tested here.");

export async function isolationIn(
  folder: string,
  more: Partial<IsolationOrder> = {},
): Promise<Isolation> {
  const read = await openIsolation({
    folder,
    secrets: [],
    folders: [],
    network: "none",
    path: process.env.PATH ?? "",
    node: process.execPath,
    limits: limit.local,
    ...more,
  });
  if (read.kind === "isolated") return read.isolation;
  throw new Error(
    `This machine cannot isolate commands, so that nobody knows whether isolation holds. ${read.why} ` +
      "Where that cannot be changed, INTERLOCK_TEST_ISOLATION=off leaves these tests out.",
  );
}

/** A world whose commands are isolated. */
export async function isolatedWorld(
  settings: Parameters<typeof world>[0] & { readonly order?: Partial<IsolationOrder> } = {},
): Promise<World> {
  const folder = await mkdtemp(join(tmpdir(), "local-engine-"));
  onTestFinished(() => removeTree(folder));
  const limits = { ...limit.local, ...settings.limits };
  const isolation = await isolationIn(folder, { limits, ...settings.order });
  return await world({
    ...settings,
    isolation,
    after: { folder, runs: memoryRuns(), notifications: [] },
  });
}
