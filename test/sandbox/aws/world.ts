// A small world for these tests: one pipeline, clients of the real SDK, and a check of all that goes over the wire.

import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CodeBuildClient } from "@aws-sdk/client-codebuild";
import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { S3Client } from "@aws-sdk/client-s3";
import { STSClient } from "@aws-sdk/client-sts";
import { onTestFinished } from "vitest";
import type { AwsOptions } from "../../../sandbox/aws/aws.ts";
import type { NewPipeline } from "../../../sandbox/aws/declare.ts";
import { startAws } from "../../../sandbox/aws/server.ts";
import { fakeClock } from "../../../sandbox/github/clock.ts";
import { checkAwsExchange } from "../../aws-contract.ts";

export const sha = "a".repeat(40);
export const other = "b".repeat(40);

export async function smallAws(options: AwsOptions & { pipeline?: Partial<NewPipeline> } = {}) {
  const { pipeline: wanted, ...rest } = options;
  const clock = fakeClock();
  /** What AWS's description does not allow, of what was asked and answered. */
  const problems: string[] = [];
  const running = await startAws({
    clock,
    observe: (exchange) => problems.push(...checkAwsExchange(exchange)),
    ...rest,
  });
  const { aws, url } = running;
  onTestFinished(async () => {
    await running.close();
    if (problems.length > 0) throw new Error(`against AWS's description:\n${problems.join("\n")}`);
  });
  const pipeline = aws.createPipeline({
    name: "shop-release",
    stages: ["Build", "Test", "Production"],
    ...wanted,
  });
  const client = { endpoint: url, region: "eu-west-1", credentials: aws.credentials };
  return {
    aws,
    url,
    clock,
    pipeline,
    problems,
    name: pipeline.name,
    codepipeline: new CodePipelineClient(client),
    codebuild: new CodeBuildClient(client),
    logs: new CloudWatchLogsClient(client),
    sts: new STSClient(client),
    s3: new S3Client(client),
    client,
  };
}

/** The states that events told, as "Stage Build STARTED". */
export function told(aws: { events: { events: { "detail-type": string; detail: object }[] } }) {
  return aws.events.events.map((event) => {
    const detail: Record<string, unknown> = { ...event.detail };
    const kind = event["detail-type"].split(" ")[1];
    const what = [detail.stage, detail.action].filter((part) => part !== undefined).join("/");
    return [kind, what, detail.state].filter((part) => part !== "").join(" ");
  });
}
