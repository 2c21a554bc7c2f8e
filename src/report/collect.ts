// Finds and reads the reports that a stage was to leave in its workspace.

import { limit } from "../core/model/limit.ts";
import { type CommitPaths, fileTree } from "../core/model/place.ts";
import {
  asksForTree,
  type FileReading,
  type FoundReading,
  mergeReadings,
  placed,
  type ReportReading,
} from "../core/model/report.ts";
import { broken } from "./file.ts";
import { find } from "./find.ts";
import { readInWorker } from "./in-worker.ts";
import { openReport, realFolder } from "./open.ts";
import { plainLine } from "./plain.ts";

interface Collection {
  /** Whose stage it is: installations take turns where reading takes long. */
  readonly installation: number;
  /** The workspace; nothing outside it is read, whatever links the stage left there. */
  readonly root: string;
  /** Globs below the workspace, as in the plan. */
  readonly patterns: readonly string[];
  /** Reports written before this moment are not this stage's, such as one that is in the repository. */
  readonly modifiedAfter_ms?: number;
  /** The workspace's path as the stage saw it, where that is another one. */
  readonly seenAs?: string | null;
  /** The files of the commit, asked for once something failed; null where they are not known. */
  readonly files?: () => Promise<CommitPaths | null>;
}

/**
 * In the order of the patterns: one reading for the files of each, the files that cannot be used, and one for
 * each pattern that found nothing. A file that several patterns match counts for the first. Every command of
 * the stage must have ended.
 * @throws Where the machine fails (out of file handles, disk errors): a reason to try again later.
 */
export async function collectReports(collection: Collection): Promise<ReportReading[]> {
  const { patterns, modifiedAfter_ms } = collection;
  const root = await realFolder(collection.root);
  const readings: FoundReading[] = [];
  const seen = new Set<string>();
  const budget = {
    bytes: limit.report.total_bytes,
    ms: limit.report.total_ms,
    installation: collection.installation,
  };
  for (const pattern of patterns) {
    const shown = plainLine(pattern, limit.report.name_chars);
    const found =
      root === null ? ({ kind: "found", paths: [] } as const) : await find(root, pattern);
    if (root === null || (found.kind === "found" && found.paths.length === 0)) {
      readings.push({ kind: "missing", path: shown });
    } else if (found.kind === "refused") {
      readings.push(broken(shown, found.why));
    } else {
      const files: FileReading[] = [];
      for (const path of found.paths) {
        if (seen.has(path)) continue;
        seen.add(path);
        const file = { root, path, modifiedAfter_ms: modifiedAfter_ms ?? 0 };
        files.push(await read(file, { seenAs: collection.seenAs ?? root, budget }));
      }
      readings.push(...mergeReadings(shown, files));
    }
  }
  const files = asksForTree(readings) ? await collection.files?.() : null;
  const tree = files == null ? null : fileTree(files);
  return readings.map((reading) => placed(reading, tree));
}

interface Budget {
  bytes: number;
  /** Of reading itself: who waits for a turn has done nothing yet. */
  ms: number;
  readonly installation: number;
}

async function read(
  file: { root: string; path: string; modifiedAfter_ms: number },
  { seenAs, budget }: { readonly seenAs: string; readonly budget: Budget },
): Promise<FileReading> {
  const path = plainLine(file.path, limit.report.name_chars);
  if (budget.ms < 0)
    return broken(
      path,
      `is one of too many: reading them takes over ${limit.report.total_ms / 1_000} s`,
    );
  const since = performance.now();
  const opened = await openReport(file);
  budget.ms -= performance.now() - since;
  switch (opened.kind) {
    case "gone":
      return { kind: "missing", path };
    case "refused":
      return broken(path, opened.why);
    case "bytes":
      budget.bytes -= opened.bytes.length;
      if (budget.bytes < 0)
        return broken(
          path,
          `is one too many: the reports of one stage have at most ${limit.report.total_bytes / 2 ** 20} MiB`,
        );
      return await readInWorker(
        { path, bytes: opened.bytes, root: seenAs },
        {
          installation: budget.installation,
          spent: (ms) => {
            budget.ms -= ms;
          },
        },
      );
  }
}
