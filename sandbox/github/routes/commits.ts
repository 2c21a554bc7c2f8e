// Commits, comparisons, and the pull requests a commit belongs to.
import { failed, listed, notFound, ok, page } from "../answer.ts";
import { diffFiles } from "../diff.ts";
import { commitsBetween, isAncestor, mergeBase } from "../history.ts";
import { baseTip } from "../mergeability.ts";
import type { Repository, World } from "../model.ts";
import { commitOf, filesOf } from "../objects.ts";
import { changesOf, renderCommit, renderFile, renderGitCommit } from "../render/commit.ts";
import { renderPull } from "../render/pull.ts";
import { repositoryUrl } from "../render/repository.ts";
import { networkOf, resolveCommit } from "../repositories.ts";
import { type Answer, type Call, param, type Route, reads } from "../route.ts";

/** Documented for comparisons: "up to 300 files", on the first page only. */
const compared_files_max = 300;
/** Documented for one commit: pages of 300, "up to a total of 3000 files". */
const commit_files_max = 3_000;

export const commitRoutes: Route[] = [
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/commits/{ref...}",
    access: reads("contents"),
    run: showCommit,
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/git/commits/{commit_sha}",
    access: reads("contents"),
    run(call) {
      const sha = param(call, "commit_sha");
      return call.repository.store.commits.has(sha)
        ? ok(renderGitCommit(call.world, call.repository, sha))
        : notFound();
    },
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/commits/{commit_sha}/pulls",
    access: reads("pull_requests", "contents"),
    run: pullsOfCommit,
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/compare/{basehead...}",
    access: reads("contents"),
    run: compare,
  },
];

function showCommit(call: Call): Answer {
  const { world, repository } = call;
  const ref = param(call, "ref");
  const sha = resolveCommit(repository, ref);
  if (sha === undefined) return failed(422, `No commit found for SHA: ${ref}`);
  const files = changesOf(repository, commitOf(repository.store, sha));
  const { items, headers } = page(
    sized(call, compared_files_max),
    files.slice(0, commit_files_max),
  );
  const rendered = items.map((f) => renderFile(world, repository, f, sha));
  const sum = (key: "additions" | "deletions") => rendered.reduce((n, f) => n + f[key], 0);
  const stats = {
    additions: sum("additions"),
    deletions: sum("deletions"),
    total: sum("additions") + sum("deletions"),
  };
  return {
    status: 200,
    headers,
    body: { ...renderCommit(world, repository, sha), stats, files: rendered },
  };
}

function pullsOfCommit(call: Call): Answer {
  const { world, repository } = call;
  const sha = param(call, "commit_sha");
  const { store } = repository;
  if (!store.commits.has(sha)) return failed(422, `No commit found for SHA: ${sha}`);
  const tip = repository.refs.get(`heads/${repository.defaultBranch}`);
  const landed = tip !== undefined && isAncestor(store, sha, tip);
  // Documented: for a commit of the default branch the merged pull request that brought it, for
  // any other the open ones that have it.
  const found = [...repository.pulls.values()].filter((p) =>
    landed
      ? p.merged?.commits.has(sha)
      : p.state === "open" &&
        isAncestor(store, sha, p.head.sha) &&
        !isAncestor(store, sha, baseTip(p)),
  );
  return listed(call, found, (p) => renderPull(world, p));
}

function compare(call: Call): Answer {
  const { world, repository } = call;
  const [from, to, ...more] = param(call, "basehead").split("...");
  const base = from === undefined ? undefined : resolveSide(world, repository, from);
  const head = to === undefined ? undefined : resolveSide(world, repository, to);
  if (base === undefined || head === undefined || more.length > 0) return notFound();
  const { store } = repository;
  const common = mergeBase(store, base, head);
  if (common === undefined) return failed(404, `No common ancestor between ${from} and ${to}.`);
  const ahead = commitsBetween(store, base, head);
  const behind = commitsBetween(store, head, base);
  const paged = call.query.has("page") || call.query.has("per_page");
  const { items, headers } = page(paged ? call : sized(call, 250), ahead);
  const first = Number(call.query.get("page") ?? 1) <= 1;
  const files = diffFiles(filesOf(store, common), filesOf(store, head));
  const name = `${base}...${head}`;
  const html = `${world.urls.html}/${repository.fullName}/compare/${name}`;
  return {
    status: 200,
    headers,
    body: {
      url: `${repositoryUrl(world, repository)}/compare/${name}`,
      html_url: html,
      permalink_url: html,
      diff_url: `${html}.diff`,
      patch_url: `${html}.patch`,
      base_commit: renderCommit(world, repository, base),
      merge_base_commit: renderCommit(world, repository, common),
      status: status(ahead.length, behind.length),
      ahead_by: ahead.length,
      behind_by: behind.length,
      total_commits: ahead.length,
      commits: items.map((c) => renderCommit(world, repository, c.sha)),
      files: first
        ? files.slice(0, compared_files_max).map((f) => renderFile(world, repository, f, head))
        : [],
    },
  };
}

/** A commit of this repository, or `owner:branch` of one in its network. */
function resolveSide(world: World, repository: Repository, name: string): string | undefined {
  const colon = name.indexOf(":");
  if (colon < 0) return resolveCommit(repository, name);
  const owner = name.slice(0, colon).toLowerCase();
  const source = networkOf(world, repository).find((r) => r.owner.login.toLowerCase() === owner);
  return source && resolveCommit(source, name.slice(colon + 1));
}

function status(ahead: number, behind: number): string {
  if (ahead > 0) return behind > 0 ? "diverged" : "ahead";
  return behind > 0 ? "behind" : "identical";
}

// These two have page sizes of their own where none is asked for.
function sized(call: Call, size: number): Call {
  return { ...call, repository: call.repository, pageSize: size };
}
