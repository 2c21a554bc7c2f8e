// Reads large reports in threads with limits: webhooks must not wait for what a stage has written.

import { limit } from "../core/model/limit.ts";
import type { FileReading } from "../core/model/report.ts";
import { openThread } from "../thread/thread.ts";
import { broken, type ReportFile } from "./file.ts";
import { readReport } from "./read.ts";
import type { TimedReading } from "./thread.ts";

export interface Reader {
  /** Whose stage has written it: installations take turns. */
  readonly installation: number;
  /** Told how long the reading itself took, in milliseconds, without the wait for a turn. */
  readonly spent?: (ms: number) => void;
}

/** As `readReport`, which small reports are read by where they are. */
export async function readInWorker(file: ReportFile, reader: Reader): Promise<FileReading> {
  if (file.bytes.length <= limit.report.inline_bytes) {
    const since = performance.now();
    const reading = readReport(file);
    reader.spent?.(performance.now() - since);
    return reading;
  }
  const lane = file.bytes.length <= limit.report.short_bytes ? lanes.short : lanes.long;
  const answer = await lane.ask(file, reader.installation);
  if (answer.kind === "done") {
    reader.spent?.(answer.value.took_ms);
    return answer.value.reading;
  }
  // What takes too long or too much memory is no report that anybody could use, and counts as the longest.
  reader.spent?.(limit.report.read_ms);
  return broken(file.path, answer.why);
}

const open = () =>
  openThread<ReportFile, TimedReading>({
    entry: new URL("./thread.ts", import.meta.url),
    memory_mb: limit.report.memory_mb,
    within_ms: limit.report.read_ms,
    idle_ms: limit.report.idle_ms,
  });

/**
 * One report at a time in each, however many stages end at once: they share the memory of the process. What is
 * read in a moment does not wait for what takes seconds.
 */
const lanes = { short: open(), long: open() };
