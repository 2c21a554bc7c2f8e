// What the embedded GitHub remembers. Types and the empty world; what happens to it is in the verbs.
import type { KeyObject } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { GitStore } from "./objects.ts";
import type { Random } from "./random.ts";
import type { RequestLog } from "./request-log.ts";

export type Account = {
  kind: "User" | "Organization" | "Bot";
  id: number;
  login: string;
  email: string;
};

export const roles = ["none", "read", "triage", "write", "maintain", "admin"] as const;
export type Role = (typeof roles)[number];

export type Level = "read" | "write";
export type Permissions = Readonly<Record<string, Level>>;

export type App = {
  id: number;
  slug: string;
  name: string;
  clientId: string;
  owner: Account;
  bot: Account;
  publicKey: KeyObject;
  permissions: Permissions;
  events: readonly string[];
  /** Where its webhooks go; undefined for an app that only uses the API. */
  webhook: WebhookTarget | undefined;
  createdAt: number;
};

export type WebhookTarget = {
  secret: string;
  to:
    | { kind: "url"; url: string }
    | { kind: "function"; deliver: (request: WebhookRequest) => Promise<WebhookResponse> };
};
type WebhookRequest = { headers: Record<string, string>; body: string };
export type WebhookResponse = { status: number; body?: string };

export type Installation = {
  id: number;
  app: App;
  account: Account;
  selection: "all" | "selected";
  repositoryIds: Set<number>;
  permissions: Permissions;
  events: readonly string[];
  createdAt: number;
  suspendedAt: number | undefined;
};

export type Token = {
  installation: Installation;
  expiresAt: number;
  permissions: Permissions;
  /** Only these, when the token was asked for with a selection. */
  repositoryIds: ReadonlySet<number> | undefined;
};

/** Who does something: a person, an App as its installation, or an App about itself. */
export type Actor =
  | { kind: "user"; account: Account }
  | { kind: "installation"; account: Account; installation: Installation; token: Token }
  | { kind: "app"; account: Account; app: App };

export type Repository = {
  id: number;
  owner: Account;
  name: string;
  fullName: string;
  private: boolean;
  /** Read-only from then on. */
  archived: boolean;
  description: string | undefined;
  defaultBranch: string;
  parent: Repository | undefined;
  store: GitStore;
  /** By full name without "refs/": `heads/main`, `tags/v1`, `pull/1/head`. */
  refs: Map<string, string>;
  roles: Map<string, Role>;
  /** Names of custom roles by login; what such a person may do is in `roles`. */
  customRoles: Map<string, string>;
  nextNumber: number;
  pulls: Map<number, Pull>;
  comments: Map<number, Comment>;
  suites: Map<number, CheckSuite>;
  runs: Map<number, CheckRun>;
  statuses: CommitStatus[];
  protection: Map<string, Protection>;
  createdAt: number;
  pushedAt: number;
};

export type Pull = {
  id: number;
  number: number;
  title: string;
  body: string | undefined;
  author: Account;
  state: "open" | "closed";
  draft: boolean;
  /** Nobody may comment any more but those who can write. */
  locked: boolean;
  /** Counted when the head is pushed or the base is changed, and stale from then on. */
  changedFiles: number;
  head: { repository: Repository; ref: string; sha: string };
  base: { repository: Repository; ref: string; sha: string };
  createdAt: number;
  updatedAt: number;
  closedAt: number | undefined;
  /** `commits`: all that the merge brought to the base. */
  merged: { at: number; by: Account; sha: string; commits: ReadonlySet<string> } | undefined;
  /** GitHub works it out after it was first asked for, and again after either side moved. */
  mergeability: { head: string; base: string; sha: string | undefined } | undefined;
};

export type Comment = {
  id: number;
  number: number;
  author: Account;
  app: App | undefined;
  body: string;
  createdAt: number;
  updatedAt: number;
  reactions: Reaction[];
};

export type Reaction = { id: number; content: string; user: Account; createdAt: number };

export const conclusions = [
  "action_required",
  "cancelled",
  "failure",
  "neutral",
  "success",
  "skipped",
  "stale",
  "timed_out",
] as const;
export type Conclusion = (typeof conclusions)[number];
export type CheckStatus = "queued" | "in_progress" | "completed";

export type CheckSuite = {
  id: number;
  app: App;
  headSha: string;
  headBranch: string | undefined;
  before: string;
  /** Asked for again, and no run of it was touched since. */
  reset: boolean;
  createdAt: number;
  updatedAt: number;
};

export type CheckRun = {
  id: number;
  suite: CheckSuite;
  name: string;
  headSha: string;
  externalId: string;
  detailsUrl: string | undefined;
  status: CheckStatus;
  conclusion: Conclusion | undefined;
  startedAt: number;
  completedAt: number | undefined;
  output: { title: string | undefined; summary: string | undefined; text: string | undefined };
  annotations: Annotation[];
  actions: CheckAction[];
};

export type Annotation = {
  path: string;
  start_line: number;
  end_line: number;
  start_column?: number;
  end_column?: number;
  annotation_level: "notice" | "warning" | "failure";
  message: string;
  title?: string;
  raw_details?: string;
};

export type CheckAction = { label: string; description: string; identifier: string };

export type CommitStatus = {
  id: number;
  sha: string;
  state: "error" | "failure" | "pending" | "success";
  context: string;
  description: string | undefined;
  targetUrl: string | undefined;
  creator: Account;
  createdAt: number;
};

export type Protection = {
  checks: { context: string; appId: number | undefined }[];
  strict: boolean;
  enforceAdmins: boolean;
  /** Without required checks a protected branch still refuses force pushes and deletion. */
  requiresChecks: boolean;
};

/** A reason why a pull request may not be merged, or undefined. */
type MergeRule = (world: World, pull: Pull, actor: Actor) => string | undefined;
export type PushAttempt = { repository: Repository; branch: string; sha: string; forced: boolean };
type PushRule = (world: World, push: PushAttempt, actor: Actor) => string | undefined;

export type World = {
  clock: Clock;
  /** By which JWTs and tokens are judged. */
  authClock: Clock;
  random: Random;
  urls: { api: string; html: string };
  accounts: Map<string, Account>;
  apps: Map<number, App>;
  installations: Map<number, Installation>;
  tokens: Map<string, Token>;
  /** By lower-case full name. */
  repositories: Map<string, Repository>;
  /** Names that repositories had before, by lower-case full name, until another one takes them. */
  formerNames: Map<string, Repository>;
  /** Later features (rulesets, merge queue) add their own rules here. */
  rules: { merge: MergeRule[]; push: PushRule[] };
  outbox: Outbox;
  faults: Faults;
  past: History;
  log: RequestLog;
  /** As a GitHub Enterprise Server before 3.9, which lists all deliveries whatever is asked for. */
  ignoresDeliveryStatus: boolean;
  /** The most on one page of a list, whatever is asked for; GitHub promises no more than that there are not more. */
  pageSize: number;
  nextId(): number;
};

/** State that a feature keeps beside an object of the model, without a field of its own in it. */
export function perOwner<Owner extends object, State>(
  init: (owner: Owner) => State,
): (owner: Owner) => State {
  const states = new WeakMap<Owner, State>();
  return (owner) => {
    const known = states.get(owner);
    if (known !== undefined) return known;
    const fresh = init(owner);
    states.set(owner, fresh);
    return fresh;
  };
}

export type Outbox = {
  /** Every attempt so far, oldest first. */
  deliveries: Delivery[];
  send(hook: Hook): void;
  redeliver(delivery: Delivery): void;
  /** Resolves when nothing is left to send, apart from what a fault delays into the future. */
  settled(): Promise<void>;
};

export type History = {
  /** Remembers how everything stands: after each event, from the first `begin` on. */
  note(): void;
  begin(): void;
  /** Runs with branches, commits and pull requests as they stood at that time, by the model's clock. */
  asOf<T>(at: number, run: () => T): T;
};

export type Hook = {
  app: App;
  guid: string;
  event: string;
  action: string | undefined;
  installationId: number | undefined;
  repositoryId: number | undefined;
  body: string;
};

export type Delivery = Hook & {
  /** A number for GitHub, which JSON writes in full. */
  id: bigint;
  deliveredAt: number;
  durationSeconds: number;
  redelivery: boolean;
  status: string;
  statusCode: number;
  request: { headers: Record<string, string> };
  response: string | undefined;
};
