// Reads some files out of a zip. Anyone who may change a build may have made it to harm: sizes are what they turn out to be.

import { crc32 } from "node:zlib";
import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { limit } from "../../core/model/limit.ts";

export interface ZipOrder<T> {
  readonly bytes: Uint8Array;
  readonly wanted: (path: string) => boolean;
  /** For all files together; what is left of it is in the answer. */
  readonly unpacked_bytes: number;
  /** Is given one file after the other: only one of them is in memory. */
  readonly read: (file: ZippedFile) => Promise<T>;
}

export type Unzipped<T> =
  | { readonly kind: "read"; readonly files: readonly T[]; readonly bytes: number }
  | { readonly kind: "broken"; readonly why: string };

export interface ZippedFile {
  readonly path: string;
  /** Null where it cannot be had; `why` says so. */
  readonly bytes: Uint8Array | null;
  readonly why: string;
}

/**
 * Files in the order of the zip's directory; of two with one path the last, as anyone who unpacks it on top of
 * each other gets it. A file whose sum is wrong is damage of the whole.
 */
export async function unzip<T>(order: ZipOrder<T>): Promise<Unzipped<T>> {
  let zip: ZipFile;
  try {
    const { bytes } = order;
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    zip = await fromBufferPromise(buffer, { lazyEntries: true, autoClose: false });
  } catch {
    return { kind: "broken", why: "is no zip file" };
  }
  try {
    return await readAll(zip, order);
  } catch {
    return { kind: "broken", why: "is a damaged zip file" };
  } finally {
    zip.close();
  }
}

async function readAll<T>(zip: ZipFile, order: ZipOrder<T>): Promise<Unzipped<T>> {
  const { entries, files: most } = limit.report;
  if (zip.entryCount > entries)
    return { kind: "broken", why: `contains more than ${entries} files` };
  const wanted = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    const path = entry.fileName.replace(/^(?:\.\/)+/, "");
    if (path.endsWith("/") || !order.wanted(path)) continue;
    wanted.set(path, entry);
    if (wanted.size > most)
      return { kind: "broken", why: `contains more than ${most} files that are asked for` };
  }
  const files: T[] = [];
  let bytes = 0;
  for (const [path, entry] of wanted) {
    const left = Math.min(limit.report.bytes, order.unpacked_bytes - bytes);
    const file = await readOne(zip, entry, left);
    bytes += file.bytes?.length ?? 0;
    files.push(await order.read({ path, ...file }));
  }
  return { kind: "read", files, bytes };
}

async function readOne(
  zip: ZipFile,
  entry: Entry,
  most: number,
): Promise<Pick<ZippedFile, "bytes" | "why">> {
  if (entry.isEncrypted()) return { bytes: null, why: "is encrypted" };
  if (!entry.canDecodeFileData()) return { bytes: null, why: "is packed in an unknown way" };
  if (entry.uncompressedSize > most) return { bytes: null, why: tooLarge };
  const bytes = Buffer.alloc(entry.uncompressedSize);
  let at = 0;
  let sum = 0;
  // It ends with an error where more or less comes out than the entry claims.
  for await (const part of await zip.openReadStreamPromise(entry)) {
    const chunk = part as Uint8Array;
    bytes.set(chunk, at);
    at += chunk.length;
    sum = crc32(chunk, sum);
  }
  if (sum !== entry.crc32) throw new Error("The sum of the file is wrong.");
  return { bytes, why: "" };
}

const tooLarge = "is too large when unpacked";
