// Check suites, check runs and commit statuses as GitHub writes them.
import { iso } from "../clock.ts";
import type {
  Annotation,
  CheckRun,
  CheckSuite,
  CommitStatus,
  Repository,
  World,
} from "../model.ts";
import { commitOf } from "../objects.ts";
import { latestRuns, suiteState } from "../suites.ts";
import { nodeId, renderAccount, renderApp } from "./account.ts";
import { renderSimpleCommit } from "./commit.ts";
import { renderMinimalPulls } from "./pull.ts";
import { renderRepository, repositoryUrl } from "./repository.ts";

export function renderRun(world: World, repository: Repository, run: CheckRun) {
  const api = `${repositoryUrl(world, repository)}/check-runs/${run.id}`;
  const page = `${world.urls.html}/${repository.fullName}/runs/${run.id}`;
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId("CheckRun", run.id),
    head_sha: run.headSha,
    external_id: run.externalId,
    url: api,
    html_url: page,
    details_url: run.detailsUrl ?? page,
    status: run.status,
    conclusion: run.conclusion ?? null,
    started_at: iso(run.startedAt),
    completed_at: run.completedAt === undefined ? null : iso(run.completedAt),
    output: {
      title: run.output.title ?? null,
      summary: run.output.summary ?? null,
      text: run.output.text ?? null,
      annotations_count: run.annotations.length,
      annotations_url: `${api}/annotations`,
    },
    check_suite: { id: run.suite.id },
    app: renderApp(world, run.suite.app),
    pull_requests: renderMinimalPulls(world, repository, run.headSha),
  };
}

/** In webhooks a run carries its suite in full. */
export function renderHookRun(world: World, repository: Repository, run: CheckRun) {
  return {
    ...renderRun(world, repository, run),
    check_suite: suiteBasics(world, repository, run.suite),
  };
}

export function renderSuite(world: World, repository: Repository, suite: CheckSuite) {
  return {
    ...renderHookSuite(world, repository, suite),
    repository: renderRepository(world, repository),
  };
}

export function renderAnnotation(
  world: World,
  repository: Repository,
  run: CheckRun,
  annotation: Annotation,
) {
  return {
    path: annotation.path,
    blob_href: `${world.urls.html}/${repository.fullName}/blob/${run.headSha}/${annotation.path}`,
    start_line: annotation.start_line,
    end_line: annotation.end_line,
    start_column: annotation.start_column ?? null,
    end_column: annotation.end_column ?? null,
    annotation_level: annotation.annotation_level,
    title: annotation.title ?? null,
    message: annotation.message,
    raw_details: annotation.raw_details ?? null,
  };
}

export function renderStatus(world: World, repository: Repository, status: CommitStatus) {
  return {
    url: `${repositoryUrl(world, repository)}/statuses/${status.sha}`,
    avatar_url: `${world.urls.html}/avatars/${status.creator.id}`,
    id: status.id,
    node_id: nodeId("StatusContext", status.id),
    state: status.state,
    description: status.description ?? null,
    target_url: status.targetUrl ?? null,
    context: status.context,
    created_at: iso(status.createdAt),
    updated_at: iso(status.createdAt),
  };
}

export function renderCreatedStatus(world: World, repository: Repository, status: CommitStatus) {
  return {
    ...renderStatus(world, repository, status),
    creator: renderAccount(world, status.creator),
  };
}

export function renderHookSuite(world: World, repository: Repository, suite: CheckSuite) {
  const api = `${repositoryUrl(world, repository)}/check-suites/${suite.id}`;
  return {
    ...suiteBasics(world, repository, suite),
    latest_check_runs_count: latestRuns(repository, suite).length,
    check_runs_url: `${api}/check-runs`,
    head_commit: renderSimpleCommit(commitOf(repository.store, suite.headSha)),
  };
}

function suiteBasics(world: World, repository: Repository, suite: CheckSuite) {
  const state = suiteState(repository, suite);
  return {
    id: suite.id,
    node_id: nodeId("CheckSuite", suite.id),
    head_branch: suite.headBranch ?? null,
    head_sha: suite.headSha,
    status: state.status,
    conclusion: state.conclusion ?? null,
    url: `${repositoryUrl(world, repository)}/check-suites/${suite.id}`,
    before: suite.before,
    after: suite.headSha,
    pull_requests: renderMinimalPulls(world, repository, suite.headSha),
    app: renderApp(world, suite.app),
    created_at: iso(suite.createdAt),
    updated_at: iso(suite.updatedAt),
  };
}
