// Runs that AWS may tell of, kept in memory.

import type { PipelineRun } from "../../../src/ports/run.ts";

export interface IngestedRuns {
  byExecution(executionId: string): Promise<PipelineRun | null>;
}

/** `ours` are the keys of our runs by the executions behind them. */
export function ingestedRuns(ours: ReadonlyMap<string, string>): IngestedRuns {
  return {
    async byExecution(executionId) {
      const token = ours.get(executionId);
      return token === undefined ? null : runOf(token, executionId);
    },
  };
}

export function runOf(token: string, executionId: string): PipelineRun {
  return {
    token,
    request: {
      kind: "rollback",
      rollback: {
        spec: {
          engine: "codepipeline",
          pipeline: "shop-release",
          region: "eu-west-1",
          role: null,
          source: null,
          stages: [{ name: "Source", reports: [] }],
          deadline_ms: 1,
        },
        repository: { installation: 7, owner: "octo", name: "shop" },
        stage: "Production",
        from: "b".repeat(40),
        to: null,
        among: [],
        key: token,
      },
      target: "",
      sha: "",
      after: null,
    },
    executionId,
    startedAt: 1,
    heard: { count: 0, last: [] },
    acts: [],
  };
}
