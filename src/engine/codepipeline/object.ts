// One object of S3 as bytes: no more of them than are allowed, and no waiting for longer.

import { Readable } from "node:stream";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { NotOfAws } from "../../aws/failure.ts";

export interface ObjectOrder {
  readonly s3: S3Client;
  readonly bucket: string;
  readonly key: string;
  readonly bytes: number;
  /** From the request to the last byte: the SDK's own limit ends with the head of the answer. */
  readonly within_ms: number;
}

/** It did not come whole in time. */
export class TooSlow extends Error {
  override name = "TooSlow";
}

/** Null where it is larger; it is not read to its end then. Rejects with `NotOfAws` where no object came. */
export async function readObject(order: ObjectOrder): Promise<Uint8Array | null> {
  const { s3, bucket, key, bytes, within_ms } = order;
  const deadline = AbortSignal.timeout(within_ms);
  try {
    const answer = await s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), {
      abortSignal: deadline,
    });
    const { Body, ContentLength = bytes, ETag } = answer;
    if (!(Body instanceof Readable)) throw new NotOfAws();
    if (ETag === undefined) {
      Body.destroy();
      throw new NotOfAws();
    }
    if (ContentLength <= bytes) return await fill(Body, ContentLength);
    Body.destroy();
    return null;
  } catch (error) {
    throw deadline.aborted ? new TooSlow() : error;
  }
}

/** Null where more comes. Nothing is put together at the end, which would take the same memory again. */
async function fill(stream: Readable, size: number): Promise<Uint8Array | null> {
  const buffer = Buffer.alloc(size);
  let at = 0;
  for await (const part of stream as AsyncIterable<Uint8Array>) {
    if (at + part.length > size) return null;
    buffer.set(part, at);
    at += part.length;
  }
  return buffer.subarray(0, at);
}
