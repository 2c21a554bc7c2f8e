// Comments and reactions over HTTP.
import { created, failed, invalid, isObject, listed, notFound, ok, textField } from "../answer.ts";
import {
  addComment,
  body_chars_max,
  deleteComment,
  editComment,
  mayChange,
  react,
} from "../comments.ts";
import type { Comment, Pull } from "../model.ts";
import { reactionContents, renderComment, renderReaction } from "../render/comment.ts";
import { renderIssue } from "../render/pull.ts";
import { type Answer, type Call, param, type Route, reads, withRole, writes } from "../route.ts";

const onIssue = "/repos/{owner}/{repo}/issues/{issue_number}";
const single = "/repos/{owner}/{repo}/issues/comments/{comment_id}";
// Documented: either permission does.
const readable = reads("issues", "pull_requests");
const writable = withRole(writes("issues", "pull_requests"), "read");

export const commentRoutes: Route[] = [
  {
    method: "GET",
    path: onIssue,
    access: readable,
    run: (call) => onPull(call, (p) => ok(renderIssue(call.world, p))),
  },
  {
    method: "GET",
    path: `${onIssue}/comments`,
    access: readable,
    run: (call) => onPull(call, (p) => list(call, p)),
  },
  {
    method: "POST",
    path: `${onIssue}/comments`,
    access: writable,
    run: (call) => onPull(call, (p) => create(call, p)),
  },
  {
    method: "GET",
    path: single,
    access: readable,
    run: (call) => onComment(call, (c) => ok(renderComment(call.world, call.repository, c))),
  },
  {
    method: "PATCH",
    path: single,
    access: writable,
    run: (call) => onComment(call, (c, p) => edit(call, c, p)),
  },
  {
    method: "DELETE",
    path: single,
    access: writable,
    run: (call) =>
      onComment(call, (comment, p) => {
        if (!mayChange(call.repository, comment, call.actor)) return failed(403, "Forbidden");
        deleteComment(call.world, p, { comment, actor: call.actor });
        return { status: 204 };
      }),
  },
  {
    method: "GET",
    path: `${single}/reactions`,
    access: readable,
    run: (call) =>
      onComment(call, (c) =>
        listed(
          call,
          c.reactions.filter((r) => (call.query.get("content") ?? r.content) === r.content),
          (r) => renderReaction(call.world, r),
        ),
      ),
  },
  {
    method: "POST",
    path: `${single}/reactions`,
    access: writable,
    run: (call) => onComment(call, (c) => addReaction(call, c)),
  },
];

function list(call: Call, pull: Pull): Answer {
  const since = Date.parse(call.query.get("since") ?? "1970-01-01T00:00:00Z");
  const all = [...call.repository.comments.values()]
    .filter((c) => c.number === pull.number && c.updatedAt >= since)
    .sort((a, b) => a.id - b.id);
  return listed(call, all, (c) => renderComment(call.world, call.repository, c));
}

function create(call: Call, pull: Pull): Answer {
  if (pull.locked && call.actor.kind !== "user")
    return failed(403, "Unable to create comment because issue is locked.");
  const body = bodyOf(call);
  if (isObject(body)) return body;
  const comment = addComment(call.world, pull, { body, actor: call.actor });
  return created(renderComment(call.world, call.repository, comment));
}

function edit(call: Call, comment: Comment, pull: Pull): Answer {
  if (!mayChange(call.repository, comment, call.actor)) return failed(403, "Forbidden");
  const body = bodyOf(call);
  if (isObject(body)) return body;
  editComment(call.world, pull, { comment, body, actor: call.actor });
  return ok(renderComment(call.world, call.repository, comment));
}

function addReaction(call: Call, comment: Comment): Answer {
  const content = reactionContents.find((c) => c === call.body.content);
  if (content === undefined) return invalid("Reaction", "content", "content is not a reaction");
  const { reaction, isNew } = react(call.world, comment, { content, actor: call.actor });
  return { status: isNew ? 201 : 200, body: renderReaction(call.world, reaction) };
}

function bodyOf(call: Call): string | (Answer & Record<string, unknown>) {
  const body = textField(call, "body");
  if (body === undefined || body.trim() === "")
    return { ...invalid("IssueComment", "body", "body is missing") };
  if (body.length > body_chars_max)
    return {
      ...invalid(
        "IssueComment",
        "body",
        `body is too long (maximum is ${body_chars_max} characters)`,
      ),
    };
  return body;
}

function onPull(call: Call, answer: (pull: Pull) => Answer): Answer {
  const found = call.repository.pulls.get(Number(param(call, "issue_number")));
  return found ? answer(found) : notFound();
}

function onComment(call: Call, answer: (comment: Comment, pull: Pull) => Answer): Answer {
  const comment = call.repository.comments.get(Number(param(call, "comment_id")));
  const pull = comment && call.repository.pulls.get(comment.number);
  return comment && pull ? answer(comment, pull) : notFound();
}
