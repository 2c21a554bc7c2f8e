// Workspaces of ended runs are kept for a retry, for a while and not too many of them.

import type { Clock, Log } from "../../ports/log.ts";
import type { LocalRun, LocalRuns } from "../../ports/run.ts";
import type { LocalLimits } from "./limits.ts";
import { removeTree } from "./tree.ts";
import { freeBytes, tokenOf, workspaceOf, workspaceRoots } from "./workspace.ts";

export interface WorkspaceCache {
  /** Removes what is due. */
  tidy(): Promise<void>;
  /** Takes over the workspaces of earlier processes on this machine, and removes what no record names. */
  adopt(): Promise<void>;
  /** Removes the oldest, until a run may begin. */
  makeRoom(): Promise<void>;
  close(): void;
}

export interface WorkspaceCacheOptions {
  readonly runs: LocalRuns;
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: string;
  readonly instance: string;
  readonly limits: LocalLimits;
}

export function openWorkspaceCache(order: WorkspaceCacheOptions): WorkspaceCache {
  const { runs, clock, folder, instance, limits } = order;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function remove(root: string): Promise<void> {
    await removeTree(root).catch((error: unknown) =>
      order.log.warn({ root, error }, "A workspace could not be removed"),
    );
  }

  async function tidy(): Promise<void> {
    clearTimeout(timer);
    const kept = await runs.kept(instance);
    const now = clock();
    const surplus = surplusOf(kept, limits.kept);
    let next: number | null = null;
    for (const run of kept) {
      const due = (run.endedAt ?? now) + limits.keep_ms;
      if (!surplus.has(run) && due > now) {
        next = Math.min(next ?? due, due);
        continue;
      }
      await runs.update(run.token, { workspace: null });
      await remove(workspaceOf(folder, run.token).root);
    }
    if (next === null || closed) return;
    timer = setTimeout(again, Math.min(next - now + 1, limits.keep_ms)).unref();
  }

  function again(): void {
    tidy().catch((error: unknown) =>
      order.log.warn({ error }, "Workspaces could not be tidied up"),
    );
  }

  async function makeRoom(): Promise<void> {
    for (const run of await runs.kept(instance)) {
      if ((await freeBytes(folder)) >= limits.free_bytes) return;
      await runs.update(run.token, { workspace: null });
      await remove(workspaceOf(folder, run.token).root);
    }
  }

  async function adopt(): Promise<void> {
    for (const root of await workspaceRoots(folder)) {
      const token = await tokenOf(root);
      const run = token === null ? null : await runs.get(token);
      if (run?.state === "running") continue;
      if (run === null || run.workspace === null) await remove(root);
      else await runs.update(run.token, { instance });
    }
  }

  return {
    tidy,
    adopt,
    makeRoom,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/** Beyond so many, the oldest of whichever installation keeps the most. */
function surplusOf(kept: readonly LocalRun[], most: number): ReadonlySet<LocalRun> {
  const left = new Set(kept);
  const surplus = new Set<LocalRun>();
  while (left.size > most) {
    const [largest] = [...Map.groupBy(left, ({ request }) => request.repository.installation)]
      .map(([, runs]) => runs)
      .toSorted((a, b) => b.length - a.length);
    const oldest = largest?.[0];
    if (oldest === undefined) break;
    left.delete(oldest);
    surplus.add(oldest);
  }
  return surplus;
}
