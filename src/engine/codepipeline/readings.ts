// Readings of executions: as few calls as show what moved, and each piece of evidence once.

import type { AwsFailure, Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { again } from "../../aws/shared-readings.ts";
import { limit } from "../../core/model/limit.ts";
import type { CommitPaths } from "../../core/model/place.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Observation } from "../../ports/engine.ts";
import type { Read } from "../../ports/github.ts";
import type { Clock } from "../../ports/log.ts";
import type { PipelineRun } from "../../ports/run.ts";
import type { TreeReader } from "../../ports/tree.ts";
import { type ActionRun, readActions } from "./actions.ts";
import type { ReadReport } from "./artifact.ts";
import { causeOf } from "./cause.ts";
import { type Evidence, readEvidence } from "./evidence.ts";
import type { Summary } from "./execution.ts";
import { readExecution } from "./execution.ts";
import type { Executions } from "./executions.ts";
import { isSameEnd, openKept, remember } from "./kept.ts";
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
import { isBehind, isContradictory, isOver, type StageView, stagesOf } from "./stages.ts";
import type { Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";
import { openTurns } from "./turns.ts";
import { isStray, isUntold, strayObservation } from "./wrong-commit.ts";

export interface ReadingTools {
  readonly executions: Executions;
  readonly structures: Structures;
  readonly readReport: ReadReport;
  readonly commitPaths: TreeReader["commitPaths"];
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
  /** As AWS had it when it was read last; null where it was not. */
  status(executionId: string): string | null;
  /** The version of the pipeline that it runs in, where that was read. */
  version(executionId: string): number | null;
  /**
   * AWS listed it like this at that time. News where it is under way or ended again, and was read to be over
   * before; outdated where it was read to be over since. What is news stays so until it is observed.
   */
  listed(summary: Summary, at: number): "expected" | "news" | "outdated";
}

export function openReadings(tools: ReadingTools): Readings {
  const { clock, executions, structures } = tools;
  const kept = openKept();
  const turns = openTurns();
  const underWay = new Map<string, Promise<Read<Observation>>>();
  /** Since when what AWS says of them cannot all be so. */
  const doubts = new Map<string, number>();

  function keep(id: string, reading: Reading): Read<Observation> {
    kept.put(id, reading);
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
    // Anyone who has heard the same waits for the same answer.
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
      const page = await findSummary(question, again);
      if (page.kind === "trouble") return unread(question, page);
      const { status, type } = page.value.summary;
      // It may have gone on between the two.
      const sure = isBehind({ structure: last.structure, runs: runs.value, status, type })
        ? await readActions(session, spec, executionId)
        : runs;
      if (sure.kind === "trouble") return unread(question, sure);
      return await conclude(question, last, { readAt, runs: sure.value, page: page.value });
    }
    const found = await findSummary(
      question,
      news === "none" ? readAt - limit.codepipeline.recent_ms : again,
    );
    if (found.kind === "trouble") return unread(question, found);
    const { summary } = found.value;
    const same = last !== undefined && news === "none" && !isStray(run, summary);
    if (same && isAsBefore(last, summary) && !turns.take(last, kept.underWay(), readAt))
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
    const structure = await structureOf(question, version, last);
    if (structure.kind === "trouble") return unread(question, structure);
    const about = { executionId, structure: structure.value, runs, status };
    const cause = await causeOf(structures, { session, spec }, about);
    if (cause.kind === "trouble") return unread(question, cause);
    const shown = { structure: structure.value, runs, status, cause: cause.value };
    if (!isContradictory({ ...shown, type: expectedType(run) })) doubts.delete(executionId);
    else if (isInDoubt(executionId, readAt))
      return { kind: "unknown", why: "AWS says that it is over, and does not show all of it yet." };
    if (page !== null && isUntold(run, page.summary))
      return { kind: "unknown", why: "AWS does not tell which commit it ran on." };
    const views = stagesOf(shown);
    const stray = page !== null && isStray(run, page.summary);
    const evidence = stray
      ? new Map<string, Evidence>()
      : await gatherEvidence(question, views, last);
    const observation = stray
      ? strayObservation({ run, summary: page.summary, views, now: readAt })
      : observationOf({ views, evidence, runs, page, cause: cause.value });
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
      stray,
      final: observation.state !== "running" && [...evidence.values()].every(({ final }) => final),
    });
  }

  /** What an earlier reading of the same execution had is right for good. */
  async function structureOf(
    { session, spec, run }: Question,
    version: number | null,
    last: Reading | undefined,
  ): Promise<Reply<Structure>> {
    if (version === null)
      return await structures.current(session, spec, limit.codepipeline.survey_ms);
    if (last?.structure.version === version) return { kind: "ok", value: last.structure };
    const wanted = { version, createdAt: null, since: run.startedAt };
    return await structures.of(session, spec, wanted);
  }

  /** For a moment: then it is taken as it is. */
  function isInDoubt(id: string, now: number): boolean {
    const since = doubts.get(id) ?? now;
    remember(doubts, { id, value: since, count: limit.codepipeline.readings });
    return now - since < limit.codepipeline.young_ms;
  }

  async function gatherEvidence(
    { run, spec, session }: Question,
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
        : await readEvidence({
            ...tools,
            installation: installationOf(run),
            session,
            stage,
            planned,
            files: () => filesOf(run),
          });
      all.set(key, evidence);
    }
    return all;
  }

  async function filesOf({ request }: PipelineRun): Promise<CommitPaths | null> {
    if (request.kind !== "start") return null;
    const { repository, run } = request.start;
    const read = await tools.commitPaths(repository, run.sha);
    return read.kind === "known" ? read.value : null;
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
    // Started after the list was read, or too old for its first page.
    const alone = await readExecution(session, spec, executionId);
    if (alone.kind === "trouble") return alone;
    return { kind: "ok", value: { summary: alone.value, newer: [] } };
  }

  /** What AWS does not have for good is absent; what it does not have yet is not known. */
  function unread({ run }: Question, trouble: AwsFailure): Read<Observation> {
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
      kept.drop(executionId);
      doubts.delete(executionId);
    },
    status(executionId) {
      return kept.get(executionId)?.status ?? null;
    },
    version(executionId) {
      const [newest] = kept.get(executionId)?.runs ?? [];
      return newest?.version ?? kept.ending(executionId)?.version ?? null;
    },
    listed(summary, at) {
      const { id, status, updatedAt } = summary;
      const last = kept.get(id);
      if (last?.stray) return "outdated";
      if (last?.observation.state === "running") return "expected";
      const ending = kept.ending(id);
      if (ending === undefined) {
        if (!isOver(status)) return "news";
        kept.note(id, { readAt: at, status, updatedAt, version: null });
        return "expected";
      }
      if (ending.readAt > at) return "outdated";
      if (isSameEnd(ending, summary)) return "expected";
      // Its end does not hold any more.
      if (last !== undefined)
        kept.put(id, { ...last, readAt: Number.NEGATIVE_INFINITY, final: false });
      return "news";
    },
  };
}

function installationOf({ request }: PipelineRun): number {
  switch (request.kind) {
    case "start":
      return request.start.repository.installation;
    case "rollback":
      return request.rollback.repository.installation;
    case "approve":
      // It has no execution of its own, so that no report is read for it.
      return 0;
  }
}
