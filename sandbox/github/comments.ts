// Comments on pull requests, and reactions to them.
import { announce } from "./events.ts";
import type { Actor, Comment, Pull, Reaction, Repository, World } from "./model.ts";
import { hasRole } from "./people.ts";
import { renderComment } from "./render/comment.ts";
import { renderIssue } from "./render/pull.ts";

/** GitHub's own limit, as its error message states it. */
export const body_chars_max = 65_536;

export function addComment(
  world: World,
  pull: Pull,
  wanted: { body: string; actor: Actor },
): Comment {
  const now = world.clock.now();
  const { actor, body } = wanted;
  const comment: Comment = {
    id: world.nextId(),
    number: pull.number,
    author: actor.account,
    app: actor.kind === "installation" ? actor.installation.app : undefined,
    body,
    createdAt: now,
    updatedAt: now,
    reactions: [],
  };
  tell(world, pull, comment, { action: "created", actor });
  pull.base.repository.comments.set(comment.id, comment);
  pull.updatedAt = now;
  return comment;
}

export function editComment(
  world: World,
  pull: Pull,
  edit: { comment: Comment; body: string; actor: Actor },
): void {
  const { comment, body, actor } = edit;
  const from = comment.body;
  comment.body = body;
  comment.updatedAt = world.clock.now();
  tell(world, pull, comment, { action: "edited", actor, extra: { changes: { body: { from } } } });
}

export function deleteComment(
  world: World,
  pull: Pull,
  wanted: { comment: Comment; actor: Actor },
): void {
  pull.base.repository.comments.delete(wanted.comment.id);
  tell(world, pull, wanted.comment, { action: "deleted", actor: wanted.actor });
}

/** The same reaction by the same person is kept once. */
export function react(
  world: World,
  comment: Comment,
  wanted: { content: string; actor: Actor },
): { reaction: Reaction; isNew: boolean } {
  const user = wanted.actor.account;
  const known = comment.reactions.find((r) => r.content === wanted.content && r.user === user);
  if (known) return { reaction: known, isNew: false };
  const id = world.nextId();
  const reaction = { id, content: wanted.content, user, createdAt: world.clock.now() };
  comment.reactions.push(reaction);
  return { reaction, isNew: true };
}

export function mayChange(repository: Repository, comment: Comment, actor: Actor): boolean {
  if (comment.author === actor.account) return true;
  return actor.kind !== "user" || hasRole(repository, actor.account, "write");
}

function tell(
  world: World,
  pull: Pull,
  comment: Comment,
  told: { action: string; actor: Actor; extra?: Record<string, unknown> },
): void {
  const { repository } = pull.base;
  announce(world, {
    event: "issue_comment",
    action: told.action,
    repository,
    actor: told.actor,
    payload: {
      issue: renderIssue(world, pull),
      comment: renderComment(world, repository, comment),
      ...told.extra,
    },
  });
}
