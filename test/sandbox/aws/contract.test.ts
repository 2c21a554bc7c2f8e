// The check against AWS's description sees what is wrong in each of the protocols.
import { expect, test } from "vitest";
import { checkAwsExchange } from "../../aws-contract.ts";

const headers = {};
const post = (body: string) => ({
  method: "POST",
  url: "http://aws/",
  headers,
  body: Buffer.from(body),
});
const given = (body: string, status = 200) => ({ status, headers, body: Buffer.from(body) });

function start(input: object, answer: object, status?: number): string[] {
  return checkAwsExchange({
    service: "codepipeline",
    operation: "StartPipelineExecution",
    request: post(JSON.stringify(input)),
    answer: given(JSON.stringify(answer), status),
  });
}

test("JSON: unknown, missing, of the wrong type, too long, of another alphabet", () => {
  expect(start({ name: "shop" }, {})).toEqual([]);
  const of = "codepipeline:StartPipelineExecution";
  expect(start({ nmae: "shop" }, {})).toEqual([
    `${of} request: name is missing`,
    `${of} request: nmae is unknown`,
  ]);
  expect(start({ name: 7 }, {})).toEqual([`${of} request: name is no text`]);
  expect(start({ name: "x".repeat(101) }, {})).toEqual([`${of} request: name is above 100`]);
  const revision = { actionName: "Source", revisionType: "TAG", revisionValue: "v1" };
  expect(start({ name: "a b", sourceRevisions: [revision] }, {})).toEqual([
    expect.stringContaining("name is not"),
    `${of} request: sourceRevisions[0].revisionType is TAG`,
  ]);
  expect(start({ name: "shop" }, { pipelineExecutionId: "1" })).toEqual([
    expect.stringContaining("answer: pipelineExecutionId is not"),
  ]);
  expect(start({ name: "shop" }, { __type: "StageNotFoundException" }, 400)).toEqual([
    `${of} answer: has the error StageNotFoundException`,
  ]);
  expect(start({ name: "shop" }, { __type: "ConflictException" }, 400)).toEqual([]);
});

test("query and XML are held against the description too", () => {
  const assume = (form: string, result: string) =>
    checkAwsExchange({
      service: "sts",
      operation: "AssumeRole",
      request: post(`Action=AssumeRole&Version=2011-06-15&RoleArn=arn:aws:iam::1:role/a&${form}`),
      answer: given(
        `<AssumeRoleResponse><AssumeRoleResult>${result}</AssumeRoleResult></AssumeRoleResponse>`,
      ),
    });
  expect(assume("RoleSessionName=ab&Tags.member.1.Key=k&Tags.member.1.Value=v", "")).toEqual([]);
  expect(assume("RoleSessionName=a b&Tags.member.1.Key=k&DurationSeconds=1", "")).toEqual([
    expect.stringContaining("RoleSessionName is not"),
    "sts:AssumeRole request: Tags[0].Value is missing",
    "sts:AssumeRole request: DurationSeconds is below 900",
  ]);
  expect(assume("RoleSessionName=ab", "<Wrong>1</Wrong>")).toEqual([
    "sts:AssumeRole answer: Wrong is unknown",
  ]);
});

test("what AWS does not have is said", () => {
  const request = post("{}");
  const answer = given("{}");
  const check = (service: string, operation: string) =>
    checkAwsExchange({ service, operation, request, answer });
  expect(check("codepipeline", "StartEverything")).toHaveLength(1);
  expect(check("nothing", "At")).toHaveLength(1);
});
