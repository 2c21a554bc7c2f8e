// Check suites and check runs: made by an app, asked for again by people.
import { announce, installationsOn } from "./events.ts";
import type {
  Actor,
  Annotation,
  App,
  CheckAction,
  CheckRun,
  CheckStatus,
  CheckSuite,
  Conclusion,
  Repository,
  World,
} from "./model.ts";
import { renderHookRun, renderHookSuite } from "./render/check.ts";
import { suiteState } from "./suites.ts";

export type RunFields = {
  name?: string;
  status?: CheckStatus;
  conclusion?: Conclusion;
  externalId?: string;
  detailsUrl?: string;
  startedAt?: number;
  completedAt?: number;
  output?: { title?: string; summary?: string; text?: string; annotations?: Annotation[] };
  actions?: CheckAction[];
};

/** Each app that may write checks gets a suite for every pushed commit. */
export function requestSuites(
  world: World,
  pushed: { repository: Repository; branch: string; before: string; sha: string; actor: Actor },
): void {
  const { repository, branch, before, sha, actor } = pushed;
  for (const { app, permissions } of installationsOn(world, repository)) {
    if (permissions.checks !== "write" || findSuite(repository, app, sha)) continue;
    const suite = addSuite(world, repository, { app, headSha: sha, headBranch: branch, before });
    tellSuite(world, repository, suite, { action: "requested", actor });
  }
}

export function createRun(
  world: World,
  repository: Repository,
  wanted: RunFields & { name: string; headSha: string; app: App },
): CheckRun {
  const { app, headSha } = wanted;
  const suite =
    findSuite(repository, app, headSha) ??
    addSuite(world, repository, {
      app,
      headSha,
      headBranch: branchAt(repository, headSha),
      before: "0".repeat(40),
    });
  const run: CheckRun = {
    id: world.nextId(),
    suite,
    name: wanted.name,
    headSha,
    externalId: "",
    detailsUrl: undefined,
    status: "queued",
    conclusion: undefined,
    startedAt: world.clock.now(),
    completedAt: undefined,
    output: { title: undefined, summary: undefined, text: undefined },
    annotations: [],
    actions: [],
  };
  repository.runs.set(run.id, run);
  change(world, run, wanted);
  const actor: Actor = { kind: "app", account: app.bot, app };
  tellRun(world, repository, run, { action: "created", actor });
  if (run.status === "completed") completed(world, repository, run, actor);
  return run;
}

export function updateRun(
  world: World,
  repository: Repository,
  run: CheckRun,
  fields: RunFields,
): void {
  const was = run.status;
  change(world, run, fields);
  const { app } = run.suite;
  const actor: Actor = { kind: "app", account: app.bot, app };
  if (was !== "completed" && run.status === "completed") completed(world, repository, run, actor);
}

/** "Re-run" on the page of a check: the run stays as it is, its app is asked to do it again. */
export function rerequestRun(
  world: World,
  repository: Repository,
  run: CheckRun,
  actor: Actor,
): void {
  run.suite.reset = true;
  const { app } = run.suite;
  tellRun(world, repository, run, { action: "rerequested", actor, onlyFor: app });
}

/** "Re-run all checks". */
export function rerequestSuite(
  world: World,
  repository: Repository,
  suite: CheckSuite,
  actor: Actor,
): void {
  suite.reset = true;
  tellSuite(world, repository, suite, { action: "rerequested", actor });
}

/** A button that the app put on its check. */
export function requestAction(
  world: World,
  repository: Repository,
  run: CheckRun,
  pressed: { identifier: string; actor: Actor },
): void {
  tellRun(world, repository, run, {
    action: "requested_action",
    actor: pressed.actor,
    onlyFor: run.suite.app,
    extra: { requested_action: { identifier: pressed.identifier } },
  });
}

export function runsOn(repository: Repository, sha: string): CheckRun[] {
  return [...repository.runs.values()].filter((r) => r.headSha === sha);
}

/** The newest run of each name on a commit, no matter who made it. */
export function checksByName(repository: Repository, sha: string): Map<string, CheckRun> {
  const runs = runsOn(repository, sha).sort((a, b) => a.id - b.id);
  return new Map(runs.map((r) => [r.name, r]));
}

function change(world: World, run: CheckRun, fields: RunFields): void {
  run.suite.reset = false;
  run.suite.updatedAt = world.clock.now();
  run.name = fields.name ?? run.name;
  run.externalId = fields.externalId ?? run.externalId;
  run.detailsUrl = fields.detailsUrl ?? run.detailsUrl;
  run.startedAt = fields.startedAt ?? run.startedAt;
  run.actions = fields.actions ?? run.actions;
  if (fields.output) {
    const { annotations, ...text } = fields.output;
    run.output = { ...run.output, ...text };
    // GitHub appends the annotations of every update to those before.
    run.annotations.push(...(annotations ?? []));
  }
  if (fields.conclusion !== undefined || fields.status === "completed") {
    run.status = "completed";
    run.conclusion = fields.conclusion ?? run.conclusion;
    run.completedAt = fields.completedAt ?? world.clock.now();
  } else if (fields.status !== undefined) {
    run.status = fields.status;
    run.conclusion = undefined;
    run.completedAt = undefined;
  }
}

function completed(world: World, repository: Repository, run: CheckRun, actor: Actor): void {
  tellRun(world, repository, run, { action: "completed", actor });
  if (suiteState(repository, run.suite).status === "completed")
    tellSuite(world, repository, run.suite, { action: "completed", actor, to: "everybody" });
}

function findSuite(repository: Repository, app: App, sha: string): CheckSuite | undefined {
  return [...repository.suites.values()].find((s) => s.app === app && s.headSha === sha);
}

function addSuite(
  world: World,
  repository: Repository,
  parts: Pick<CheckSuite, "app" | "headSha" | "headBranch" | "before">,
): CheckSuite {
  const now = world.clock.now();
  const suite = { ...parts, id: world.nextId(), reset: false, createdAt: now, updatedAt: now };
  repository.suites.set(suite.id, suite);
  return suite;
}

function branchAt(repository: Repository, sha: string): string | undefined {
  const found = [...repository.refs].find(([ref, at]) => ref.startsWith("heads/") && at === sha);
  return found?.[0].slice("heads/".length);
}

function tellRun(
  world: World,
  repository: Repository,
  run: CheckRun,
  told: { action: string; actor: Actor; onlyFor?: App; extra?: Record<string, unknown> },
): void {
  const { action, actor, onlyFor, extra } = told;
  const payload = { check_run: renderHookRun(world, repository, run), ...extra };
  const to = onlyFor === undefined ? {} : { onlyFor };
  announce(world, { event: "check_run", action, repository, actor, payload, ...to });
}

function tellSuite(
  world: World,
  repository: Repository,
  suite: CheckSuite,
  told: { action: string; actor: Actor; to?: "everybody" },
): void {
  const { to, ...rest } = told;
  const payload = { check_suite: renderHookSuite(world, repository, suite) };
  const only = to === "everybody" ? {} : { onlyFor: suite.app };
  announce(world, { event: "check_suite", ...rest, repository, payload, ...only });
}
