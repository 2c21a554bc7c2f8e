// Report files inside the output artifacts of a stage, which are zip files in S3.

import { GetObjectCommand, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { globProblem, matcher } from "../../core/glob.ts";
import { limit } from "../../core/limit.ts";
import type { ReportReading } from "../../core/report.ts";
import type { ActionRun } from "./actions.ts";
import { objectArn } from "./arn.ts";
import type { Session } from "./session.ts";
import { oneLine } from "./text.ts";
import { unzip, type ZippedFile } from "./zip.ts";

/** Reads one report in whatever format it is written. */
export type ReadReport = (file: {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly root: string;
}) => Promise<ReportReading>;

export interface ArtifactOrder {
  readonly session: Session;
  readonly patterns: readonly string[];
  readonly runs: readonly ActionRun[];
  readonly readReport: ReadReport;
}

export type FilesRead =
  | { readonly kind: "read"; readonly reports: readonly ReportReading[] }
  /** There is none in any artifact. */
  | { readonly kind: "none" }
  | { readonly kind: "later"; readonly why: string };

/** One reading for each file, in the order of the patterns; one for each pattern that found nothing. */
export async function reportsInArtifacts(order: ArtifactOrder): Promise<FilesRead> {
  const { session, runs, readReport } = order;
  const patterns = order.patterns.map(patternOf);
  const files: ZippedFile[] = [];
  const broken: string[] = [];
  let bytes = 0;
  for (const place of placesOf(runs)) {
    const got = await download(session, place);
    if (got.kind === "later") return got;
    if (got.kind === "broken") {
      broken.push(got.why);
      continue;
    }
    const unpacked_bytes = limit.codepipeline.unpacked_bytes - bytes;
    const wanted = (path: string) => patterns.some(({ matches }) => matches(path));
    const unzipped = await unzip({ bytes: got.bytes, wanted, unpacked_bytes });
    if (unzipped.kind === "broken") broken.push(`an artifact of the stage ${unzipped.why}`);
    else {
      files.push(...unzipped.files);
      bytes += unzipped.bytes;
    }
  }
  if (files.length === 0 && broken.length === 0 && patterns.every(({ why }) => why === null))
    return { kind: "none" };
  const seen = new Set<ZippedFile>();
  const reports: ReportReading[] = [];
  for (const { shown, matches, why } of patterns) {
    const found = files.filter(({ path }) => matches(path));
    if (found.length === 0) reports.push(emptyHanded(shown, why ?? broken[0] ?? null));
    for (const file of found.filter((file) => !seen.has(file))) {
      seen.add(file);
      reports.push(await readingOf(file, readReport));
    }
  }
  return { kind: "read", reports };
}

interface Pattern {
  readonly shown: string;
  readonly matches: (path: string) => boolean;
  /** What is wrong with it; null where nothing is. */
  readonly why: string | null;
}

function patternOf(pattern: string): Pattern {
  const glob = pattern.replace(/^(?:\.\/)+/, "");
  const shown = oneLine(pattern, limit.report.name_chars);
  const never = () => false;
  if (glob.startsWith("/") || glob.split("/").includes(".."))
    return { shown, matches: never, why: "leaves the artifact" };
  const problem = globProblem(glob);
  if (problem !== null) return { shown, matches: never, why: `is no pattern: ${problem}` };
  return { shown, matches: matcher([glob]), why: null };
}

function emptyHanded(path: string, why: string | null): ReportReading {
  if (why === null) return { kind: "missing", path };
  return { kind: "broken", path, why: oneLine(why, limit.report.message_chars) };
}

async function readingOf(
  { path, bytes, why }: ZippedFile,
  readReport: ReadReport,
): Promise<ReportReading> {
  const shown = oneLine(path, limit.report.name_chars);
  if (bytes === null) return { kind: "broken", path: shown, why };
  return await readReport({ path: shown, bytes, root: sourceFolderIn(bytes) });
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
  readonly bucket: string;
  readonly key: string;
  readonly region: string | null;
}

/** Cross-region actions keep their artifacts where they run. */
function placesOf(runs: readonly ActionRun[]): readonly Place[] {
  const places = new Map<string, Place>();
  for (const { outputs, region } of runs)
    for (const { bucket, key } of outputs) places.set(`${bucket}/${key}`, { bucket, key, region });
  return [...places.values()].slice(0, limit.codepipeline.artifacts);
}

type Downloaded =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "broken"; readonly why: string }
  | { readonly kind: "later"; readonly why: string };

async function download(session: Session, { bucket, key, region }: Place): Promise<Downloaded> {
  const gone = "an artifact of the stage is not there any more";
  const reply = await session.ask({
    action: "s3:GetObject",
    // Every execution has objects of its own: a policy for one of them would help once.
    resource: objectArn(session.owner, bucket, "*"),
    ...(region === null ? {} : { region }),
    sentences: { NoSuchKey: gone, NoSuchBucket: gone },
    send: async ({ s3 }) =>
      await bodyOf(await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }))),
  });
  if (reply.kind === "ok")
    return reply.value === null
      ? { kind: "broken", why: `an artifact of the stage is larger than ${mib}` }
      : { kind: "bytes", bytes: reply.value };
  if (reply.is === "later") return { kind: "later", why: reply.why };
  return { kind: "broken", why: reply.is === "denied" ? `${reply.why}${andKey}` : reply.why };
}

/** S3 answers the same where it is the key of the bucket that may not be used. */
const andKey = " Where a key of yours encrypts the bucket, kms:Decrypt on that key is needed too.";

const mib = `${limit.codepipeline.artifact_bytes / 2 ** 20} MiB`;

/** Null where it is too large; it is not read to its end then. */
async function bodyOf({ Body, ContentLength }: GetObjectCommandOutput): Promise<Uint8Array | null> {
  const most = limit.codepipeline.artifact_bytes;
  if (Body === undefined) return new Uint8Array();
  const stream = Body as AsyncIterable<Uint8Array> & { destroy?: () => void };
  const parts: Uint8Array[] = [];
  let size = ContentLength ?? 0;
  if (size <= most) {
    size = 0;
    for await (const part of stream) {
      size += part.length;
      if (size > most) break;
      parts.push(part);
    }
  }
  if (size <= most) return Buffer.concat(parts);
  stream.destroy?.();
  return null;
}
