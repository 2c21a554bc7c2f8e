// Deliveries, hints and ledger entries as tests need them, every part with a default.

import type { CheckState, CheckWanted, RunWanted } from "../../src/core/model/effect.ts";
import type {
  CommandRequestDraft,
  Event,
  Repository,
  Subject,
  SubjectHint,
} from "../../src/core/model/event.ts";
import { subjectKey } from "../../src/core/model/event.ts";
import type { Working } from "../../src/ports/queue.ts";
import type { Delivery, Lease, ReconcileResult } from "../../src/ports/store.ts";

export const shop: Repository = { installation: 7, owner: "octo", name: "shop" };

export function sha(letter: string): string {
  return letter.repeat(40);
}

export function pull(number: number, repository = shop): Subject {
  return { kind: "pull", repository, number };
}

type Commit = Extract<Subject, { kind: "commit" }>;

export function commit(letter: string, branch = "main", repository = shop): Commit {
  return { kind: "commit", repository, branch, sha: sha(letter) };
}

export function hint(subject: Subject, head: string | null = null): SubjectHint {
  return { subject, head, before: null };
}

let count = 0;

export function delivery(event: Event, more: Partial<Delivery> = {}): Delivery {
  count += 1;
  const guid = `guid-${process.pid}-${count}`;
  return { guid, name: "pull_request", action: "opened", receivedAt: 1_000, event, ...more };
}

export function look(...hints: readonly SubjectHint[]): Delivery {
  return delivery({ kind: "look", hints });
}

export function pendingCommand(
  key: string,
  more: Partial<CommandRequestDraft> = {},
): CommandRequestDraft {
  return {
    key,
    source: "comment",
    actor: "ada",
    comment: 3_000_000_000,
    commands: [{ kind: "status" }],
    sha: null,
    writtenAt: null,
    origin: { kind: "comment", id: 3_000_000_000, pull: 1 },
    ...more,
  };
}

export function run(key: string, more: Partial<RunWanted> = {}): RunWanted {
  return {
    key,
    pipeline: "shop",
    part: "verify",
    sha: sha("a"),
    attempt: 1,
    cause: "auto",
    spec: {
      engine: "local",
      stages: [{ name: "test", run: "npm test", reports: ["r.xml"], timeout_ms: 60_000 }],
      deadline_ms: 600_000,
    },
    ...more,
  };
}

export const inProgress: CheckState = { status: "in_progress" };
export const success: CheckState = { status: "completed", conclusion: "success" };

export function check(state: CheckState, more: Partial<CheckWanted> = {}): CheckWanted {
  return {
    sha: sha("a"),
    name: "interlock",
    externalId: subjectKey(pull(1)),
    state,
    title: "Waiting",
    summary: "…",
    text: "",
    annotations: [],
    actions: [],
    awaits: null,
    ...more,
  };
}

export function record(subject: Subject, more: Partial<ReconcileResult> = {}): ReconcileResult {
  return {
    ...held(subjectKey(subject)),
    at: 2_000,
    open: true,
    head: null,
    base: null,
    dueAt: null,
    failures: 0,
    verdict: null,
    verdictSha: null,
    ownBranch: null,
    silentFor: null,
    results: [],
    snapshot: null,
    wake: [],
    notifications: [],
    ...more,
  };
}

/** The subject as nobody has leased it yet: what the ledger takes unless a test is about leases. */
export function held(key: string): Lease {
  return { key, epoch: 0 };
}

/** Workers without any limit but their number, which is what most tests want. */
export function workers(count: number, limits: Partial<Working> = {}): Working {
  return {
    workers: count,
    calm: { alone: count, beside: count },
    loaded: { alone: count, beside: count },
    resyncs: count,
    resyncEvery_ms: 0,
    clock: Date.now,
    readyAt: () => 0,
    ...limits,
  };
}
