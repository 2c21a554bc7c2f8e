// Texts as AWS takes them, held against the patterns of its own description.

import { readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { logStreamOf, ownerOf, pipelineArn } from "../../../src/aws/arn.ts";
import { permissions } from "../../../src/aws/permission.ts";
import { sessionName } from "../../../src/aws/text.ts";
import { lastLines } from "../../../src/engine/codepipeline/lines.ts";
import {
  approvalSummary,
  consoleLink,
  requestToken,
  stopReason,
  transitionReason,
  variableValue,
} from "../../../src/engine/codepipeline/text.ts";

interface Shape {
  readonly pattern?: string;
  readonly min?: number;
  readonly max?: number;
}

interface Description {
  readonly operations: Readonly<Record<string, unknown>>;
  readonly shapes: Readonly<Record<string, Shape>>;
}

function description(service: string): Description {
  const file = new URL(`../../contracts/aws/${service}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Description;
}

const { shapes } = description("codepipeline");

function allows(shape: Shape | undefined, text: string): boolean {
  const { pattern = "[\\s\\S]*", min = 0, max = Number.POSITIVE_INFINITY } = shape ?? {};
  return text.length >= min && text.length <= max && new RegExp(`^(?:${pattern})$`).test(text);
}

const anything = fc.oneof(
  fc.string({ unit: "binary", maxLength: 700 }),
  fc.constantFrom(
    "",
    " ",
    "a, b: c/d #1 _x",
    "Ünïcødé".repeat(100),
    "\u0000\n\u202e",
    "x".repeat(3_000),
  ),
);

test.each([
  ["a request token", "ClientRequestToken", requestToken],
  ["the reason of a closed transition", "DisabledReason", transitionReason],
  ["the reason of a stop", "StopPipelineExecutionReason", stopReason],
  ["the summary of an approval", "ApprovalSummary", approvalSummary],
] as const)("%s is what AWS takes, whatever it is made of", (_, shape, make) => {
  expect(shapes[shape]).toBeDefined();
  fc.assert(fc.property(anything, (text) => allows(shapes[shape], make(text))));
});

test("a request token is the same for the same key, and another one for another", () => {
  expect(requestToken("pull:a/b#1|x")).toBe(requestToken("pull:a/b#1|x"));
  expect(requestToken("pull:a/b#1|x")).not.toBe(requestToken("pull:a/b#1|y"));
});

test("the reason of a transition keeps what is allowed of it", () => {
  expect(transitionReason("Interlock: 50 % of #12, see a/b (ada)!")).toBe(
    "Interlock 50 of 12 see a b (ada)!",
  );
});

test("a variable is never empty and never too long", () => {
  const { max, min } = shapes.PipelineVariableValue ?? {};
  expect([min, max]).toEqual([1, 1_000]);
  fc.assert(
    fc.property(anything, (text) => {
      const value = variableValue(text);
      return value === null ? text === "" : value.length >= 1 && value.length <= 1_000;
    }),
  );
});

test("a session's name is what STS takes", () => {
  const shape = description("sts").shapes.roleSessionNameType;
  expect(shape).toBeDefined();
  fc.assert(
    fc.property(anything, (name) =>
      allows(shape, sessionName({ installation: 1, owner: "acme", name })),
    ),
  );
});

test("a link leads to the console of its part of AWS", () => {
  const host = (region: string) => new URL(consoleLink(region, "a", "1")).host;
  expect(host("eu-west-1")).toBe("eu-west-1.console.aws.amazon.com");
  expect(host("cn-north-1")).toBe("cn-north-1.console.amazonaws.cn");
  expect(host("us-gov-west-1")).toBe("us-gov-west-1.console.amazonaws-us-gov.com");
});

test("a role names its owner, and a stream of a log its group", () => {
  expect(ownerOf("arn:aws-cn:iam::111122223333:role/x", "cn-north-1")).toEqual({
    partition: "aws-cn",
    account: "111122223333",
  });
  expect(
    logStreamOf("arn:aws:logs:eu-west-1:1:log-group:/aws/codebuild/shop:log-stream:a/b-c"),
  ).toEqual({ group: "/aws/codebuild/shop", stream: "a/b-c" });
  expect(logStreamOf("arn:aws:s3:::bucket")).toBeNull();
});

test.each([
  ["eu-west-1", "aws"],
  ["mx-central-1", "aws"],
  ["us-east-1", "aws"],
  ["cn-north-1", "aws-cn"],
  ["cn-northwest-1", "aws-cn"],
  ["us-gov-east-1", "aws-us-gov"],
  ["eusc-de-east-1", "aws-eusc"],
  ["us-iso-west-1", "aws-iso"],
  ["us-isob-east-1", "aws-iso-b"],
  ["eu-isoe-west-1", "aws-iso-e"],
  ["us-isof-south-1", "aws-iso-f"],
])("without a role, what is in %s is in the partition %s", (region, partition) => {
  const owner = ownerOf(null, region);
  expect(owner).toEqual({ partition, account: "*" });
  expect(pipelineArn(owner, region, ["shop", "Build"])).toBe(
    `arn:${partition}:codepipeline:${region}:*:shop/Build`,
  );
});

test("every permission is an operation of its service", () => {
  for (const permission of permissions) {
    const [service = "", operation = ""] = permission.split(":");
    expect(Object.keys(description(service).operations), permission).toContain(operation);
  }
});

test("lines come without what only a terminal understands", () => {
  expect(lastLines(["a\r\n", "\u001b[1mb\u001b[0m\n", "c\nd\n"])).toBe("a\nb\nc\nd");
  expect(lastLines([])).toBe("");
});
