// Finds and reads the reports that a stage was to leave in its workspace.

import { limit } from "../core/limit.ts";
import type { ReportReading } from "../core/report.ts";
import { readAside } from "./aside.ts";
import { broken } from "./file.ts";
import { find } from "./find.ts";
import { openReport, realFolder } from "./open.ts";
import { plainLine } from "./plain.ts";

interface Collection {
  /** The workspace; nothing outside it is read, whatever links the stage left there. */
  readonly root: string;
  /** Globs below the workspace, as in the plan. */
  readonly patterns: readonly string[];
  /** Reports written before this moment are not this stage's, such as one that is in the repository. */
  readonly modifiedAfter_ms?: number;
  /** The workspace's path as the stage saw it, where that is another one. */
  readonly seenAs?: string | null;
}

/**
 * One reading for each file, in the order of the patterns and then of the paths; one for each
 * pattern that found nothing. Every command of the stage must have ended.
 * @throws Where the machine fails (out of file handles, disk errors): a reason to try again later.
 */
export async function collectReports(collection: Collection): Promise<ReportReading[]> {
  const { patterns, modifiedAfter_ms } = collection;
  const root = await realFolder(collection.root);
  const readings: ReportReading[] = [];
  const seen = new Set<string>();
  for (const pattern of patterns) {
    const shown = plainLine(pattern, limit.report.name_chars);
    const found =
      root === null ? ({ kind: "found", paths: [] } as const) : await find(root, pattern);
    if (root === null || (found.kind === "found" && found.paths.length === 0)) {
      readings.push({ kind: "missing", path: shown });
    } else if (found.kind === "refused") {
      readings.push(broken(shown, found.why));
    } else {
      for (const path of found.paths) {
        if (seen.has(path)) continue;
        seen.add(path);
        const file = { root, path, modifiedAfter_ms: modifiedAfter_ms ?? 0 };
        readings.push(await read(file, collection.seenAs ?? root));
      }
    }
  }
  return readings;
}

async function read(
  file: { root: string; path: string; modifiedAfter_ms: number },
  seenAs: string,
): Promise<ReportReading> {
  const path = plainLine(file.path, limit.report.name_chars);
  const opened = await openReport(file);
  switch (opened.kind) {
    case "gone":
      return { kind: "missing", path };
    case "refused":
      return broken(path, opened.why);
    case "bytes":
      return await readAside({ path, bytes: opened.bytes, root: seenAs });
  }
}
