// Clients of AWS for one identity and one region.

import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { CodeBuildClient } from "@aws-sdk/client-codebuild";
import { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import { S3Client } from "@aws-sdk/client-s3";
import { STSClient } from "@aws-sdk/client-sts";
import { limit } from "../core/model/limit.ts";
import { type AwsMeter, counted } from "./count.ts";
import type { Settings } from "./environment.ts";

export interface Clients {
  /** Repeats what AWS was too busy for: for calls that may be repeated. */
  readonly codepipeline: CodePipelineClient;
  /** Sends once: for acts that a second call would do again. */
  readonly once: CodePipelineClient;
  readonly codebuild: CodeBuildClient;
  readonly logs: CloudWatchLogsClient;
  readonly s3: S3Client;
}

export interface ClientOrder {
  readonly region: string;
  readonly settings: Settings;
  /** Absent for the SDK's own way to find them. */
  readonly credentials: Settings["credentials"] | (() => Promise<TemporaryCredentials>);
  readonly meter?: AwsMeter | undefined;
}

export interface TemporaryCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export function openClients(order: ClientOrder): Clients {
  const { settings, meter } = order;
  const { endpoint } = settings;
  const config = clientConfig(order);
  // Adaptive: after a refusal for its rate, a client slows down by itself.
  const patient = { ...config, retryMode: "adaptive", maxAttempts: limit.codepipeline.attempts };
  const pipelines = endpoint("CODEPIPELINE");
  return {
    codepipeline: counted(
      new CodePipelineClient({ ...patient, ...pipelines }),
      "codepipeline",
      meter,
    ),
    once: counted(
      new CodePipelineClient({ ...config, maxAttempts: 1, ...pipelines }),
      "codepipeline",
      meter,
    ),
    codebuild: counted(
      new CodeBuildClient({ ...patient, ...endpoint("CODEBUILD") }),
      "codebuild",
      meter,
    ),
    logs: counted(
      new CloudWatchLogsClient({ ...patient, ...endpoint("CLOUDWATCH_LOGS") }),
      "logs",
      meter,
    ),
    // By path, which AWS takes everywhere and which needs no name server that knows buckets.
    s3: counted(new S3Client({ ...patient, ...endpoint("S3"), forcePathStyle: true }), "s3", meter),
  };
}

/** With Interlock's own credentials: it is asked for those of roles. */
export function stsClient({
  region,
  settings,
  meter,
}: Omit<ClientOrder, "credentials">): STSClient {
  return counted(
    new STSClient({
      ...clientConfig({ region, credentials: settings.credentials }),
      ...settings.endpoint("STS"),
      maxAttempts: limit.codepipeline.attempts,
    }),
    "sts",
    meter,
  );
}

export function destroyClients(clients: Clients): void {
  for (const client of Object.values(clients)) client.destroy();
}

/** What every client has. */
export function clientConfig({ region, credentials }: Pick<ClientOrder, "region" | "credentials">) {
  return {
    region,
    requestHandler: patience(limit.codepipeline.request_ms),
    ...(credentials === undefined ? {} : { credentials }),
  };
}

/** A request that hangs is an answer that does not come: one that stops half-way too, where the SDK's own limit has ended. */
export function patience(answer_ms: number) {
  return {
    connectionTimeout: limit.codepipeline.connect_ms,
    requestTimeout: answer_ms,
    socketTimeout: answer_ms,
    throwOnRequestTimeout: true,
  };
}
