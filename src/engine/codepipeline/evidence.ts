// What a stage that has ended leaves behind: the last lines of a failed action, and its test reports.

import { logStreamOf } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import type { CommitPaths } from "../../core/model/place.ts";
import type { PipelineStage } from "../../core/model/plan.ts";
import type { ReportReading } from "../../core/model/report.ts";
import type { ActionRun } from "./actions.ts";
import { type ReadReport, reportsInArtifacts } from "./artifact.ts";
import { readBuildReports } from "./build-reports.ts";
import { type BuildRecord, buildRuns, readBuilds } from "./builds.ts";
import { readLogTail } from "./log-tail.ts";
import type { StageView } from "./stages.ts";

export interface Evidence {
  readonly output: string;
  readonly reports: readonly ReportReading[];
  /** Why its reports are not known yet; null once they are. */
  readonly pending: string | null;
  /** Whether reading again could bring more. */
  readonly final: boolean;
}

export interface EvidenceOrder {
  /** Whose stage it is: installations take turns where reading takes long. */
  readonly installation: number;
  readonly session: Session;
  readonly stage: StageView;
  /** What the plan says of the stage; null where it does not name it. */
  readonly planned: PipelineStage | null;
  readonly readReport: ReadReport;
  /** The files of the commit; null where they are not known. */
  readonly files: () => Promise<CommitPaths | null>;
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

/**
 * Files by the patterns of the plan, and what CodeBuild made of builds that left none of them: their tests
 * would count twice otherwise. Only where the plan names one pattern can CodeBuild stand in for its file:
 * of several nobody knows for which.
 */
async function readReports(order: EvidenceOrder, builds: Builds): Promise<Reports> {
  const { installation, session, stage, planned, readReport, files: tree } = order;
  if (planned === null) return { kind: "read", reports: [] };
  const patterns = planned.reports;
  const files =
    patterns.length === 0
      ? none
      : await reportsInArtifacts({
          installation,
          session,
          patterns,
          runs: stage.runs,
          readReport,
          files: tree,
        });
  if (files.kind === "later") return files;
  const lacks = files.reports.some(({ kind }) => kind === "missing");
  const silent = stage.runs.filter(({ id }) => lacks || !files.from.has(id));
  const made = await readMade(session, buildRuns(silent), builds);
  if (made.kind === "later") return made;
  const own = patterns.length === 1 ? standIn(files.reports, made) : files.reports;
  return { kind: "read", reports: [...own, ...made.reports] };
}

/** The one file that is missing need not be there, or may not be missing at all. */
function standIn(
  files: readonly ReportReading[],
  { reports, why }: Extract<Made, { kind: "read" }>,
): readonly ReportReading[] {
  if (reports.some(hasTests)) return files.filter(({ kind }) => kind !== "missing");
  if (why === null) return files;
  return files.map((file) =>
    file.kind === "missing" ? { kind: "broken", path: file.path, why } : file,
  );
}

const none = { kind: "read", reports: [], from: new Set<string>() } as const;

function hasTests(report: ReportReading): boolean {
  if (report.kind !== "read") return false;
  const { passed, failed, skipped, pending, other, errors } = report.counts;
  return passed + failed + skipped + pending + other + errors > 0;
}

type Made =
  | {
      readonly kind: "read";
      readonly reports: readonly ReportReading[];
      /** Why it is not known which there are; null where it is. */
      readonly why: string | null;
    }
  | { readonly kind: "later"; readonly why: string };

async function readMade(
  session: Session,
  runs: readonly ActionRun[],
  builds: Builds,
): Promise<Made> {
  if (runs.length === 0) return { kind: "read", reports: [], why: null };
  const known = await builds();
  if (known.kind === "trouble")
    return known.is === "later"
      ? { kind: "later", why: known.why }
      : { kind: "read", reports: [], why: known.why };
  const own = known.value.filter(({ id }) => runs.some(({ externalId }) => externalId === id));
  const arns = own.flatMap(({ reports }) => reports);
  const read = await readBuildReports(session, arns);
  return read.kind === "later" ? read : { ...read, why: null };
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
