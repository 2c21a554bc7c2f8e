// What the embedded AWS remembers, apart from pipelines: who may do what, builds, logs and files.

import type { Clock } from "../github/clock.ts";
import type { Random } from "../github/random.ts";
import type { Agenda } from "./agenda.ts";
import type { EventBus } from "./bus.ts";
import type { Pipeline, ReportCase, Revision } from "./codepipeline/model.ts";
import type { Faults } from "./faults.ts";
import type { RateLimits } from "./rate-limit.ts";
import type { Principal, RequestLog, Statement } from "./request-log.ts";

export type World = {
  clock: Clock;
  /** Judges credentials; client libraries make and keep those by the wall clock. */
  authClock: Clock;
  random: Random;
  account: string;
  region: string;
  faults: Faults;
  rates: RateLimits;
  log: RequestLog;
  agenda: Agenda;
  bus: EventBus;
  /** Endpoints of emulators for what is not ours. */
  forward: { sns?: string; sqs?: string };
  /** By ARN. */
  pipelines: Map<string, Pipeline>;
  sources: SourceOf;
  /** By id, and reports by ARN. */
  builds: Map<string, Build>;
  batches: Map<string, Batch>;
  reports: Map<string, Report>;
  /** By ARN of the group, then by name of the stream. */
  logs: Map<string, Map<string, LogLine[]>>;
  buckets: Map<string, Map<string, S3Object>>;
  /** By access key id. */
  keys: Map<string, Key>;
  /** By ARN. */
  roles: Map<string, Role>;
};

/** The commit that a source action finds: the wanted one, or the branch's tip. Undefined: there is none. */
export type SourceOf = (wanted: {
  repository: string;
  branch: string;
  sha: string | undefined;
}) => Revision | undefined;

export type Key = {
  accessKeyId: string;
  secret: string;
  principal: Principal;
  /** Of temporary credentials. */
  session: { token: string; expiresAt: number } | undefined;
};

export type Role = {
  arn: string;
  account: string;
  name: string;
  trust: Trust;
  allow: readonly Statement[];
  maxSessionSeconds: number;
};

type Trust = {
  /** ARNs, account ids, or `*`. */
  principals: readonly string[];
  externalId?: string;
  /** Session tags that have to be there with one of these values. */
  tags?: Readonly<Record<string, readonly string[]>>;
  /** Whether `sts:TagSession` is among the trusted actions. */
  tagging: "allowed" | "refused";
};

export type Build = {
  id: string;
  arn: string;
  account: string;
  region: string;
  project: string;
  number: number;
  status: "SUCCEEDED" | "FAILED" | "FAULT" | "TIMED_OUT" | "IN_PROGRESS" | "STOPPED";
  startedAt: number;
  endedAt: number | undefined;
  sourceVersion: string | undefined;
  group: string;
  stream: string;
  reportArns: string[];
  initiator: string;
  /** Why it failed, as a phase tells it. */
  failure: { code: string; message: string } | undefined;
};

/** Several builds that an action with `BatchEnabled` starts together. Their batch is no build. */
export type Batch = {
  id: string;
  arn: string;
  account: string;
  region: string;
  project: string;
  builds: readonly Build[];
  /** Of reports that were merged from those of its builds. */
  reportArns: string[];
};

export type Report = {
  arn: string;
  groupArn: string;
  name: string;
  executionId: string;
  status: "GENERATING" | "SUCCEEDED" | "FAILED" | "INCOMPLETE" | "DELETING";
  createdAt: number;
  truncated: boolean;
  cases: readonly ReportCase[];
};

export type LogLine = { at: number; message: string };

export type S3Object = {
  body: Buffer;
  etag: string;
  modifiedAt: number;
  contentType: string;
  metadata: Readonly<Record<string, string>>;
};
