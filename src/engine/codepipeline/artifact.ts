// Report files inside the output artifacts of a stage, which are zip files in S3.

import { objectArn } from "../../aws/arn.ts";
import type { Session } from "../../aws/session.ts";
import { openSlots } from "../../aws/slots.ts";
import { oneLine } from "../../aws/text.ts";
import { limit } from "../../core/model/limit.ts";
import { type CommitPaths, fileTree } from "../../core/model/place.ts";
import {
  asksForTree,
  type FileReading,
  type FoundReading,
  mergeReadings,
  placed,
  type ReportReading,
} from "../../core/model/report.ts";
import { globProblem, matcher, openSteps, type Steps } from "../../core/plan/glob.ts";
import type { ActionRun } from "./actions.ts";
import { readObject } from "./object.ts";
import { type Unzipped, unzip, type ZipOrder, type ZippedFile } from "./zip.ts";

/** Reads one report in whatever format it is written. */
export type ReadReport = (
  file: { readonly path: string; readonly bytes: Uint8Array; readonly root: string },
  reader: { readonly installation: number },
) => Promise<FileReading>;

export interface ArtifactOrder {
  readonly installation: number;
  readonly session: Session;
  readonly patterns: readonly string[];
  readonly runs: readonly ActionRun[];
  readonly readReport: ReadReport;
  /** The files of the commit, asked for once something failed; null where they are not known. */
  readonly files: () => Promise<CommitPaths | null>;
}

export type FilesRead =
  | {
      readonly kind: "read";
      /** Missing is a file only where every artifact was read. */
      readonly reports: readonly ReportReading[];
      /** Runs of actions that left a file of the plan, by their ids. */
      readonly from: ReadonlySet<string>;
    }
  | { readonly kind: "later"; readonly why: string };

/**
 * One reading for each artifact that cannot be read, for what is in it is not known, whatever was found
 * elsewhere; then, in the order of the patterns, one for the files of each and for each that found none.
 */
export async function reportsInArtifacts(order: ArtifactOrder): Promise<FilesRead> {
  const steps = openSteps(limit.report.steps);
  const patterns = order.patterns.map((pattern) => patternOf(pattern, steps));
  const wanted = (path: string) => patterns.some(({ matches }) => matches(path));
  const files: FileRead[] = [];
  const reports: FoundReading[] = [];
  const from = new Set<string>();
  const all = placesOf(order.runs);
  const places = all.slice(0, limit.codepipeline.artifacts);
  let unpacked_bytes: number = limit.codepipeline.unpacked_bytes;
  for (const place of places) {
    const read = async (file: ZippedFile) => ({
      path: file.path,
      reading: await readingOf(file, order),
    });
    const got = await slots.use(() =>
      unpack(order.session, place, { wanted, unpacked_bytes, read }),
    );
    if (got === null) return { kind: "later", why: "other artifacts are being read." };
    if (got.kind === "later") return got;
    if (got.kind === "broken") {
      reports.push(broken(place.key, got.why));
      continue;
    }
    unpacked_bytes -= got.bytes;
    if (got.files.length > 0) from.add(place.run);
    files.push(...got.files);
  }
  if (all.length > places.length)
    reports.push(broken("artifacts", `the stage has ${all.length}, and ${places.length} are read`));
  if (steps.left < 0)
    reports.push(broken("artifacts", "the patterns take too long to be matched with their files"));
  const isWhole = reports.length === 0;
  const seen = new Set<FileRead>();
  for (const { shown, matches, why } of patterns) {
    const found = files.filter(({ path }) => matches(path));
    const own = found.filter((file) => !seen.has(file));
    for (const file of own) seen.add(file);
    reports.push(
      ...mergeReadings(
        shown,
        own.map(({ reading }) => reading),
      ),
    );
    if (found.length > 0) continue;
    if (why !== null) reports.push(broken(shown, why));
    else if (isWhole) reports.push({ kind: "missing", path: shown });
    else reports.push(broken(shown, "is in no artifact that could be read"));
  }
  const paths = asksForTree(reports) ? await order.files() : null;
  const tree = paths === null ? null : fileTree(paths);
  return { kind: "read", reports: reports.map((reading) => placed(reading, tree)), from };
}

interface FileRead {
  readonly path: string;
  readonly reading: FileReading;
}

/** Of the whole process: anyone who has one holds an artifact in memory. */
const slots = openSlots(limit.codepipeline.downloads, limit.codepipeline.artifact_ms);

interface Pattern {
  readonly shown: string;
  readonly matches: (path: string) => boolean;
  /** What is wrong with it; null where nothing is. */
  readonly why: string | null;
}

function patternOf(pattern: string, steps: Steps): Pattern {
  const glob = pattern.replace(/^(?:\.\/)+/, "");
  const shown = oneLine(pattern, limit.report.name_chars);
  const never = () => false;
  if (glob.startsWith("/") || glob.split("/").includes(".."))
    return { shown, matches: never, why: "leaves the artifact" };
  const problem = globProblem(glob);
  if (problem !== null) return { shown, matches: never, why: `is no pattern: ${problem}` };
  const matches = matcher([glob], steps);
  // Where it is not known, somebody sees by the steps that are left.
  return { shown, matches: (path) => matches(path) === true, why: null };
}

function broken(path: string, why: string): FileReading & { readonly kind: "broken" } {
  return {
    kind: "broken",
    path: oneLine(path, limit.report.name_chars),
    why: oneLine(why, limit.report.message_chars),
  };
}

async function readingOf(
  { path, bytes, why }: ZippedFile,
  { readReport, installation }: ArtifactOrder,
): Promise<FileReading> {
  const shown = oneLine(path, limit.report.name_chars);
  if (bytes === null) return { kind: "broken", path: shown, why };
  const root = sourceFolderIn(bytes);
  return await readReport({ path: shown, bytes, root }, { installation });
}

/**
 * Where CodeBuild had the source, by which many reports name their files; empty where this one does not.
 * docs.aws.amazon.com/codebuild/latest/userguide/build-env-ref-env-vars.html (CODEBUILD_SRC_DIR)
 */
function sourceFolderIn(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = buffer.indexOf("/codebuild/output/src");
  if (at === -1) return "";
  const text = buffer.toString("latin1", at, at + limit.report.path_chars);
  return /^\/codebuild\/output\/src\d+\/src(?=\/)/.exec(text)?.[0] ?? "";
}

interface Place {
  /** The id of the run that left it. */
  readonly run: string;
  readonly bucket: string;
  readonly key: string;
  readonly region: string | null;
}

/** Cross-region actions keep their artifacts where they run. */
function placesOf(runs: readonly ActionRun[]): readonly Place[] {
  const places = new Map<string, Place>();
  for (const { id: run, outputs, region } of runs)
    for (const { bucket, key } of outputs)
      places.set(`${bucket}/${key}`, { run, bucket, key, region });
  return [...places.values()];
}

type Unpacked = Unzipped<FileRead> | { readonly kind: "later"; readonly why: string };

async function unpack(
  session: Session,
  { bucket, key, region }: Place,
  wanted: Omit<ZipOrder<FileRead>, "bytes">,
): Promise<Unpacked> {
  const gone = "an artifact of the stage is not there any more";
  const reply = await session.ask({
    action: "s3:GetObject",
    // Every execution has objects of its own: a policy for one of them would help once.
    resource: objectArn(session.owner, bucket, "*"),
    ...(region === null ? {} : { region }),
    sentences: {
      NoSuchKey: gone,
      NoSuchBucket: gone,
      TooSlow: `an artifact of the stage takes longer than ${seconds} to be read.`,
    },
    send: ({ s3 }) =>
      readObject({
        s3,
        bucket,
        key,
        bytes: limit.codepipeline.artifact_bytes,
        within_ms: limit.codepipeline.artifact_ms,
      }),
    has: (bytes) => bytes,
  });
  if (reply.kind === "trouble") {
    if (reply.is === "later") return { kind: "later", why: reply.why };
    return { kind: "broken", why: reply.is === "denied" ? `${reply.why}${andKey}` : reply.why };
  }
  if (reply.value === null)
    return { kind: "broken", why: `an artifact of the stage is larger than ${mib}` };
  const unzipped = await unzip({ bytes: reply.value, ...wanted });
  if (unzipped.kind === "read") return unzipped;
  return { kind: "broken", why: `an artifact of the stage ${unzipped.why}` };
}

/** S3 answers the same where it is the key of the bucket that may not be used. */
const andKey = " Where a key of yours encrypts the bucket, kms:Decrypt on that key is needed too.";

const mib = `${limit.codepipeline.artifact_bytes / 2 ** 20} MiB`;
const seconds = `${limit.codepipeline.artifact_ms / 1_000} seconds`;
