// The local engine's part of the store, in memory.

import type { LocalRun, LocalRuns } from "../../../src/ports/run.ts";

export function memoryRuns(): LocalRuns & { readonly rows: Map<string, LocalRun> } {
  const rows = new Map<string, LocalRun>();
  return {
    rows,
    async add(run) {
      if (rows.has(run.token)) return false;
      rows.set(run.token, structuredClone(run));
      return true;
    },
    async get(token) {
      return structuredClone(rows.get(token) ?? null);
    },
    async update(token, change) {
      const row = rows.get(token);
      if (row !== undefined) rows.set(token, { ...row, ...structuredClone(change) });
    },
    async live() {
      return [...rows.values()].filter(({ state }) => state === "running");
    },
    async kept(instance) {
      return [...rows.values()]
        .filter((run) => run.endedAt !== null && run.workspace !== null)
        .filter((run) => run.instance === instance)
        .sort((a, b) => (a.endedAt ?? 0) - (b.endedAt ?? 0));
    },
  };
}
