// Readings of executions: as few calls as show what moved, and each piece of evidence once.

import { limit } from "../../core/limit.ts";
import type { CodePipelinePart } from "../../core/plan.ts";
import type { Clock, Observation, PipelineRun, Read } from "../../port.ts";
import { type ActionRun, readActions } from "./actions.ts";
import type { ReadReport } from "./artifact.ts";
import { type Evidence, readEvidence } from "./evidence.ts";
import { readExecution } from "./execution.ts";
import type { Executions } from "./executions.ts";
import { anew } from "./memory.ts";
import {
  evidenceKey,
  expectedType,
  type Found,
  freshReading,
  hidesRetry,
  isAsBefore,
  isUnderWay,
  newsFor,
  observationOf,
  type Reading,
} from "./reading.ts";
import type { Session } from "./session.ts";
import { isOver, type StageView, stagesOf } from "./stages.ts";
import type { Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";
import type { Reply, Trouble } from "./trouble.ts";

export interface ReadingTools {
  readonly executions: Executions;
  readonly structures: Structures;
  readonly readReport: ReadReport;
  readonly clock: Clock;
}

export interface Question {
  readonly run: PipelineRun;
  readonly executionId: string;
  readonly spec: CodePipelinePart;
  readonly session: Session;
}

export interface Readings {
  observe(question: Question): Promise<Read<Observation>>;
  /** An execution that was started a moment ago: it is in its first stage, and nothing more is known. */
  begin(executionId: string, structure: Structure): void;
  /** Something was done to it, so that what is known is old. */
  drop(executionId: string): void;
  /** The version of the pipeline that it runs in, where that was read. */
  version(executionId: string): number | null;
  /**
   * AWS listed it as under way at that time. News where that is not what was read of it before; outdated
   * where it was read to be over since.
   */
  listed(executionId: string, at: number): "expected" | "news" | "outdated";
}

export function openReadings(tools: ReadingTools): Readings {
  const { clock, executions, structures } = tools;
  const kept = new Map<string, Reading>();
  const underWay = new Map<string, Promise<Read<Observation>>>();

  function keep(id: string, reading: Reading): Read<Observation> {
    kept.delete(id);
    kept.set(id, reading);
    const [oldest] = kept.keys();
    if (kept.size > limit.codepipeline.readings && oldest !== undefined) kept.delete(oldest);
    return { kind: "known", value: reading.observation };
  }

  async function observe(question: Question): Promise<Read<Observation>> {
    const { run, executionId } = question;
    const last = kept.get(executionId);
    const news = last === undefined ? "none" : newsFor(run, last);
    if (last !== undefined && news === "none") {
      last.heard = run.heard.count;
      if (last.final || clock() - last.readAt < limit.codepipeline.recent_ms)
        return { kind: "known", value: last.observation };
    }
    // Whoever has heard the same waits for the same answer.
    const key = `${executionId} ${run.heard.count}`;
    const shared = underWay.get(key) ?? read(question, last, news);
    underWay.set(key, shared);
    try {
      return await shared;
    } finally {
      underWay.delete(key);
    }
  }

  async function read(
    question: Question,
    last: Reading | undefined,
    news: "none" | "inside" | "whole",
  ): Promise<Read<Observation>> {
    const { session, spec, executionId, run } = question;
    const readAt = clock();
    // What an event spoke of shows in the actions; while one of them runs, it is not over.
    if (news === "inside" && last?.observation.state === "running") {
      const runs = await readActions(session, spec, executionId);
      if (runs.kind === "trouble") return unread(question, runs);
      if (isUnderWay(runs.value))
        return await conclude(question, last, { readAt, runs: runs.value, page: null });
      const page = await findSummary(question, anew);
      if (page.kind === "trouble") return unread(question, page);
      return await conclude(question, last, { readAt, runs: runs.value, page: page.value });
    }
    const found = await findSummary(
      question,
      news === "none" ? readAt - limit.codepipeline.recent_ms : anew,
    );
    if (found.kind === "trouble") return unread(question, found);
    const { summary } = found.value;
    if (last !== undefined && news === "none" && isAsBefore(last, summary, readAt))
      return keep(executionId, { ...last, readAt, heard: run.heard.count });
    const runs = await readActions(session, spec, executionId);
    if (runs.kind === "trouble") return unread(question, runs);
    return await conclude(question, last, { readAt, runs: runs.value, page: found.value });
  }

  async function conclude(
    question: Question,
    last: Reading | undefined,
    seen: { readAt: number; runs: readonly ActionRun[]; page: Found | null },
  ): Promise<Read<Observation>> {
    const { run, executionId, spec, session } = question;
    const { readAt, runs, page } = seen;
    const status = page?.summary.status ?? null;
    if (page !== null && page.summary.type !== expectedType(run)) return { kind: "absent" };
    if (isOver(status) && hidesRetry(run, runs, readAt))
      return { kind: "unknown", why: "AWS does not show the retry yet." };
    const version = runs[0]?.version ?? last?.structure.version ?? null;
    const structure =
      version === null
        ? await structures.current(session, spec, limit.codepipeline.survey_ms)
        : await structures.of(session, spec, version);
    if (structure.kind === "trouble") return unread(question, structure);
    const views = stagesOf({ structure: structure.value, runs, status });
    const evidence = await gatherEvidence(question, views, last);
    const observation = observationOf({ views, evidence, runs, page });
    return keep(executionId, {
      readAt,
      deepAt: readAt,
      heard: run.heard.count,
      status,
      updatedAt: page?.summary.updatedAt ?? null,
      runs,
      structure: structure.value,
      fresh: false,
      evidence,
      observation,
      final: observation.state !== "running" && [...evidence.values()].every(({ final }) => final),
    });
  }

  async function gatherEvidence(
    { spec, session }: Question,
    views: readonly StageView[],
    last: Reading | undefined,
  ): Promise<ReadonlyMap<string, Evidence>> {
    const all = new Map<string, Evidence>();
    for (const stage of views) {
      if (stage.state !== "succeeded" && stage.state !== "failed") continue;
      const planned = spec.stages.find(({ name }) => name === stage.name) ?? null;
      const key = evidenceKey(stage);
      const before = last?.evidence.get(key);
      const evidence = before?.final
        ? before
        : await readEvidence({ session, stage, planned, readReport: tools.readReport });
      all.set(key, evidence);
    }
    return all;
  }

  async function findSummary(
    { session, spec, executionId }: Question,
    since: number,
  ): Promise<Reply<Found>> {
    const reply = await executions.since(session, spec, since);
    if (reply.kind === "trouble") return reply;
    const { summaries } = reply.value.value;
    const at = summaries.findIndex(({ id }) => id === executionId);
    const summary = summaries[at];
    if (summary !== undefined)
      return { kind: "ok", value: { summary, newer: summaries.slice(0, at) } };
    // Begun after the list was read, or too old for its first page.
    const alone = await readExecution(session, spec, executionId);
    if (alone.kind === "trouble") return alone;
    return { kind: "ok", value: { summary: alone.value, newer: [] } };
  }

  /** What AWS does not have for good is absent; what it does not have yet is not known. */
  function unread({ run }: Question, trouble: Trouble): Read<Observation> {
    const young = clock() - run.startedAt < limit.codepipeline.young_ms;
    const gone =
      trouble.name === "PipelineExecutionNotFoundException" ||
      trouble.name === "PipelineNotFoundException";
    if (trouble.is === "refused" && gone && !young) return { kind: "absent" };
    return { kind: "unknown", why: trouble.why };
  }

  return {
    observe,
    begin(executionId, structure) {
      keep(executionId, freshReading(structure, clock()));
    },
    drop(executionId) {
      kept.delete(executionId);
    },
    version(executionId) {
      return kept.get(executionId)?.runs[0]?.version ?? null;
    },
    listed(executionId, at) {
      const last = kept.get(executionId);
      if (last?.observation.state === "running") return "expected";
      if (last !== undefined && last.readAt > at) return "outdated";
      // Its end does not hold any more.
      kept.delete(executionId);
      return "news";
    },
  };
}
