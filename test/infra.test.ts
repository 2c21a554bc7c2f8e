// The CloudFormation template, held against what the program really asks of AWS, both ways.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { permissions, trustActions } from "../src/aws/permission.ts";
import { limit } from "../src/core/model/limit.ts";
import { type PipelineHint, readEvent } from "../src/engine/codepipeline/event.ts";
import { chooseSource } from "../src/engine/codepipeline/source.ts";
import { structureOf } from "../src/engine/codepipeline/structure.ts";
import { checkAwsExchange } from "./aws-contract.ts";
import type { Fields, Json, Parameters } from "./cloudformation.ts";
import * as cloudformation from "./cloudformation.ts";
import { event } from "./engine/codepipeline/events.ts";

const text = readFileSync("infra/cloudformation.yaml", "utf8");
const template = cloudformation.readTemplate("infra/cloudformation.yaml");
const pipelineTemplate = cloudformation.readTemplate("infra/pipeline.yaml");

function at(...path: readonly (string | number)[]): Json {
  return cloudformation.at(template, ...path);
}

/** Both branches of a condition. */
function statements(...path: readonly string[]): readonly Fields[] {
  return (at(...path) as readonly Fields[]).flatMap((statement) => {
    const branches = statement["Fn::If"];
    if (branches === undefined) return [statement];
    return (branches as readonly Fields[]).slice(1).filter(({ Effect }) => Effect !== undefined);
  });
}

function actions(of: readonly Fields[]): readonly string[] {
  return of.flatMap(({ Action }) => Action as string | string[]).sort();
}

const roleStatements = statements(
  "Resources",
  "Role",
  "Properties",
  ...["Policies", "0", "PolicyDocument", "Statement"],
);
const trustStatements = statements(
  "Resources",
  "Role",
  "Properties",
  ...["AssumeRolePolicyDocument", "Statement"],
);
const ownStatements = statements(
  "Resources",
  "InterlockPolicy",
  ...["Properties", "PolicyDocument", "Statement"],
);

// ---------------------------------------------------------------- what the program sends

/** What IAM calls the services whose clients have other names. */
const services: Readonly<Record<string, string>> = { "cloudwatch-logs": "logs" };

/** What IAM calls the commands that have other names, and what a command needs besides. */
const exceptions: Readonly<Record<string, readonly string[]>> = {
  // IAM knows no batches.
  "sqs:DeleteMessageBatch": ["sqs:DeleteMessage"],
  // It is sent with a tag.
  "sts:AssumeRole": ["sts:AssumeRole", "sts:TagSession"],
  // Of buckets with a key of their own.
  "s3:GetObject": ["s3:GetObject", "kms:Decrypt"],
};

function sent(): readonly string[] {
  const found = new Set<string>();
  for (const folder of ["src/aws", "src/engine/codepipeline", "src/notify"])
    for (const name of readdirSync(folder)) {
      const source = readFileSync(`${folder}/${name}`, "utf8");
      for (const [, names = "", client = ""] of source.matchAll(
        /import \{([^}]*)\} from "@aws-sdk\/client-([a-z0-9-]+)"/g,
      ))
        for (const [, command] of names.matchAll(/(?<!type )\b([A-Z]\w+)Command\b/g)) {
          if (!source.includes(`new ${command}Command(`)) continue;
          const action = `${services[client] ?? client}:${command}`;
          for (const needed of exceptions[action] ?? [action]) found.add(needed);
        }
    }
  return [...found].sort();
}

const isOwn = (action: string) => /^(sts|sqs):/.test(action);

test("the role may do what the program does with it, and nothing else", () => {
  const needed = sent().filter((action) => !isOwn(action));
  expect(needed.length).toBeGreaterThan(15);
  expect(actions(roleStatements)).toEqual(needed);
});

test("the program names the permissions that the role has, and nothing else", () => {
  const named = actions(roleStatements).filter(
    (action) => !["sns:Publish", "kms:Decrypt"].includes(action),
  );
  expect([...permissions].sort()).toEqual(named);
});

test("Interlock's own identity may take on the role and read the queue, and nothing else", () => {
  expect(actions(ownStatements)).toEqual(sent().filter(isOwn));
  expect(actions(trustStatements)).toEqual([...trustActions].sort());
  const queue = statements(
    "Resources",
    "PipelineQueuePolicy",
    ...["Properties", "PolicyDocument", "Statement"],
  );
  expect(actions(queue)).toEqual(["sqs:DeleteMessage", "sqs:ReceiveMessage", "sqs:SendMessage"]);
});

test("nothing is allowed on everything, or for everybody", () => {
  for (const { Resource, Action } of [...roleStatements, ...ownStatements]) {
    for (const resource of [Resource ?? null].flat())
      expect(JSON.stringify(resource), String(Action)).toMatch(/^\{"(Fn::Sub|Ref|Fn::GetAtt)"/);
    expect(JSON.stringify(Action)).not.toContain("*");
  }
  expect(text).not.toMatch(/Principal: "?\*/);
  for (const statement of trustStatements)
    expect(statement.Principal).toEqual({ AWS: { Ref: "Interlock" } });
});

/** What a stack with these parameters lets Interlock do. */
function allowed(given: Parameters): readonly string[] {
  const parameters = {
    Repository: "acme/shop",
    RepositoryId: "1296269",
    OwnerId: "583231",
    Interlock: "arn:aws:iam::444455556666:role/interlock-host",
    Pipelines: "shop-*",
    Artifacts: "shop-*-artifacts-*",
    Delivery: "none",
    ...given,
  };
  const role = cloudformation.resolve(template, at("Resources", "Role"), parameters) as Fields;
  const policies = cloudformation.at(role, "Properties", "Policies", 0, "PolicyDocument");
  return actions((policies as Fields).Statement as readonly Fields[]);
}

test("what acts on a pipeline can be left out of the role", () => {
  const key = "arn:aws:kms:eu-west-1:111122223333:key/7";
  expect(allowed({ ArtifactKey: key })).toEqual(actions(roleStatements));
  const stop = [
    "codepipeline:DisableStageTransition",
    "codepipeline:EnableStageTransition",
    "codepipeline:StopPipelineExecution",
  ];
  const rest = [
    "codepipeline:PutApprovalResult",
    "codepipeline:RetryStageExecution",
    "codepipeline:RollbackStage",
  ];
  const all = allowed({});
  expect(allowed({ Acts: "stop" })).toEqual(all.filter((action) => !rest.includes(action)));
  expect(allowed({ Acts: "none" })).toEqual(
    all.filter((action) => ![...rest, ...stop].includes(action)),
  );
});

test("the role can be taken on for its repository alone", () => {
  const [assume, tag] = trustStatements;
  const tags = {
    "aws:RequestTag/repository": { Ref: "Repository" },
    "aws:RequestTag/repository_id": { Ref: "RepositoryId" },
    "aws:RequestTag/owner_id": { Ref: "OwnerId" },
  };
  expect(assume?.Condition).toEqual({
    StringEquals: { "sts:ExternalId": { Ref: "Repository" }, ...tags },
  });
  expect(tag?.Condition).toEqual({
    StringEquals: tags,
    "ForAllValues:StringEquals": { "aws:TagKeys": ["repository", "repository_id", "owner_id"] },
  });
  for (const id of ["RepositoryId", "OwnerId"])
    expect(at("Parameters", id)).not.toHaveProperty("Default");
});

test("the rule hears exactly the events that are read", () => {
  const pattern = at("Resources", "PipelineRule", "Properties", "EventPattern") as Fields;
  expect(pattern.source).toEqual(["aws.codepipeline"]);
  const moved = (pattern["detail-type"] as readonly string[]).map(
    (type) => readEvent(JSON.stringify(event({ more: { "detail-type": type } }))) as PipelineHint,
  );
  expect(moved.map((hint) => hint.moved)).toEqual(["execution", "stage", "action"]);
});

test("topics sign with SHA256, and only the rule may publish events", () => {
  for (const topic of ["PipelineEvents", "Releases"])
    expect(at("Resources", topic, "Properties", "SignatureVersion")).toBe("2");
  expect(
    at("Resources", "PipelineEventsPolicy", "Properties", "PolicyDocument", "Statement"),
  ).toEqual([
    {
      Effect: "Allow",
      Principal: { Service: "events.amazonaws.com" },
      Action: "sns:Publish",
      // No condition: EventBridge supports none here, and nothing would ever arrive.
      Resource: { Ref: "PipelineEvents" },
    },
  ]);
});

test("the rule sends to the queue itself, and nobody else may", () => {
  const statement = statements(
    "Resources",
    "PipelineQueuePolicy",
    ...["Properties", "PolicyDocument", "Statement"],
  ).find(({ Action }) => Action === "sqs:SendMessage");
  expect(statement).toMatchObject({
    Principal: { Service: "events.amazonaws.com" },
    Condition: { ArnEquals: { "aws:SourceArn": { "Fn::GetAtt": "PipelineRule.Arn" } } },
  });
  const target = at("Resources", "PipelineRule", "Properties", "Targets", 0, "Arn");
  const parameters = {
    ...{ Repository: "acme/shop", Interlock: "arn:aws:iam::444455556666:role/host" },
    ...{ RepositoryId: "1296269", OwnerId: "583231" },
    ...{ Pipelines: "shop", Artifacts: "artifacts" },
  };
  const arn = (Delivery: string) =>
    JSON.stringify(cloudformation.resolve(template, target, { ...parameters, Delivery }));
  expect(arn("sqs")).toMatch(/pipelinequeue/i);
  expect(arn("https")).toMatch(/pipelineevents/i);
});

test("what cannot be stored is set aside, after an outage and not before", () => {
  const { VisibilityTimeout, RedrivePolicy } = at(
    "Resources",
    "PipelineQueue",
    "Properties",
  ) as Fields;
  const { maxReceiveCount, deadLetterTargetArn } = RedrivePolicy as Fields;
  expect(deadLetterTargetArn).toEqual({ "Fn::GetAtt": "PipelineLeftovers.Arn" });
  expect(Number(VisibilityTimeout) * Number(maxReceiveCount)).toBeGreaterThanOrEqual(20 * 60);
});

test("a message to the endpoint is repeated for longer than a restart takes, and not when it is stale", () => {
  const policy = at("Resources", "ToEndpoint", "Properties", "DeliveryPolicy") as Fields;
  const retry = policy.healthyRetryPolicy as Readonly<Record<string, number>>;
  const { numRetries = 0, numMaxDelayRetries = 0, maxDelayTarget = 0 } = retry;
  // SNS takes no policy that goes on for longer than an hour.
  expect(numRetries * maxDelayTarget).toBeLessThanOrEqual(limit.hint.age_ms / 1_000);
  expect(numMaxDelayRetries * maxDelayTarget).toBeGreaterThan(10 * 60);
});

test("the pipeline to begin with is used by this account alone, and its bucket by TLS alone", () => {
  const inPipeline = (...path: readonly (string | number)[]) =>
    cloudformation.at(pipelineTemplate, "Resources", ...path);
  expect(
    inPipeline("Role", "Properties", "AssumeRolePolicyDocument", "Statement", 0, "Condition"),
  ).toEqual({ StringEquals: { "aws:SourceAccount": { Ref: "AWS::AccountId" } } });
  expect(
    inPipeline("ArtifactsPolicy", "Properties", "PolicyDocument", "Statement", 0),
  ).toMatchObject({
    Effect: "Deny",
    Action: "s3:*",
    Condition: { Bool: { "aws:SecureTransport": "false" } },
  });
});

test.each([
  ["https", ["PipelineEvents", "PipelineEventsPolicy", "PipelineRule", "Releases", "ToEndpoint"]],
  [
    "sqs",
    [...["PipelineLeftovers", "PipelineQueue", "PipelineQueuePolicy", "PipelineRule", "Releases"]],
  ],
  ["none", ["Releases"]],
])("delivery by %s makes what it needs", (Delivery, made) => {
  const present = (condition: Json | undefined): boolean => {
    if (condition === undefined) return true;
    const branches = { "Fn::If": [condition, "yes", "no"] };
    const parameters = {
      ...{ Repository: "acme/shop", Interlock: "arn:aws:iam::444455556666:role/host" },
      ...{ RepositoryId: "1296269", OwnerId: "583231" },
      ...{ Pipelines: "shop", Artifacts: "artifacts", Delivery },
    };
    return cloudformation.resolve(template, branches, parameters) === "yes";
  };
  const resources = Object.entries(at("Resources") as Readonly<Record<string, Fields>>);
  const names = resources.flatMap(([name, { Type, Condition }]) =>
    !String(Type).startsWith("AWS::IAM::") && present(Condition) ? [name] : [],
  );
  expect(names.sort()).toEqual(made);
});

test.each([
  ["shop-*", "", "shop-*"],
  ["shop-*", "*", "*"],
])("events of %s, or of %s where that is said, are sent", (Pipelines, Events, heard) => {
  const pattern = at("Resources", "PipelineRule", "Properties", "EventPattern", "detail");
  const parameters = {
    ...{ Repository: "acme/shop", Interlock: "arn:aws:iam::444455556666:role/host" },
    ...{ RepositoryId: "1296269", OwnerId: "583231" },
    ...{ Pipelines, Events, Artifacts: "artifacts", Delivery: "sqs" },
  };
  expect(cloudformation.resolve(template, pattern, parameters)).toEqual({
    pipeline: [{ wildcard: heard }],
  });
});

test("whatever is referred to is there", () => {
  expect(cloudformation.dangling(template)).toEqual([]);
  expect(cloudformation.dangling(pipelineTemplate)).toEqual([]);
});

// ---------------------------------------------------------------- the pipeline to begin with

/** As the API has it: CloudFormation writes the same names with capitals, but for what a plugin is told. */
function declaration(given: Parameters): Fields {
  const small = (json: Json): Json => {
    if (typeof json !== "object" || json === null) return json;
    if (Array.isArray(json)) return json.map(small);
    return Object.fromEntries(
      Object.entries(json).map(([key, value]) => [
        `${key.charAt(0).toLowerCase()}${key.slice(1)}`,
        key === "Configuration" ? value : small(value),
      ]),
    );
  };
  const properties = cloudformation.at(pipelineTemplate, "Resources", "Pipeline", "Properties");
  const parameters = {
    Repository: "acme/shop",
    Connection: "arn:aws:codeconnections:eu-west-1:111122223333:connection/7",
    Test: "npm ci && npm test",
    ...given,
  };
  return small(cloudformation.resolve(pipelineTemplate, properties, parameters)) as Fields;
}

test.each([
  [{ Name: "shop-verify" }, "PARALLEL", ["Source", "Test"]],
  [{ Name: "shop-release", Release: "sh deploy.sh" }, "QUEUED", ["Source", "Test", "Production"]],
])("AWS takes the pipeline to begin with, and Interlock can start it", (given, mode, stages) => {
  const pipeline = declaration(given);
  const request = {
    method: "POST",
    url: "https://codepipeline.eu-west-1.amazonaws.com/",
    headers: {},
    body: Buffer.from(JSON.stringify({ pipeline })),
  };
  expect(
    checkAwsExchange({
      ...{ service: "codepipeline", operation: "CreatePipeline" },
      ...{ request, answer: undefined },
    }),
  ).toEqual([]);

  const structure = structureOf({ pipeline, $metadata: {} } as never);
  const chosen = chooseSource({ pipeline: given.Name, source: null }, structure);
  if (chosen.kind === "refused") throw new Error(chosen.why);
  expect(chosen.source).toMatchObject({ name: "Source", startsBy: "nothing" });
  expect(structure.mode).toBe(mode);
  expect(structure.stages.map(({ name }) => name)).toEqual(stages);
  expect(structure.variables.map(({ name }) => name)).toEqual(["repository", "sha", "pull"]);
});
