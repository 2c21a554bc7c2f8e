// Which service and operation a request is for, and how that service reads and writes.
import type { Protocol } from "./access.ts";
import { codebuildOperations } from "./codebuild/operations.ts";
import { codepipelineOperations } from "./codepipeline/operations.ts";
import { forward } from "./forward.ts";
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
  /** As in IAM: codepipeline, codebuild, logs, sts, s3, sns, sqs. */
  service: string;
  operation: string;
  protocol: Protocol;
  input: unknown;
  forwarded: boolean;
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
  // Counted, so that one request more does not change the ids of everything after it.
  const requestId = `00000000-0000-4000-a000-${String(world.log.all.length).padStart(12, "0")}`;
  const target = request.headers["x-amz-target"];
  if (target?.startsWith("AmazonSQS.")) return readSqs(world, request, requestId);
  if (target !== undefined) return readJson(target, request, requestId);
  const type = request.headers["content-type"] ?? "";
  if (request.method === "POST" && type.startsWith("application/x-www-form-urlencoded"))
    return readQuery(world, request, requestId);
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
    forwarded: false,
    prepare: (scope) => prepare(found?.operations[operation], input, scope),
    encode: (value) => encodeJson(named(value, found?.invalid), requestId),
  };
}

function readQuery(world: World, request: Wire, requestId: string): Asked {
  const form = new URLSearchParams(request.body.toString("utf8"));
  const operation = form.get("Action") ?? "";
  const input = decodeQuery(form);
  const service = queryServices[form.get("Version") ?? ""];
  const resource = form.get("TopicArn") ?? form.get("TargetArn") ?? "*";
  const namespace = `https://${service ?? "unknown"}.amazonaws.com/doc/${form.get("Version")}/`;
  return {
    service: service ?? "unknown",
    operation,
    protocol: "query",
    input,
    forwarded: service === "sns",
    prepare: (scope) =>
      service === "sns"
        ? forward(world, { service, operation, resource, request })
        : prepare(service && stsOperations[operation], input, scope),
    encode: (value) =>
      isAnswer(value)
        ? value
        : encodeQuery(named(value, "ValidationError"), { operation, namespace, requestId }),
  };
}

const queryServices: Readonly<Record<string, "sts" | "sns">> = {
  "2011-06-15": "sts",
  "2010-03-31": "sns",
};

function readSqs(world: World, request: Wire, requestId: string): Asked {
  const operation = request.headers["x-amz-target"]?.split(".")[1] ?? "";
  const input = decodeJson(request.body);
  const url =
    typeof input === "object" && input !== null && "QueueUrl" in input ? input.QueueUrl : "";
  const queue = String(url).split("/").at(-1);
  return {
    service: "sqs",
    operation,
    protocol: "json",
    input,
    forwarded: true,
    prepare: ({ region, account }) => {
      const resource = `arn:aws:sqs:${region}:${account}:${queue}`;
      return forward(world, { service: "sqs", operation, resource, request });
    },
    encode: (value) => (isAnswer(value) ? value : encodeJson(value, requestId)),
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
    forwarded: false,
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

function isAnswer(value: object): value is Answer {
  return "body" in value && Buffer.isBuffer(value.body);
}
