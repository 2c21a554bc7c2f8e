// One stage: its command within all limits, its reports, and what it came to.

import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { PlanStage } from "../../core/plan.ts";
import type { ReportReading } from "../../core/report.ts";
import { type Launch, runCommand } from "./command.ts";
import type { CommandExit, ProcessGroup } from "./hold.ts";
import type { Isolation } from "./isolation.ts";
import type { LocalLimits } from "./limits.ts";
import { openTail } from "./tail.ts";
import { occupied, type Workspace } from "./workspace.ts";

export type CollectReports = (order: {
  readonly root: string;
  readonly patterns: readonly string[];
  readonly modifiedAfter_ms: number;
  /** The workspace's path as the command saw it, for absolute paths in its reports; null for `root`. */
  readonly seenAs: string | null;
}) => Promise<readonly ReportReading[]>;

export interface StageOrder {
  readonly stage: PlanStage;
  readonly workspace: Workspace;
  readonly environment: Readonly<Record<string, string>>;
  /** Null where commands run as we are. */
  readonly isolation: Isolation | null;
  readonly limits: LocalLimits;
  /** Ends the stage from outside. */
  readonly signal: AbortSignal;
  readonly grace_ms: () => number;
  readonly collectReports: CollectReports;
  readonly started: (group: ProcessGroup | null) => Promise<void>;
}

export interface StageEnd {
  /** `interrupted`: ended from outside; the one who did it knows why. */
  readonly state: "succeeded" | "failed" | "interrupted";
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
  const over = new AbortController();
  const watched = watchDisk(order, end, over.signal);
  const tail = openTail(limits);

  const exit = await runCommand({
    launch: launchOf(order),
    scratch: workspace.root,
    home: workspace.home,
    environment: order.environment,
    signal: end.signal,
    grace_ms: order.grace_ms,
    drain_ms: limits.drain_ms,
    print(chunk) {
      tail.write(chunk);
      if (tail.total > limits.output_total_bytes)
        end.abort(`The stage printed more than ${mib(limits.output_total_bytes)}.`);
    },
    started: order.started,
  });
  clearTimeout(timer);
  order.signal.removeEventListener("abort", interrupt);
  over.abort();
  await watched;
  if (!end.signal.aborted) await checkDisk(order, end);

  const output = tail.text();
  if (end.signal.reason === interrupted)
    return { state: "interrupted", why: "", output, reports: [] };
  const reports = await reportsOf(order, since_ms);
  const cause = end.signal.aborted ? String(end.signal.reason) : null;
  const why = cause ?? problemOf(exit, reports);
  return { state: why === null ? "succeeded" : "failed", why: why ?? "", output, reports };
}

function launchOf({ stage, workspace, isolation }: StageOrder): Launch {
  if (isolation !== null) return isolation.launch(workspace, stage.run);
  const line = ["/bin/sh", "-e", "-c", stage.run] as const;
  return { kind: "open", line: [...line], folder: workspace.tree, user: null };
}

const interrupted = Symbol("interrupted");

/** Node fires a timer at once when its time does not fit into 31 bits. */
const longestTimer_ms = 2 ** 31 - 1;

/** A reason why the stage has not passed, or null. The command's own word counts before its reports'. */
function problemOf(exit: CommandExit, reports: readonly ReportReading[]): string | null {
  const failed = reports.reduce(
    (sum, report) => sum + (report.kind === "read" ? report.counts.failed : 0),
    0,
  );
  const tests = failed === 0 ? "" : `${failed} ${failed === 1 ? "test" : "tests"} failed`;
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
    return await order.collectReports({ root, patterns, modifiedAfter_ms: since_ms, seenAs });
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
  const path = join(workspace.root, "begun");
  await writeFile(path, "");
  const before = (await stat(path)).mtimeMs;
  let now = before;
  while (now === before && stage.reports.length > 0) {
    await sleep(1);
    await writeFile(path, "");
    now = (await stat(path)).mtimeMs;
  }
  return now;
}

/** Measuring a large tree is work: it takes at most a tenth of the time. */
async function watchDisk(order: StageOrder, end: AbortController, over: AbortSignal) {
  let pause_ms = order.limits.disk_watch_ms;
  while (!over.aborted) {
    const waited = await sleep(pause_ms, true, { signal: over }).catch(() => false);
    if (!waited) return;
    const begun = performance.now();
    await checkDisk(order, end);
    pause_ms = Math.max(order.limits.disk_watch_ms, 10 * (performance.now() - begun));
  }
}

async function checkDisk({ workspace, limits }: StageOrder, end: AbortController): Promise<void> {
  const most = { bytes: limits.disk_bytes, entries: limits.disk_entries };
  const { bytes, entries } = await occupied(workspace.root, most);
  if (bytes > most.bytes) end.abort(`The stage filled more than ${mib(most.bytes)} of the disk.`);
  else if (entries > most.entries)
    end.abort(`The stage made more than ${most.entries} files and folders.`);
}

const mib = (bytes: number): string => `${Math.max(1, Math.round(bytes / 2 ** 20))} MiB`;

function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds % 3600 === 0 && seconds > 0) return `${seconds / 3600} h`;
  return seconds % 60 === 0 && seconds > 0 ? `${seconds / 60} min` : `${ms / 1000} s`;
}
