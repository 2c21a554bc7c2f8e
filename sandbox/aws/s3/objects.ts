// Buckets and the objects in them.
import { createHash } from "node:crypto";
import type { S3Object, World } from "../model.ts";

export function putObject(
  world: World,
  put: {
    bucket: string;
    key: string;
    body: Uint8Array;
    contentType?: string;
    metadata?: Readonly<Record<string, string>>;
  },
): S3Object {
  const body = Buffer.from(put.body);
  const object: S3Object = {
    body,
    etag: `"${createHash("md5").update(body).digest("hex")}"`,
    modifiedAt: world.clock.now(),
    contentType: put.contentType ?? "binary/octet-stream",
    metadata: put.metadata ?? {},
  };
  bucketOf(world, put.bucket).set(put.key, object);
  return object;
}

/** Makes the bucket where it is not there yet. */
export function bucketOf(world: World, name: string): Map<string, S3Object> {
  const there = world.buckets.get(name);
  if (there) return there;
  const made = new Map<string, S3Object>();
  world.buckets.set(name, made);
  return made;
}
