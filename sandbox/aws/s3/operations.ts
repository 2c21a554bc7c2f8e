// The operations of S3 that artifacts need: objects by bucket and key, and lists of them.
import type { S3Object, World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { Answer } from "../wire/answer.ts";
import { xml } from "../wire/xml.ts";
import { unchunk } from "./chunks.ts";
import { putObject } from "./objects.ts";

export type S3Request = {
  operation: "GetObject" | "HeadObject" | "PutObject" | "ListObjectsV2" | "Unknown";
  bucket: string;
  key: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
};

/** What IAM has to say about it. */
export function s3Permission({ operation, bucket, key }: S3Request) {
  if (operation === "ListObjectsV2")
    return { action: "s3:ListBucket", resource: `arn:aws:s3:::${bucket}` };
  const action = operation === "PutObject" ? "s3:PutObject" : "s3:GetObject";
  return { action, resource: `arn:aws:s3:::${bucket}/${key}` };
}

/** Path style, or virtual-host style where the host's name begins with a bucket's. */
export function readS3(
  world: World,
  request: { method: string; url: URL; headers: Readonly<Record<string, string>>; body: Buffer },
): S3Request {
  const { method, url, headers, body } = request;
  const [label = ""] = url.hostname.split(".");
  const virtual = url.hostname.includes(".") && world.buckets.has(label) ? label : undefined;
  const path = url.pathname.slice(1);
  const slash = path.indexOf("/");
  const bucket = virtual ?? (slash === -1 ? path : path.slice(0, slash));
  const rest = virtual === undefined ? (slash === -1 ? "" : path.slice(slash + 1)) : path;
  const key = decodeURIComponent(rest);
  return {
    operation: operationOf(method, key, url),
    bucket: decodeURIComponent(bucket),
    key,
    query: url.searchParams,
    headers,
    body,
  };
}

export function runS3(world: World, asked: S3Request): Answer | Refusal {
  const bucket = world.buckets.get(asked.bucket);
  if (!bucket) return refuse("NoSuchBucket", "The specified bucket does not exist", 404);
  switch (asked.operation) {
    case "PutObject": {
      const chunked = (asked.headers["content-encoding"] ?? "").includes("aws-chunked");
      const object = putObject(world, {
        bucket: asked.bucket,
        key: asked.key,
        body: chunked ? unchunk(asked.body) : asked.body,
        contentType: asked.headers["content-type"] ?? "binary/octet-stream",
        metadata: metadataIn(asked.headers),
      });
      return { status: 200, headers: { etag: object.etag }, body: Buffer.alloc(0) };
    }
    case "GetObject":
    case "HeadObject": {
      const object = bucket.get(asked.key);
      if (!object) return refuse("NoSuchKey", "The specified key does not exist.", 404);
      return sendObject(asked, object);
    }
    case "ListObjectsV2":
      return listObjects(asked, bucket);
    case "Unknown":
      return refuse("NotImplemented", "This operation is not there.", 501);
  }
}

export function encodeS3(value: Answer | Refusal, asked: S3Request, requestId: string): Answer {
  if (!("code" in value))
    return { ...value, headers: { ...value.headers, "x-amz-request-id": requestId } };
  const { code, message, status } = value;
  const resource = `/${asked.bucket}/${asked.key}`;
  const body = xml("Error", {
    Code: code,
    Message: message,
    Resource: resource,
    RequestId: requestId,
  });
  return {
    status,
    headers: { "content-type": "application/xml", "x-amz-request-id": requestId },
    // A HEAD has no body: the client knows only the status.
    body: Buffer.from(
      asked.operation === "HeadObject" ? "" : `<?xml version="1.0" encoding="UTF-8"?>\n${body}`,
    ),
  };
}

function sendObject(asked: S3Request, object: S3Object): Answer | Refusal {
  const size = object.body.length;
  const headers: Record<string, string> = {
    "accept-ranges": "bytes",
    "content-type": object.contentType,
    etag: object.etag,
    "last-modified": new Date(object.modifiedAt).toUTCString(),
  };
  for (const [name, value] of Object.entries(object.metadata))
    headers[`x-amz-meta-${name}`] = value;
  const [, from = "", to = ""] = /^bytes=(\d*)-(\d*)$/.exec(asked.headers.range ?? "") ?? [];
  const ranged = from !== "" || to !== "";
  const start = from === "" && ranged ? Math.max(0, size - Number(to)) : Number(from);
  const end = from === "" || to === "" ? size : Math.min(size, Number(to) + 1);
  if (ranged && start >= size)
    return refuse("InvalidRange", "The requested range is not satisfiable", 416);
  const body = ranged ? object.body.subarray(start, end) : object.body;
  if (ranged) headers["content-range"] = `bytes ${start}-${end - 1}/${size}`;
  headers["content-length"] = String(body.length);
  const isHead = asked.operation === "HeadObject";
  return { status: ranged ? 206 : 200, headers, body: isHead ? Buffer.alloc(0) : body };
}

function listObjects(asked: S3Request, bucket: ReadonlyMap<string, S3Object>): Answer {
  const prefix = asked.query.get("prefix") ?? "";
  const max = Math.min(1000, Number(asked.query.get("max-keys") ?? 1000));
  const token = asked.query.get("continuation-token");
  const after =
    token === null ? asked.query.get("start-after") : Buffer.from(token, "base64url").toString();
  const keys = [...bucket.keys()]
    .filter((key) => key.startsWith(prefix) && (after === null || key > after))
    .sort();
  const shown = keys.slice(0, max);
  const truncated = keys.length > shown.length;
  const content = {
    Name: asked.bucket,
    Prefix: prefix,
    KeyCount: shown.length,
    MaxKeys: max,
    IsTruncated: truncated,
    ContinuationToken: token ?? undefined,
    NextContinuationToken: truncated
      ? Buffer.from(shown.at(-1) ?? "").toString("base64url")
      : undefined,
    Contents: shown.map((key) => {
      const object = bucket.get(key);
      return {
        Key: key,
        LastModified: new Date(object?.modifiedAt ?? 0).toISOString(),
        ETag: object?.etag,
        Size: object?.body.length,
        StorageClass: "STANDARD",
      };
    }),
  };
  const xmlns = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
  return {
    status: 200,
    headers: { "content-type": "application/xml" },
    body: Buffer.from(xml("ListBucketResult", content, xmlns)),
  };
}

function operationOf(method: string, key: string, url: URL): S3Request["operation"] {
  if (key === "") return url.searchParams.get("list-type") === "2" ? "ListObjectsV2" : "Unknown";
  if (method === "GET") return "GetObject";
  if (method === "HEAD") return "HeadObject";
  return method === "PUT" ? "PutObject" : "Unknown";
}

function metadataIn(headers: Readonly<Record<string, string>>): Record<string, string> {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith("x-amz-meta-")) metadata[name.slice("x-amz-meta-".length)] = value;
  return metadata;
}
