// Which service and operation a request is for, and how that service reads and writes.
import type { Protocol } from "./access.ts";
import { codebuildOperations } from "./codebuild/operations.ts";
import { codepipelineOperations } from "./codepipeline/operations.ts";
import { logsOperations } from "./logs/operations.ts";
import type { World } from "./model.ts";
import type { Operation, Prepared, Scope } from "./operation.ts";
import { Refusal, refuse } from "./refusal.ts";
import { encodeS3, readS3, runS3, s3Permission } from "./s3/operations.ts";
import { stsOperations } from "./sts/operations.ts";
import type { Answer } from "./wire/answer.ts";
import { decodeJson, encodeJson } from "./wire/json.ts";
import { decodeQuery, encodeQuery } from "./wire/query.ts";

export type Asked = {
  /** As in IAM: codepipeline, codebuild, logs, sts, s3. */
  service: string;
  operation: string;
  protocol: Protocol;
  input: unknown;
  prepare(scope: Scope): Prepared | Refusal;
  encode(value: object | Refusal): Answer;
};

type Wire = {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
};

export function read(world: World, request: Wire): Asked {
  const requestId = world.random.guid();
  const target = request.headers["x-amz-target"];
  if (target !== undefined) return readJson(target, request, requestId);
  const type = request.headers["content-type"] ?? "";
  if (request.method === "POST" && type.startsWith("application/x-www-form-urlencoded"))
    return readQuery(request, requestId);
  return readRest(world, request, requestId);
}

const jsonServices: Readonly<
  Record<
    string,
    { service: string; invalid: string; operations: Readonly<Record<string, Operation>> }
  >
> = {
  CodePipeline_20150709: {
    service: "codepipeline",
    invalid: "ValidationException",
    operations: codepipelineOperations,
  },
  CodeBuild_20161006: {
    service: "codebuild",
    invalid: "InvalidInputException",
    operations: codebuildOperations,
  },
  Logs_20140328: {
    service: "logs",
    invalid: "InvalidParameterException",
    operations: logsOperations,
  },
};

function readJson(target: string, request: Wire, requestId: string): Asked {
  const [prefix = "", operation = ""] = target.split(".");
  const found = jsonServices[prefix];
  const input = decodeJson(request.body);
  return {
    service: found?.service ?? prefix,
    operation,
    protocol: "json",
    input,
    prepare: (scope) => prepare(found?.operations[operation], input, scope),
    encode: (value) => encodeJson(named(value, found?.invalid), requestId),
  };
}

const sts_namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

function readQuery(request: Wire, requestId: string): Asked {
  const form = new URLSearchParams(request.body.toString("utf8"));
  const operation = form.get("Action") ?? "";
  const isSts = form.get("Version") === "2011-06-15";
  const input = decodeQuery(form);
  return {
    service: isSts ? "sts" : "unknown",
    operation,
    protocol: "query",
    input,
    prepare: (scope) => prepare(isSts ? stsOperations[operation] : undefined, input, scope),
    encode: (value) =>
      encodeQuery(named(value, "ValidationError"), {
        operation,
        namespace: sts_namespace,
        requestId,
      }),
  };
}

function readRest(world: World, request: Wire, requestId: string): Asked {
  const asked = readS3(world, request);
  const { operation, bucket, key } = asked;
  return {
    service: "s3",
    operation,
    protocol: "rest",
    input: { Bucket: bucket, Key: key },
    prepare: () => ({ ...s3Permission(asked), run: () => runS3(world, asked) }),
    encode: (value) => encodeS3(value as Answer | Refusal, asked, requestId),
  };
}

function prepare(found: Operation | undefined, input: unknown, scope: Scope): Prepared | Refusal {
  if (!found) return refuse("UnknownOperationException", "The embedded AWS does not have this.");
  return input instanceof Refusal ? input : found.prepare(input, scope);
}

// What does not fit the description has another name in each service.
function named(value: object | Refusal, invalid = "ValidationException"): object | Refusal {
  if (!(value instanceof Refusal) || value.code !== "ValidationException") return value;
  return refuse(invalid, value.message, value.status);
}
