// Reads a verified webhook payload into an Event. The only reader of raw payloads.

import { z } from "zod";
import { parseCommands } from "../core/command/parse.ts";
import { type Command, isProductionCommand } from "../core/model/command.ts";
import {
  type CommandRequestDraft,
  type Event,
  type IgnoredReason,
  type Repository,
  type RequestTarget,
  type SubjectHint,
  subjectOf,
} from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import { commandOf } from "./check-command.ts";
import { hasLargeId } from "./large-id.ts";
import { endOfSecond, keyOf } from "./request-key.ts";
import { shownPayload, toldOf } from "./shown.ts";

/** The events that Interlock subscribes to; `app.yml` lists the same. */
export const subscribed = [
  "check_run",
  "check_suite",
  "issue_comment",
  "pull_request",
  "push",
] as const;

/** Sent to every App without being asked for; GitHub refuses them in a manifest. */
export const unasked = ["installation", "installation_repositories"] as const;

export interface Payload {
  readonly name: string;
  readonly body: unknown;
  readonly receivedAt: number;
  /** Our own App's id, by which our own checks are told from those of others. */
  readonly appId: number;
}

export function readWebhook(payload: Payload): Event {
  const reader = readers.get(payload.name);
  if (reader === undefined) return ignored("unknown_event");
  return (
    reader(payload) ?? ignored(hasLargeId(payload.body) ? "id_too_large" : "incomplete_payload")
  );
}

/** The `action` of a payload, for the record. */
export function actionOf(body: object): string | null {
  return "action" in body && typeof body.action === "string" && body.action.length <= 100
    ? body.action
    : null;
}

type Reader = (payload: Payload) => Event | undefined;

/** A map: an event called "constructor" must not find what every object has. */
const readers: ReadonlyMap<string, Reader> = new Map([
  ["pull_request", readPull],
  ["push", readPush],
  ["issue_comment", readComment],
  ["check_run", readCheckRun],
  ["check_suite", readCheckSuite],
  ["installation", readInstallation],
  ["installation_repositories", readInstallationRepositories],
]);

const installation = z.object({ id: z.int() });
/** What is missing here is told by the next answer of GitHub, so that nothing is lost for the lack of it. */
const id = z.int().optional().catch(undefined);
const repository = z.object({
  name: z.string(),
  owner: z.object({ login: z.string(), id }),
  id,
  default_branch: z.string().optional().catch(undefined),
});
const base = z.object({ installation: installation.optional(), repository });
const sender = z.object({ login: z.string(), type: z.string() });
const sha = z.string().regex(/^[0-9a-f]{40}$/);

const pullActions = new Set([
  "opened",
  "synchronize",
  "reopened",
  "ready_for_review",
  "converted_to_draft",
  "edited",
  "closed",
]);

const pullPayload = base.extend({ action: z.string(), number: z.int(), ...shownPayload });

function readPull({ body }: Payload): Event | undefined {
  const read = pullPayload.safeParse(body);
  if (!read.success) return undefined;
  const { action, number, pull_request, changes } = read.data;
  if (!pullActions.has(action)) return ignored("unknown_action");
  // A new title or text changes nothing that is judged.
  if (action === "edited" && changes?.base === undefined) return ignored("unknown_action");
  const place = placeOf(read.data);
  if (place === undefined) return ignored("no_installation");
  return look([
    {
      subject: { kind: "pull", repository: place, number },
      head: pull_request.head.sha,
      before: null,
      ...toldOf(read.data),
    },
  ]);
}

const nothing = "0".repeat(40);

const pushPayload = base.extend({
  ref: z.string(),
  before: sha,
  after: sha,
  created: z.boolean().optional(),
  deleted: z.boolean().optional(),
});

function readPush({ body }: Payload): Event | undefined {
  const read = pushPayload.safeParse(body);
  if (!read.success) return undefined;
  const { ref, before, after, created, deleted } = read.data;
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  if (branch === undefined) return ignored("not_a_branch");
  if (deleted === true || after === nothing) return ignored("branch_deleted");
  const place = placeOf(read.data);
  if (place === undefined) return ignored("no_installation");
  const left = before === nothing || created === true ? null : before;
  return look([
    {
      subject: { kind: "commit", repository: place, branch, sha: after },
      head: after,
      before: left,
      told: { kind: "push", after, before: left },
    },
  ]);
}

const commentPayload = base.extend({
  action: z.string(),
  sender,
  comment: z.object({
    id: z.int(),
    body: z.string().nullable(),
    created_at: z.iso.datetime({ offset: true }).nullish().catch(null),
    user: sender.nullable(),
  }),
  issue: z.object({
    number: z.int(),
    state: z.string().optional(),
    pull_request: z.unknown().optional(),
  }),
});

function readComment({ body, receivedAt }: Payload): Event | undefined {
  const read = commentPayload.safeParse(body);
  if (!read.success) return undefined;
  const { action, comment, issue } = read.data;
  if (action !== "created" && action !== "edited") return ignored("unknown_action");
  if (issue.pull_request === undefined) return ignored("not_a_pull_request");
  const commands = parseCommands(comment.body ?? "");
  // From here on the reason stands in the audit trail.
  if (commands.length === 0) return ignored("no_command");
  if (action === "edited") return ignored("comment_edited");
  // Only a person gives commands: neither a bot nor a bot's words sent on by somebody.
  if (comment.user?.type !== "User" || read.data.sender.type !== "User")
    return ignored("bot_comment");
  // After a merge people still speak there of what it brought to production, and of nothing else.
  if (issue.state === "closed" && !commands.some(isProductionCommand))
    return ignored("closed_pull_request");
  const writtenAt = endOfSecond(comment.created_at ?? null);
  // GitHub brings none that late, so somebody else does; what is known of it may be deleted by now.
  if (writtenAt !== null && receivedAt - writtenAt > limit.receive.comment_ms)
    return ignored("old_comment");
  const place = placeOf(read.data);
  if (place === undefined) return ignored("no_installation");
  return {
    kind: "intend",
    target: { kind: "pull", repository: place, number: issue.number },
    request: {
      key: `comment:${comment.id}`,
      source: "comment",
      actor: comment.user.login,
      comment: comment.id,
      commands,
      sha: null,
      writtenAt,
      origin: { kind: "comment", id: comment.id, pull: issue.number },
    },
  };
}

const state = {
  status: z.string().nullish(),
  conclusion: z.string().nullish(),
};

const checkRunPayload = base.extend({
  action: z.string(),
  sender,
  check_run: z.object({
    ...state,
    id: z.int(),
    name: z.string(),
    head_sha: sha,
    completed_at: z.string().nullish(),
    external_id: z.string().nullish(),
    app: z.object({ id: z.int() }).nullish(),
    check_suite: z.object({ updated_at: z.string().nullish() }).nullish(),
  }),
  requested_action: z.object({ identifier: z.string() }).nullish(),
});

function readCheckRun({ body, appId }: Payload): Event | undefined {
  const read = checkRunPayload.safeParse(body);
  if (!read.success) return undefined;
  const { action, check_run, requested_action } = read.data;
  if (check_run.app?.id !== appId) return ignored("other_check");
  const command = commandOf(action, requested_action?.identifier, check_run.name);
  if (command === undefined)
    return ignored(action === "created" || action === "completed" ? "own_check" : "unknown_action");
  // As with comments: only a person gives commands.
  if (read.data.sender.type !== "User") return ignored("bot_check");
  const place = placeOf(read.data);
  if (place === undefined) return ignored("no_installation");
  const subject = subjectOf(check_run.external_id ?? "", place.installation);
  const target: RequestTarget =
    subject !== undefined && sameRepository(subject.repository, place)
      ? subject
      : { kind: "head", repository: place, sha: check_run.head_sha };
  const { id, name, head_sha, status = null, conclusion = null } = check_run;
  const completedAt = check_run.completed_at ?? null;
  const actor = read.data.sender.login;
  const what = action === "rerequested" ? action : requested_action?.identifier;
  // A second press on the same state of the check asks for the same; GitHub says when its suite last changed.
  const shown = [status, conclusion, completedAt, check_run.check_suite?.updated_at];
  return pendingCommand(target, {
    key: keyOf("check", id, what, actor, ...shown),
    source: action === "rerequested" ? "rerequest" : "button",
    actor,
    command,
    sha: head_sha,
    origin: { kind: "check", id, name, sha: head_sha, status, conclusion, completedAt },
  });
}

const checkSuitePayload = base.extend({
  action: z.string(),
  sender,
  check_suite: z.object({
    ...state,
    id: z.int(),
    head_sha: sha,
    updated_at: z.string().nullish(),
    app: z.object({ id: z.int() }).nullish(),
  }),
});

function readCheckSuite({ body, appId }: Payload): Event | undefined {
  const read = checkSuitePayload.safeParse(body);
  if (!read.success) return undefined;
  const { action, check_suite } = read.data;
  if (check_suite.app?.id !== appId) return ignored("other_check");
  // GitHub asks for a suite on every push; the push and the pull request bring their own events.
  if (action !== "rerequested") return ignored("own_check");
  if (read.data.sender.type !== "User") return ignored("bot_check");
  const place = placeOf(read.data);
  if (place === undefined) return ignored("no_installation");
  const { id, head_sha, status, conclusion, updated_at } = check_suite;
  const actor = read.data.sender.login;
  return pendingCommand(
    { kind: "head", repository: place, sha: head_sha },
    {
      key: keyOf("suite", id, action, actor, status, conclusion, updated_at),
      source: "rerequest",
      actor,
      command: { kind: "verify", sha: null },
      sha: head_sha,
      origin: { kind: "suite", id, sha: head_sha },
    },
  );
}

const listed = z.array(z.object({ full_name: z.string(), id }));

const installationPayload = z.object({
  action: z.string(),
  installation,
  repositories: listed.optional(),
});

function readInstallation({ body }: Payload): Event | undefined {
  const read = installationPayload.safeParse(body);
  if (!read.success) return undefined;
  const places = placesOf(read.data.installation.id, read.data.repositories ?? []);
  switch (read.data.action) {
    case "created":
    case "unsuspend":
    case "new_permissions_accepted":
      return look(places.map(wholeRepository));
    case "deleted":
    case "suspend":
      return { kind: "forget", repositories: places };
    default:
      return ignored("unknown_action");
  }
}

/** The installation that has got permissions, or is no longer suspended; null where the payload tells nothing of it. */
export function regainedIn(name: string, body: unknown): number | null {
  const read = name === "installation" ? installationPayload.safeParse(body) : null;
  if (!read?.success) return null;
  const { action, installation } = read.data;
  return action === "unsuspend" || action === "new_permissions_accepted" ? installation.id : null;
}

const repositoriesPayload = z.object({
  action: z.string(),
  installation,
  repositories_added: listed,
  repositories_removed: listed,
});

function readInstallationRepositories({ body }: Payload): Event | undefined {
  const read = repositoriesPayload.safeParse(body);
  if (!read.success) return undefined;
  const { action, repositories_added, repositories_removed } = read.data;
  const id = read.data.installation.id;
  if (action === "added") return look(placesOf(id, repositories_added).map(wholeRepository));
  if (action === "removed")
    return { kind: "forget", repositories: placesOf(id, repositories_removed) };
  return ignored("unknown_action");
}

function pendingCommand(
  target: RequestTarget,
  of: Pick<CommandRequestDraft, "key" | "source" | "actor" | "origin"> & {
    readonly command: Command;
    readonly sha: string;
  },
): Event {
  return {
    kind: "intend",
    target,
    request: {
      key: of.key,
      source: of.source,
      actor: of.actor,
      origin: of.origin,
      comment: null,
      commands: [of.command],
      sha: of.sha,
      writtenAt: null,
    },
  };
}

function placeOf(read: z.infer<typeof base>): Repository | undefined {
  if (read.installation === undefined) return undefined;
  const { owner, name, id, default_branch } = read.repository;
  return {
    installation: read.installation.id,
    owner: owner.login,
    name,
    ...(id !== undefined && { id }),
    ...(owner.id !== undefined && { ownerId: owner.id }),
    ...(default_branch !== undefined && { defaultBranch: default_branch }),
  };
}

function placesOf(
  installation: number,
  repositories: z.infer<typeof listed>,
): readonly Repository[] {
  return repositories.flatMap(({ full_name, id }) => {
    const [owner, name] = full_name.split("/");
    if (owner === undefined || name === undefined) return [];
    return [{ installation, owner, name, ...(id !== undefined && { id }) }];
  });
}

function wholeRepository(place: Repository): SubjectHint {
  return { subject: { kind: "repository", repository: place }, head: null, before: null };
}

function sameRepository(a: Repository, b: Repository): boolean {
  return a.owner === b.owner && a.name === b.name;
}

function look(hints: readonly SubjectHint[]): Event {
  return { kind: "look", hints };
}

function ignored(reason: IgnoredReason): Event {
  return { kind: "ignored", reason };
}
