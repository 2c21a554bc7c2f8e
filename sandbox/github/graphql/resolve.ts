// What the fields of the GraphQL schema say, from the same world as the REST API.
import { GraphQLError } from "graphql";
import { iso } from "../clock.ts";
import { covers } from "../events.ts";
import type { Actor, CheckRun, CheckSuite, Pull, Repository, World } from "../model.ts";
import { hasRole } from "../people.ts";
import { findRepository } from "../repositories.ts";
import { newestPerName } from "../suites.ts";

/** Documented: "The values of first and last must be within 1-100". */
const page_max = 100;

type Page = { first?: number };

export function rootOf(world: World, actor: Actor) {
  return {
    repository(asked: { owner: string; name: string; followRenames?: boolean }) {
      const { owner, name, followRenames = true } = asked;
      const fullName = `${owner}/${name}`;
      const former = followRenames ? world.formerNames.get(fullName.toLowerCase()) : undefined;
      const found = findRepository(world, fullName) ?? former;
      if (!found || !maySee(actor, found))
        throw failure(
          "NOT_FOUND",
          `Could not resolve to a Repository with the name '${owner}/${name}'.`,
        );
      return repositoryOf(found);
    },
  };
}

function maySee(actor: Actor, repository: Repository): boolean {
  if (actor.kind === "user") return hasRole(repository, actor.account, "read");
  if (actor.kind === "app") return false;
  const { installation, token } = actor;
  const inToken = token.repositoryIds?.has(repository.id) ?? true;
  return installation.suspendedAt === undefined && inToken && covers(installation, repository);
}

function repositoryOf(repository: Repository) {
  const branches = () =>
    [...repository.refs.keys()].filter((ref) => ref.startsWith("heads/")).sort();
  return {
    nameWithOwner: repository.fullName,
    isArchived: repository.archived,
    pushedAt: iso(repository.pushedAt),
    defaultBranchRef: refOf(repository, `heads/${repository.defaultBranch}`),
    refs: ({ refPrefix, first }: Page & { refPrefix: string }) =>
      connection(
        branches().filter((ref) => `refs/${ref}`.startsWith(refPrefix)),
        first,
        (ref) => refOf(repository, ref),
      ),
    pullRequests(asked: Page & { states?: string[]; orderBy?: Order }) {
      const { states, orderBy, first } = asked;
      const all = [...repository.pulls.values()].filter(
        (p) => states?.includes(stateOf(p)) ?? true,
      );
      return connection(ordered(all, orderBy), first, (pull) => ({
        number: pull.number,
        headRefOid: pull.head.sha,
        baseRefName: pull.base.ref,
      }));
    },
    object: ({ oid }: { oid: string }) =>
      repository.store.commits.has(oid) ? commitOf(repository, oid) : null,
  };
}

function refOf(repository: Repository, ref: string) {
  const sha = repository.refs.get(ref);
  if (sha === undefined) return null;
  return { name: ref.replace(/^heads\//, ""), target: commitOf(repository, sha) };
}

type Order = { field: "CREATED_AT" | "UPDATED_AT" | "COMMENTS"; direction: "ASC" | "DESC" };

function ordered(pulls: Pull[], order: Order | undefined): Pull[] {
  const time = (p: Pull) => (order?.field === "UPDATED_AT" ? p.updatedAt : p.createdAt);
  const sign = order?.direction === "DESC" ? -1 : 1;
  return [...pulls].sort((a, b) => (time(a) - time(b) || a.number - b.number) * sign);
}

function stateOf(pull: Pull): string {
  return pull.merged ? "MERGED" : pull.state.toUpperCase();
}

function commitOf(repository: Repository, oid: string) {
  type Filter = { appId?: number; checkName?: string; checkType?: "ALL" | "LATEST" };
  const runsOf = (suite: CheckSuite, by: Filter = {}) => {
    const all = [...repository.runs.values()].filter((run) => run.suite === suite);
    return (by.checkType === "ALL" ? all : newestPerName(all)).filter(
      (run) => by.checkName === undefined || run.name === by.checkName,
    );
  };
  return {
    __typename: "Commit",
    oid,
    checkSuites({ first, filterBy = {} }: Page & { filterBy?: Filter }) {
      const all = [...repository.suites.values()]
        .filter((suite) => suite.headSha === oid)
        .filter((suite) => filterBy.appId === undefined || suite.app.id === filterBy.appId)
        .filter((suite) => filterBy.checkName === undefined || runsOf(suite, filterBy).length > 0);
      return connection(all, first, (suite) => ({
        app: { databaseId: suite.app.id, slug: suite.app.slug },
        checkRuns: (asked: Page & { filterBy?: Filter }) =>
          connection(runsOf(suite, asked.filterBy), asked.first, checkRunOf),
      }));
    },
  };
}

function checkRunOf(run: CheckRun) {
  return {
    name: run.name,
    status: run.status.toUpperCase(),
    conclusion: run.conclusion?.toUpperCase() ?? null,
    externalId: run.externalId,
    title: run.output.title ?? null,
    startedAt: iso(run.startedAt),
  };
}

function connection<T, R>(all: readonly T[], first: number | undefined, render: (one: T) => R) {
  if (first === undefined)
    throw failure("MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` or `last` value.");
  if (first < 1 || first > page_max)
    throw failure("EXCESSIVE_PAGINATION", `Requesting ${first} records exceeds the limit.`);
  return { totalCount: all.length, nodes: all.slice(0, first).map(render) };
}

function failure(type: string, message: string): GraphQLError {
  return new GraphQLError(message, { extensions: { type } });
}
