// Check runs and suites over HTTP.
import { created, failed, listed, notFound, ok, page, unprocessable } from "../answer.ts";
import { parseRun } from "../check-input.ts";
import { createRun, rerequestRun, runsOn, updateRun } from "../checks.ts";
import type { App, CheckRun } from "../model.ts";
import { renderAnnotation, renderRun, renderSuite } from "../render/check.ts";
import { resolveCommit } from "../repositories.ts";
import { type Answer, type Call, param, type Route, reads, writes } from "../route.ts";
import { newestPerName } from "../suites.ts";

const runs = "/repos/{owner}/{repo}/check-runs";
const run = `${runs}/{check_run_id}`;

export const checkRoutes: Route[] = [
  { method: "POST", path: runs, access: writes("checks"), run: create },
  {
    method: "GET",
    path: run,
    access: reads("checks"),
    run: (call) => onRun(call, (r) => ok(renderRun(call.world, call.repository, r))),
  },
  {
    method: "PATCH",
    path: run,
    access: writes("checks"),
    run: (call) => onRun(call, (r) => update(call, r)),
  },
  {
    method: "GET",
    path: `${run}/annotations`,
    access: reads("checks"),
    run: (call) =>
      onRun(call, (r) =>
        listed(call, r.annotations, (a) => renderAnnotation(call.world, call.repository, r, a)),
      ),
  },
  {
    method: "POST",
    path: `${run}/rerequest`,
    access: writes("checks"),
    run: (call) =>
      onRun(call, (r) => {
        if (r.status !== "completed") return failed(422, "This check run is not rerequestable");
        rerequestRun(call.world, call.repository, r, call.actor);
        return created({});
      }),
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/commits/{ref...}/check-runs",
    access: reads("checks"),
    run(call) {
      const sha = resolveCommit(call.repository, param(call, "ref"));
      if (sha === undefined) return failed(422, `No commit found for SHA: ${param(call, "ref")}`);
      return listRuns(call, runsOn(call.repository, sha));
    },
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs",
    access: reads("checks"),
    run(call) {
      const suite = call.repository.suites.get(Number(param(call, "check_suite_id")));
      if (!suite) return notFound();
      return listRuns(
        call,
        [...call.repository.runs.values()].filter((r) => r.suite === suite),
      );
    },
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/commits/{ref...}/check-suites",
    access: reads("checks"),
    run: listSuites,
  },
];

function create(call: Call): Answer {
  const app = appOf(call);
  if (!app) return failed(403, "You must authenticate via a GitHub App.");
  const { name, head_sha: headSha } = call.body;
  if (typeof name !== "string" || name === "") return unprocessable('"name" wasn\'t supplied.');
  if (typeof headSha !== "string") return unprocessable('"head_sha" wasn\'t supplied.');
  if (!call.repository.store.commits.has(headSha))
    return failed(422, `No commit found for SHA: ${headSha}`);
  const fields = parseRun(call.body);
  if (fields.kind === "invalid") return unprocessable(fields.message);
  const made = createRun(call.world, call.repository, { ...fields.run, name, headSha, app });
  return created(renderRun(call.world, call.repository, made));
}

function update(call: Call, r: CheckRun): Answer {
  if (appOf(call) !== r.suite.app)
    return failed(403, "Invalid app_id: a check run is changed only by the app that made it.");
  const fields = parseRun(call.body);
  if (fields.kind === "invalid") return unprocessable(fields.message);
  updateRun(call.world, call.repository, r, fields.run);
  return ok(renderRun(call.world, call.repository, r));
}

function listRuns(call: Call, all: CheckRun[]): Answer {
  const { query, world, repository } = call;
  const matches = (name: string, value: string | number) =>
    query.get(name) === null || query.get(name) === String(value);
  const chosen = (query.get("filter") === "all" ? all : newestPerName(all))
    .filter((r) => matches("check_name", r.name))
    .filter((r) => matches("status", r.status))
    .filter((r) => matches("app_id", r.suite.app.id))
    .sort((a, b) => b.id - a.id);
  const { items, headers } = page(call, chosen);
  return {
    status: 200,
    headers,
    body: {
      total_count: chosen.length,
      check_runs: items.map((r) => renderRun(world, repository, r)),
    },
  };
}

function listSuites(call: Call): Answer {
  const { query, world, repository } = call;
  const sha = resolveCommit(repository, param(call, "ref"));
  if (sha === undefined) return failed(422, `No commit found for SHA: ${param(call, "ref")}`);
  const app = query.get("app_id");
  const name = query.get("check_name");
  const all = [...repository.suites.values()]
    .filter((s) => s.headSha === sha)
    .filter((s) => app === null || s.app.id === Number(app))
    .filter(
      (s) => name === null || runsOn(repository, sha).some((r) => r.suite === s && r.name === name),
    );
  const { items, headers } = page(call, all);
  return {
    status: 200,
    headers,
    body: {
      total_count: all.length,
      check_suites: items.map((s) => renderSuite(world, repository, s)),
    },
  };
}

function onRun(call: Call, answer: (r: CheckRun) => Answer): Answer {
  const found = call.repository.runs.get(Number(param(call, "check_run_id")));
  return found ? answer(found) : notFound();
}

function appOf(call: Call): App | undefined {
  return call.actor.kind === "installation" ? call.actor.installation.app : undefined;
}
