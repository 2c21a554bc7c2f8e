// One stage: its command within all limits, its reports, and what it came to.

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { CommitPaths } from "../../core/model/place.ts";
import type { PlanStage } from "../../core/model/plan.ts";
import { addCounts, failedText, noTests, type ReportReading } from "../../core/model/report.ts";
import { type DiskShare, watchBounds } from "./bounds.ts";
import { runCommand } from "./command.ts";
import type { CommandExit, Launch, ProcessGroup } from "./hold.ts";
import type { Isolation } from "./launch.ts";
import type { LocalLimits } from "./limits.ts";
import { openTail } from "./tail.ts";
import { keptFiles, type Workspace, writeOwn } from "./workspace.ts";

export type CollectReports = (order: {
  readonly installation: number;
  readonly root: string;
  readonly patterns: readonly string[];
  readonly modifiedAfter_ms: number;
  /** The workspace's path as the command saw it, for absolute paths in its reports; null for `root`. */
  readonly seenAs: string | null;
  /** The files of the commit, to tell where a test failed; null where they are not known. */
  readonly files: () => Promise<CommitPaths | null>;
}) => Promise<readonly ReportReading[]>;

export interface StageOrder {
  readonly installation: number;
  readonly stage: PlanStage;
  readonly workspace: Workspace;
  readonly environment: Readonly<Record<string, string>>;
  /** Null where commands run as we are. */
  readonly isolation: Isolation | null;
  readonly limits: LocalLimits;
  readonly disk: DiskShare;
  /** Ends the stage from outside. */
  readonly signal: AbortSignal;
  readonly grace_ms: () => number;
  readonly collectReports: CollectReports;
  readonly started: (group: ProcessGroup | null) => Promise<void>;
}

export interface StageEnd {
  /**
   * `exceeded`: failed, because it took more of this machine than it may, and what it left is not worth keeping.
   * `interrupted`: ended from outside; the one who did it knows why.
   */
  readonly state: "succeeded" | "failed" | "exceeded" | "interrupted";
  readonly why: string;
  readonly output: string;
  readonly reports: readonly ReportReading[];
}

export async function runStage(order: StageOrder): Promise<StageEnd> {
  const { stage, workspace, limits } = order;
  const since_ms = await fileTime(order).catch(() => null);
  if (since_ms === null)
    return { state: "failed", why: "This machine cannot write files.", output: "", reports: [] };
  const end = new AbortController();
  const interrupt = () => end.abort(interrupted);
  order.signal.addEventListener("abort", interrupt, { once: true });
  if (order.signal.aborted) interrupt();
  const timer = setTimeout(
    () => end.abort(`The stage took longer than ${duration(stage.timeout_ms)}.`),
    Math.min(stage.timeout_ms, longestTimer_ms),
  );
  const tail = openTail(limits);
  let first: number | null = null;
  let grace_ms = order.grace_ms;
  let failure: "failed" | "exceeded" = "failed";
  /** What is too much already gets no time to take more. */
  const exceeded = (why: string) => {
    failure = "exceeded";
    grace_ms = () => 0;
    end.abort(why);
  };
  const cgroup = order.isolation?.cgroupOf(workspace) ?? null;
  const bounds = watchBounds({ ...order, cgroup, first: () => first, exceeded });

  const exit = await runCommand({
    launch: launchOf(order),
    scratch: workspace.root,
    home: workspace.home,
    environment: order.environment,
    signal: end.signal,
    grace_ms: () => grace_ms(),
    drain_ms: limits.drain_ms,
    print(chunk) {
      tail.write(chunk);
      if (tail.total > limits.output_total_bytes)
        exceeded(`The stage printed more than ${mib(limits.output_total_bytes)}.`);
    },
    async started(group) {
      if (order.isolation !== null) first = group?.group ?? null;
      await order.started(group);
    },
  });
  first = null;
  clearTimeout(timer);
  order.signal.removeEventListener("abort", interrupt);
  await bounds.stop();
  // What was too much a moment ago has not been measured.
  await bounds.checkMemory();
  await cgroup?.remove();
  if (!end.signal.aborted)
    await bounds.check().catch(() => exceeded("What the stage left behind could not be measured."));

  const output = tail.text();
  if (end.signal.reason === interrupted)
    return { state: "interrupted", why: "", output, reports: [] };
  const reports = await reportsOf(order, since_ms);
  const cause = end.signal.aborted ? String(end.signal.reason) : null;
  const why = cause ?? problemOf(exit, reports);
  return { state: why === null ? "succeeded" : failure, why: why ?? "", output, reports };
}

function launchOf({ stage, workspace, isolation }: StageOrder): Launch {
  if (isolation !== null) return isolation.launch(workspace, stage.run);
  const line = ["/bin/sh", "-e", "-c", stage.run] as const;
  return {
    kind: "open",
    line: [...line],
    folder: workspace.tree,
    user: null,
    confine: async () => {},
  };
}

const interrupted = Symbol("interrupted");

/** Node fires a timer at once when its time does not fit into 31 bits. */
const longestTimer_ms = 2 ** 31 - 1;

/** A reason why the stage has not passed, or null. The command's own word counts before its reports'. */
function problemOf(exit: CommandExit, reports: readonly ReportReading[]): string | null {
  const tests = failedText(
    reports
      .flatMap((report) => (report.kind === "read" ? [report.counts] : []))
      .reduce(addCounts, noTests),
  );
  switch (exit.kind) {
    case "unstartable":
      return `The command could not be started (${exit.why}).`;
    case "signal":
      return `${tests === "" ? "The command was ended" : `${tests}, and the command was ended`} by ${exit.signal}.`;
    case "code":
      if (exit.code !== 0)
        return tests === ""
          ? `The command ended with exit code ${exit.code}.`
          : `${tests} (exit code ${exit.code}).`;
      for (const report of reports) {
        if (report.kind === "missing") return `The report ${report.path} is missing.`;
        if (report.kind === "broken") return `The report ${report.path} ${report.why}.`;
      }
      return tests === "" ? null : `${tests} (exit code 0).`;
  }
}

async function reportsOf(order: StageOrder, since_ms: number): Promise<readonly ReportReading[]> {
  const patterns = order.stage.reports;
  if (patterns.length === 0) return [];
  const root = order.workspace.tree;
  const seenAs = order.isolation?.inside.tree ?? null;
  try {
    return await order.collectReports({
      installation: order.installation,
      root,
      patterns,
      modifiedAfter_ms: since_ms,
      seenAs,
      files: async () => {
        const paths = await keptFiles(order.workspace);
        return paths === null ? null : { paths, whole: true };
      },
    });
  } catch {
    // The machine is out of something. What cannot be read is no pass.
    return patterns.map((path) => ({ kind: "broken", path, why: "could not be read" }));
  }
}

/**
 * Now, as the file system that holds the reports tells the time. Its clock ticks every few
 * milliseconds, so that a tick is waited for: what an earlier stage wrote is then older than this.
 */
async function fileTime({ stage, workspace }: StageOrder): Promise<number> {
  const path = join(workspace.root, "started");
  const before = await writeOwn(path, "");
  let now = before;
  while (now === before && stage.reports.length > 0) {
    await sleep(1);
    now = await writeOwn(path, "");
  }
  return now;
}

const mib = (bytes: number): string => `${Math.max(1, Math.round(bytes / 2 ** 20))} MiB`;

/** For people: in the largest unit that is exact. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds % 3600 === 0 && seconds > 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 && seconds > 0 ? `${seconds / 60} min` : `${ms / 1000} s`;
}
