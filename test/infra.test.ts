// The CloudFormation template, held against what the program really asks of AWS, both ways.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parseDocument, type ScalarTag, type Tags, visit } from "yaml";
import { type PipelineHint, readEvent } from "../src/engine/codepipeline/event.ts";
import { permissions, trustActions } from "../src/engine/codepipeline/permission.ts";
import { event } from "./engine/codepipeline/events.ts";

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json };

const text = readFileSync("infra/cloudformation.yaml", "utf8");
const template = readTemplate();

/** `!Ref X` becomes `{ Ref: X }`, `!Sub X` becomes `{ "Fn::Sub": X }`, as CloudFormation reads them. */
function readTemplate(): Fields {
  const names = ["Ref", "Sub", "GetAtt", "If", "Equals", "Not"];
  const full = (name: string) => (name === "Ref" ? name : `Fn::${name}`);
  const tags: Tags = names.flatMap((name): ScalarTag[] => [
    { tag: `!${name}`, resolve: (value) => ({ [full(name)]: value }) },
  ]);
  const lists: Tags = names.map((name) => ({ tag: `!${name}`, collection: "seq" as const }));
  const document = parseDocument(text, { customTags: [...tags, ...lists] });
  expect(document.errors).toEqual([]);
  expect(document.warnings).toEqual([]);
  const values = new Map<unknown, string>();
  visit(document, {
    Seq: (_, node) => {
      if (node.tag?.startsWith("!") && !node.tag.startsWith("!!"))
        values.set(node, full(node.tag.slice(1)));
    },
  });
  const plain = (node: unknown): Json => {
    const name = values.get(node);
    const items = (node as { items?: unknown[] }).items;
    if (!Array.isArray(items)) return (node as { value: Json }).value;
    const isMap = items.every((item) => typeof item === "object" && item !== null && "key" in item);
    if (isMap && items.length > 0)
      return Object.fromEntries(
        items.map((item) => {
          const { key, value } = item as { key: { value: string }; value: unknown };
          return [key.value, plain(value)];
        }),
      );
    return name === undefined ? items.map(plain) : { [name]: items.map(plain) };
  };
  return plain(document.contents) as Fields;
}

function at(...path: readonly (string | number)[]): Json {
  return path.reduce<Json>((value, step) => {
    const found = (value as Fields)[step];
    if (found === undefined) throw new Error(`There is no ${path.join(".")}`);
    return found;
  }, template);
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
  for (const folder of ["src/engine/codepipeline", "src/notify"])
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
    expect(JSON.stringify(Resource), String(Action)).toMatch(/^\{"(Fn::Sub|Ref|Fn::GetAtt)"/);
    expect(JSON.stringify(Action)).not.toContain("*");
  }
  expect(text).not.toMatch(/Principal: "?\*/);
  for (const statement of trustStatements)
    expect(statement.Principal).toEqual({ AWS: { Ref: "Interlock" } });
});

test("the role can be taken on for its repository alone", () => {
  const [assume, tag] = trustStatements;
  const repository = { Ref: "Repository" };
  expect(assume?.Condition).toEqual({
    StringEquals: { "sts:ExternalId": repository, "aws:RequestTag/repository": repository },
  });
  expect(tag?.Condition).toMatchObject({
    StringEquals: { "aws:RequestTag/repository": repository },
  });
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
      Resource: { Ref: "PipelineEvents" },
      Condition: { ArnEquals: { "aws:SourceArn": { "Fn::GetAtt": "PipelineRule.Arn" } } },
    },
  ]);
});

test("whatever is referred to is there", () => {
  const known = new Set([
    ...Object.keys(at("Parameters") as Fields),
    ...Object.keys(at("Resources") as Fields),
  ]);
  const conditions = new Set(Object.keys(at("Conditions") as Fields));
  const look = (value: Json): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const names =
        key === "Ref" || key === "Fn::GetAtt"
          ? [String(inner).split(".")[0] ?? ""]
          : key === "Fn::Sub"
            ? [...String(inner).matchAll(/\$\{([^}]+)\}/g)].map(([, name = ""]) => name)
            : [];
      for (const name of names)
        if (!name.startsWith("AWS::")) expect(known, `${key} ${name}`).toContain(name);
      if (key === "Fn::If") expect(conditions).toContain((inner as readonly Json[])[0]);
      if (key === "Condition" && typeof inner === "string") expect(conditions).toContain(inner);
      look(inner);
    }
  };
  look(template);
});
