// Commit statuses, the older sibling of checks.
import { created, failed, invalid, ok, textField } from "../answer.ts";
import type { CommitStatus } from "../model.ts";
import { renderCreatedStatus, renderStatus } from "../render/check.ts";
import { renderRepository, repositoryUrl } from "../render/repository.ts";
import { resolveCommit } from "../repositories.ts";
import { type Answer, type Call, param, type Route, reads, writes } from "../route.ts";

export const statusRoutes: Route[] = [
  {
    method: "POST",
    path: "/repos/{owner}/{repo}/statuses/{sha}",
    access: writes("statuses"),
    run: create,
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/commits/{ref...}/status",
    access: reads("statuses"),
    run: combined,
  },
];

function create(call: Call): Answer {
  const { world, repository, actor } = call;
  const sha = param(call, "sha");
  if (!repository.store.commits.has(sha)) return failed(422, `No commit found for SHA: ${sha}`);
  const { state } = call.body;
  if (state !== "error" && state !== "failure" && state !== "pending" && state !== "success")
    return invalid("Status", "state", "state is not known");
  const status: CommitStatus = {
    id: world.nextId(),
    sha,
    state,
    context: textField(call, "context") ?? "default",
    description: textField(call, "description"),
    targetUrl: textField(call, "target_url"),
    creator: actor.account,
    createdAt: world.clock.now(),
  };
  repository.statuses.push(status);
  return created(renderCreatedStatus(world, repository, status));
}

function combined(call: Call): Answer {
  const { world, repository } = call;
  const ref = param(call, "ref");
  const sha = resolveCommit(repository, ref);
  if (sha === undefined) return failed(404, "Not Found");
  const newest = new Map<string, CommitStatus>();
  for (const status of repository.statuses)
    if (status.sha === sha) newest.set(status.context, status);
  const all = [...newest.values()];
  const has = (...states: string[]) => all.some((s) => states.includes(s.state));
  const api = repositoryUrl(world, repository);
  return ok({
    state: has("error", "failure")
      ? "failure"
      : all.length === 0 || has("pending")
        ? "pending"
        : "success",
    statuses: all.map((s) => renderStatus(world, repository, s)),
    sha,
    total_count: all.length,
    repository: renderRepository(world, repository),
    commit_url: `${api}/commits/${sha}`,
    url: `${api}/commits/${sha}/status`,
  });
}
