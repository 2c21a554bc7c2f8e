// A ledger of executions in memory, with the promises of the one in the store.

import type { PipelineRun, PipelineRuns } from "../../../src/port.ts";

export interface MemoryRuns extends PipelineRuns {
  all(): readonly PipelineRun[];
}

export function memoryRuns(): MemoryRuns {
  const rows = new Map<string, PipelineRun>();
  const byId = (id: string) => [...rows.values()].find((run) => run.executionId === id) ?? null;
  return {
    all: () => [...rows.values()],
    async add(run) {
      if (rows.has(run.token)) return false;
      rows.set(run.token, structuredClone(run));
      return true;
    },
    async get(token) {
      return structuredClone(rows.get(token) ?? null);
    },
    async byExecution(id) {
      return structuredClone(byId(id));
    },
    async known(ids) {
      const found = [...rows.values()].filter(({ executionId }) => ids.includes(executionId ?? ""));
      return new Map(found.map((run) => [run.executionId ?? "", structuredClone(run)]));
    },
    async since(time, count) {
      const found = [...rows.values()].filter(({ startedAt }) => startedAt >= time);
      return structuredClone(found.toSorted((a, b) => b.startedAt - a.startedAt).slice(0, count));
    },
    async update(token, change) {
      const row = rows.get(token);
      if (row === undefined) return;
      const owner = byId(change.executionId ?? "");
      if (owner !== null && owner.token !== token)
        throw new Error(`duplicate key: ${change.executionId} belongs to ${owner.token}`);
      rows.set(token, { ...row, ...structuredClone(change) });
    },
    async hear(id, what) {
      const row = byId(id);
      if (row === null) return;
      const { count, last } = row.heard;
      const heard = { count: count + 1, last: [...last, what].slice(-50) };
      rows.set(row.token, { ...row, heard });
    },
  };
}
