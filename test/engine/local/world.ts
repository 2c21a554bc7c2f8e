// A local engine on a temporary folder, with real processes and small limits.

import { existsSync, readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import type { PlanStage } from "../../../src/core/model/plan.ts";
import { type LocalEngine, openLocalEngine } from "../../../src/engine/local/engine.ts";
import type { Isolation } from "../../../src/engine/local/launch.ts";
import type { LocalLimits } from "../../../src/engine/local/limits.ts";
import { removeTree } from "../../../src/engine/local/tree.ts";
import type { StartRequest } from "../../../src/ports/engine.ts";
import type { GitHub } from "../../../src/ports/github.ts";
import type { LocalRun } from "../../../src/ports/run.ts";
import type { TreeReader } from "../../../src/ports/tree.ts";
import { collectReports } from "../../../src/report/collect.ts";
import { commit, streamOf, withTrees } from "./archive.ts";
import { memoryRuns } from "./runs.ts";

export const sha = "a".repeat(40);

interface Settings {
  readonly limits?: Partial<LocalLimits>;
  readonly files?: Readonly<Record<string, string>>;
  readonly tarball?: GitHub["tarball"];
  /** What is in the commit; without it what the archive has. */
  readonly trees?: Pick<TreeReader, "commitTree" | "blob">;
  readonly instance?: string;
  readonly soleOwner?: boolean;
  readonly environment?: Readonly<Record<string, string>>;
  /** Shares store, folder and what was noticed with an earlier world. */
  readonly after?: Pick<World, "runs" | "folder" | "notifications">;
  readonly now?: () => number;
  readonly isolation?: Isolation;
}

export interface World {
  readonly engine: LocalEngine;
  readonly runs: ReturnType<typeof memoryRuns>;
  readonly folder: string;
  readonly notifications: string[];
  readonly logged: unknown[];
  until(token: string, holds: (run: LocalRun) => boolean): Promise<LocalRun>;
  ended(token: string): Promise<LocalRun>;
  /** Starts a run with these commands as stages one, two, … and waits for its end. */
  run(...stages: readonly (string | Partial<PlanStage>)[]): Promise<LocalRun>;
}

export async function world(settings: Settings = {}): Promise<World> {
  const folder = settings.after?.folder ?? (await mkdtemp(join(tmpdir(), "local-engine-")));
  const runs = settings.after?.runs ?? memoryRuns();
  const notifications: string[] = settings.after?.notifications ?? [];
  const logged: unknown[] = [];
  const note = (fields: object, message: string) => logged.push({ ...fields, message });
  const given =
    settings.tarball ??
    (async () => ({
      kind: "known" as const,
      value: streamOf(commit(settings.files ?? { README: "" })),
    }));
  const { tarball, trees } = withTrees(given);
  const engine = openLocalEngine({
    runs,
    tarball,
    trees: settings.trees ?? trees,
    collectReports,
    clock: settings.now ?? Date.now,
    log: { debug: note, info: note, warn: note, error: note },
    folder,
    instance: settings.instance ?? "one",
    notice: (key) => notifications.push(key),
    environment: settings.environment ?? { PATH: process.env.PATH ?? "" },
    isolation: settings.isolation ?? null,
    soleOwner: settings.soleOwner ?? true,
    limits: { ...limit.local, kill_grace_ms: 300, fetch_wait_ms: 1, ...settings.limits },
  });
  onTestFinished(async () => {
    await engine.close(5_000);
    await removeTree(folder);
  });

  async function until(token: string, holds: (run: LocalRun) => boolean): Promise<LocalRun> {
    return await eventually(async () => {
      const run = await runs.get(token);
      return run !== null && holds(run) ? run : null;
    });
  }

  return {
    engine,
    runs,
    folder,
    notifications,
    logged,
    until,
    ended: (token: string) => until(token, (run) => run.state !== "running"),
    async run(...stages: readonly (string | Partial<PlanStage>)[]): Promise<LocalRun> {
      const wanted = request("run", ...stages);
      await engine.start(wanted);
      return await until(wanted.run.key, (run) => run.state !== "running");
    },
  };
}

export function request(
  key: string,
  ...stages: readonly (string | Partial<PlanStage>)[]
): StartRequest {
  const names = ["one", "two", "three"];
  return {
    run: {
      key,
      pipeline: "shop",
      part: "verify",
      sha,
      attempt: 2,
      cause: "auto",
      spec: {
        engine: "local",
        deadline_ms: 3_600_000,
        stages: stages.map((stage, index) => ({
          name: names[index] ?? `${index}`,
          run: "true",
          reports: [],
          timeout_ms: 60_000,
          ...(typeof stage === "string" ? { run: stage } : stage),
        })),
      },
    },
    repository: { installation: 1, owner: "acme", name: "shop" },
    pull: 12,
    branch: "main",
  };
}

/** Asks again and again until there is something. The test's own timeout is the only one. */
export async function eventually<T>(ask: () => Promise<T | null>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** True once nothing that could still act has this process id. */
export async function dead(pid: number): Promise<boolean> {
  return await eventually(async () => (alive(pid) ? null : true));
}

/** A dead process that nobody has reaped yet is not alive. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return !existsSync("/proc/self/stat");
  }
}
