// What a stage that has ended leaves behind: the last lines of a failed action, and its test reports.

import type { PipelineStage } from "../../core/plan.ts";
import type { ReportReading } from "../../core/report.ts";
import type { ActionRun } from "./actions.ts";
import { logStreamOf } from "./arn.ts";
import { type ReadReport, reportsInArtifacts } from "./artifact.ts";
import { readBuildReports } from "./build-reports.ts";
import { type BuildRecord, buildRuns, readBuilds } from "./builds.ts";
import { readLogTail } from "./log-tail.ts";
import type { Session } from "./session.ts";
import type { StageView } from "./stages.ts";
import type { Reply } from "./trouble.ts";

export interface Evidence {
  readonly output: string;
  readonly reports: readonly ReportReading[];
  /** Why its reports are not known yet; null once they are. */
  readonly pending: string | null;
  /** Whether reading again could bring more. */
  readonly final: boolean;
}

export interface EvidenceOrder {
  readonly session: Session;
  readonly stage: StageView;
  /** What the plan says of the stage; null where it does not name it. */
  readonly planned: PipelineStage | null;
  readonly readReport: ReadReport;
}

export const noEvidence: Evidence = { output: "", reports: [], pending: null, final: true };

/** For a stage that has succeeded or failed. */
export async function readEvidence(order: EvidenceOrder): Promise<Evidence> {
  const { stage } = order;
  const builds = onlyOnce(() => buildsOf(order.session, stage.runs));
  const reports = await readReports(order, builds);
  const log = stage.state === "failed" ? await readLog(order, builds) : logless;
  return {
    output: log.text,
    reports: reports.kind === "read" ? reports.reports : [],
    pending: reports.kind === "read" ? null : reports.why,
    final: reports.kind === "read" && log.final,
  };
}

type Builds = () => Promise<Reply<readonly BuildRecord[]>>;

type Reports =
  | { readonly kind: "read"; readonly reports: readonly ReportReading[] }
  | { readonly kind: "later"; readonly why: string };

/** Files first, which have every test; CodeBuild's own reports where there are none. */
async function readReports(order: EvidenceOrder, builds: Builds): Promise<Reports> {
  const { session, stage, planned, readReport } = order;
  if (planned === null) return { kind: "read", reports: [] };
  const patterns = planned.reports;
  if (patterns.length > 0) {
    const files = await reportsInArtifacts({ session, patterns, runs: stage.runs, readReport });
    if (files.kind !== "none") return files;
  }
  const missing: Reports = {
    kind: "read",
    reports: patterns.map((path) => ({ kind: "missing", path })),
  };
  if (buildRuns(stage.runs).length === 0) return missing;
  const known = await builds();
  if (known.kind === "trouble") {
    if (known.is === "later") return { kind: "later", why: known.why };
    const denied = patterns.map((path) => ({ kind: "broken", path, why: known.why }) as const);
    return { kind: "read", reports: denied };
  }
  const arns = known.value.flatMap((build) => build.reports);
  const made = await readBuildReports(session, arns);
  if (made.kind === "later") return made;
  return made.reports.length > 0 ? made : missing;
}

interface Log {
  readonly text: string;
  readonly final: boolean;
}

const logless: Log = { text: "", final: true };

async function readLog(order: EvidenceOrder, builds: Builds): Promise<Log> {
  const { session, stage } = order;
  const run = stage.runs.find(({ status }) => status === "Failed");
  if (run === undefined) return logless;
  let stream = logStreamOf(run.logStream);
  if (stream === null && run.provider === "CodeBuild" && run.externalId !== null) {
    const known = await builds();
    if (known.kind === "trouble") return logTrouble(known);
    stream = known.value.find(({ id }) => id === run.externalId)?.log ?? null;
  }
  if (stream === null) return logless;
  const tail = await readLogTail(session, run.region ?? session.scope.region, stream);
  return tail.kind === "ok" ? { text: tail.value, final: true } : logTrouble(tail);
}

/** Nothing is decided by the log, so that nothing waits for it. */
function logTrouble({ is, why, name }: Extract<Reply<never>, { kind: "trouble" }>): Log {
  if (is === "later") return { text: "", final: false };
  if (name === "ResourceNotFoundException")
    return { text: "(The log is not there any more.)", final: true };
  return { text: `(The log cannot be read: ${why})`, final: true };
}

/** Actions of a stage may run in several regions. */
async function buildsOf(
  session: Session,
  runs: readonly ActionRun[],
): Promise<Reply<readonly BuildRecord[]>> {
  const byRegion = Map.groupBy(buildRuns(runs), ({ region }) => region ?? session.scope.region);
  const all: BuildRecord[] = [];
  for (const own of byRegion.values()) {
    const reply = await readBuilds(session, own);
    if (reply.kind === "trouble") return reply;
    all.push(...reply.value);
  }
  return { kind: "ok", value: all };
}

function onlyOnce<T>(read: () => Promise<T>): () => Promise<T> {
  let kept: Promise<T> | null = null;
  return () => {
    kept ??= read();
    return kept;
  };
}
