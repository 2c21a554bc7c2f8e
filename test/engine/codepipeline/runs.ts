// A ledger of executions in memory, with the promises of the one in the store.

import type { Repository } from "../../../src/core/model/event.ts";
import type { Part } from "../../../src/core/model/plan.ts";
import type { PipelineRun, PipelineRuns } from "../../../src/ports/run.ts";

export interface MemoryRuns extends PipelineRuns {
  all(): readonly PipelineRun[];
  /** Notes that something was told of the execution, as the store does with a delivery. */
  hear(executionId: string, what: string): Promise<void>;
}

/** The pipeline, and who may read it. */
function placeOf({ request }: PipelineRun): string {
  switch (request.kind) {
    case "start":
      return placeKey(request.start.run.spec, request.start.repository);
    case "rollback":
      return placeKey(request.rollback.spec, request.rollback.repository);
    case "approve":
      return "";
  }
}

function placeKey(spec: Part, repository: Repository): string {
  if (spec.engine !== "codepipeline") return JSON.stringify(repository);
  return JSON.stringify([repository, spec.role, spec.region, spec.pipeline]);
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
    async since(time, { each, all }) {
      const found = [...rows.values()]
        .filter(({ startedAt, request }) => startedAt >= time && request.kind !== "approve")
        .sort((a, b) => b.startedAt - a.startedAt);
      const ranked = [...Map.groupBy(found, placeOf).values()].flatMap((own) =>
        own.slice(0, each).map((run, rank) => ({ run, rank })),
      );
      const first = ranked.sort((a, b) => a.rank - b.rank).slice(0, all);
      return structuredClone(first.map(({ run }) => run)).sort((a, b) => b.startedAt - a.startedAt);
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
