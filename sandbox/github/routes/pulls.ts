// Pull requests: listing, opening, changing, their files and commits, merging.
import { created, failed, invalid, listed, notFound, ok, page, textField } from "../answer.ts";
import { diffFiles } from "../diff.ts";
import { commitsBetween } from "../history.ts";
import { mergePull } from "../merge.ts";
import { baseOfChange, computeMergeability, currentMergeability } from "../mergeability.ts";
import type { Pull } from "../model.ts";
import { filesOf } from "../objects.ts";
import { editPull, mayEdit, openPull, type PullResult, setPullState } from "../pulls.ts";
import { renderCommit, renderFile } from "../render/commit.ts";
import { renderFullPull, renderPull } from "../render/pull.ts";
import { type Answer, type Call, param, type Route, reads, withRole, writes } from "../route.ts";

/** Documented: "Responses include a maximum of 3000 files". */
const files_max = 3_000;
/** Documented: "Lists a maximum of 250 commits for a pull request". */
const commits_max = 250;

const pulls = "/repos/{owner}/{repo}/pulls";
const pull = `${pulls}/{pull_number}`;

export const pullRoutes: Route[] = [
  { method: "GET", path: pulls, access: reads("pull_requests"), run: list },
  {
    method: "POST",
    path: pulls,
    access: withRole(writes("pull_requests"), "read"),
    run: open,
  },
  {
    method: "GET",
    path: pull,
    access: reads("pull_requests"),
    run: (call) => onPull(call, (p) => show(call, p)),
  },
  {
    method: "PATCH",
    path: pull,
    access: withRole(writes("pull_requests"), "read"),
    run: (call) => onPull(call, (p) => change(call, p)),
  },
  {
    method: "GET",
    path: `${pull}/files`,
    access: reads("pull_requests"),
    run: (call) => onPull(call, (p) => files(call, p)),
  },
  {
    method: "GET",
    path: `${pull}/commits`,
    access: reads("pull_requests"),
    run: (call) =>
      onPull(call, (p) => {
        const { store } = p.base.repository;
        const all = commitsBetween(store, baseOfChange(p), p.head.sha).slice(0, commits_max);
        return listed(call, all, (c) => renderCommit(call.world, call.repository, c.sha));
      }),
  },
  {
    method: "GET",
    path: `${pull}/merge`,
    access: reads("pull_requests"),
    run: (call) => onPull(call, (p) => (p.merged ? { status: 204 } : notFound())),
  },
  {
    method: "PUT",
    path: `${pull}/merge`,
    access: withRole(writes("contents"), "read"),
    run: (call) => onPull(call, (p) => merge(call, p)),
  },
];

function list(call: Call): Answer {
  const { query, world, repository } = call;
  const state = query.get("state") ?? "open";
  const head = query.get("head");
  const base = query.get("base");
  const sort = query.get("sort") ?? "created";
  const down = (query.get("direction") ?? (sort === "created" ? "desc" : "asc")) === "desc";
  const key = (p: Pull) => (sort === "updated" ? p.updatedAt : p.createdAt);
  const all = [...repository.pulls.values()]
    .filter((p) => state === "all" || p.state === state)
    // GitHub ignores a head that does not name its owner.
    .filter(
      (p) => !head?.includes(":") || head === `${p.head.repository.owner.login}:${p.head.ref}`,
    )
    .filter((p) => base === null || p.base.ref === base)
    .sort((a, b) => (key(a) - key(b) || a.number - b.number) * (down ? -1 : 1));
  return listed(call, all, (p) => renderPull(world, p));
}

function open(call: Call): Answer {
  const { world, repository, actor } = call;
  const [title, head, base] = [
    textField(call, "title"),
    textField(call, "head"),
    textField(call, "base"),
  ];
  if (title === undefined) return invalid("PullRequest", "title", "title is missing");
  if (head === undefined || base === undefined)
    return invalid("PullRequest", "head", "head and base are needed");
  const body = textField(call, "body");
  const result = openPull(world, repository, {
    title,
    head,
    base,
    draft: call.body.draft === true,
    actor,
    ...(body === undefined ? {} : { body }),
  });
  return answerTo(result, (p) => created(renderFullPull(world, p)));
}

function show(call: Call, p: Pull): Answer {
  const answer = ok(renderFullPull(call.world, p));
  // The first look gets "null" and sets GitHub to work; the next one sees the result.
  if (p.state === "open" && !currentMergeability(p)) computeMergeability(call.world, p);
  return answer;
}

function change(call: Call, p: Pull): Answer {
  const { world, actor } = call;
  if (!mayEdit(p, actor)) return failed(403, "Must have triage rights to edit this pull request.");
  const edit = pick({
    title: textField(call, "title"),
    body: textField(call, "body"),
    base: textField(call, "base"),
  });
  const edited = editPull(world, p, { ...edit, actor });
  if (edited.kind === "refused") return answerTo(edited, ok);
  const { state } = call.body;
  if (state !== "open" && state !== "closed") return ok(renderFullPull(world, p));
  return answerTo(setPullState(world, p, { state, actor }), () => ok(renderFullPull(world, p)));
}

function files(call: Call, p: Pull): Answer {
  const { world, repository } = call;
  const { store } = repository;
  const base = baseOfChange(p);
  const all = diffFiles(
    base === undefined ? new Map() : filesOf(store, base),
    filesOf(store, p.head.sha),
  ).slice(0, files_max);
  const { items, headers } = page(call, all);
  const body = items.map((f) => renderFile(world, repository, f, p.head.sha));
  return { status: 200, headers, body };
}

function merge(call: Call, p: Pull): Answer {
  const { world, actor, body } = call;
  const method = body.merge_method ?? "merge";
  if (method !== "merge" && method !== "squash" && method !== "rebase")
    return invalid("PullRequest", "merge_method", "merge_method is unknown");
  const result = mergePull(world, p, {
    actor,
    method,
    ...pick({
      sha: textField(call, "sha"),
      title: textField(call, "commit_title"),
      message: textField(call, "commit_message"),
    }),
  });
  return result.kind === "merged"
    ? ok({ sha: result.sha, merged: true, message: "Pull Request successfully merged" })
    : failed(result.status, result.message);
}

function onPull(call: Call, answer: (p: Pull) => Answer): Answer {
  const found = call.repository.pulls.get(Number(param(call, "pull_number")));
  return found ? answer(found) : notFound();
}

function answerTo(result: PullResult, done: (p: Pull) => Answer): Answer {
  return result.kind === "done"
    ? done(result.pull)
    : invalid("PullRequest", "base", result.message);
}

/** Leaves out what was not given. */
function pick<T extends Record<string, string | undefined>>(
  fields: T,
): { [K in keyof T]?: string } {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as { [K in keyof T]?: string };
}
