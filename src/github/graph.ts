// What the resync compares with, asked for many repositories or many commits at once by GraphQL.

import { z } from "zod";
import type { ShownGate } from "../core/decide/shown.ts";
import type { Repository } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import { gateName } from "../core/render/checks.ts";
import type { GitHub } from "../ports/github.ts";
import type { Client, Octokit } from "./client.ts";
import { hasMore, mapped, place, unknown } from "./read.ts";

type Graph = Pick<GitHub, "overviews" | "gates">;

export function openGraph({ client, appId }: { client: Client; appId: number }): Graph {
  return {
    async overviews(installation, repositories) {
      const found = [];
      for (const some of chunks(repositories, limit.github.graph_repositories)) {
        const { query, variables } = overviewQuery(some);
        const answer = mapped(
          await client.read(installation, ask(query, variables), overviewShape),
          (data) => some.map((_, at) => data[`r${at}`] ?? null),
        );
        if (answer.kind !== "ok") return unknown(answer);
        found.push(...answer.data);
      }
      return {
        kind: "known",
        value: found.map((one, at) => {
          const { owner = "", name = "" } = repositories[at] ?? {};
          // Another one can have the name by now.
          if (one?.nameWithOwner !== `${owner}/${name}`) return null;
          const { pushedAt, defaultBranchRef, refs, pullRequests } = one;
          return {
            pushedAt,
            tip: defaultBranchRef?.target?.oid ?? null,
            branches: refs?.totalCount ?? 0,
            pulls: pullRequests.totalCount,
            newest: pullRequests.nodes.map(({ number, headRefOid, baseRefName }) => ({
              number,
              head: headRefOid,
              base: baseRefName,
            })),
          };
        }),
      };
    },

    async gates(installation, commits) {
      const found: (readonly ShownGate[] | null)[] = [];
      for (const some of chunks(commits, limit.github.graph_commits)) {
        const { query, variables } = gateQuery(some, appId);
        const answer = mapped(
          await client.read(installation, ask(query, variables), gatesShape),
          (data) => some.map((_, at) => shown(data[`c${at}`]?.object, appId)),
        );
        if (answer.kind !== "ok") return unknown(answer);
        for (const [at, one] of answer.data.entries()) {
          const commit = some[at];
          const others = one?.isCut && commit !== undefined ? await othersOn(commit) : [];
          found.push(one === null ? null : [...one.gates, ...others]);
        }
      }
      return { kind: "known", value: found };
    },
  };

  /**
   * Anyone who writes to the repository can make any number of suites with a check of the gate's name, of which
   * the query has the first. Those that cannot be listed are looked for in the next sweep.
   */
  async function othersOn({ repository, sha }: At): Promise<readonly ShownGate[]> {
    const runs: z.infer<typeof gateRuns>["check_runs"][number][] = [];
    for (let page = 1; page <= limit.github.pages; page += 1) {
      const answer = await client.read(
        repository.installation,
        (octokit) =>
          octokit.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
            ...place(repository),
            ref: sha,
            check_name: gateName,
            filter: "latest",
            per_page: 100,
            page,
          }),
        gateRuns,
      );
      if (answer.kind !== "ok") break;
      runs.push(...answer.data.check_runs);
      if (!hasMore(answer.headers)) break;
    }
    const others = runs.filter(({ app }) => app?.id !== appId);
    return others.map((run) => ({
      source: "foreign",
      app: run.app?.slug ?? "unknown",
      state: run.conclusion ?? "in_progress",
      title: run.output.title ?? "",
      externalId: run.external_id ?? "",
      startedAt: run.started_at === null ? 0 : Date.parse(run.started_at),
    }));
  }
}

type Variables = Readonly<Record<string, string | number>>;

/** What GitHub could not answer is null, and told beside it; octokit rejects with what there is. */
function ask(query: string, variables: Variables) {
  return async (octokit: Octokit) => {
    try {
      return { data: await octokit.graphql<unknown>(query, variables), headers: {} };
    } catch (error) {
      if (!(error instanceof Error) || error.name !== "GraphqlResponseError") throw error;
      return { data: "data" in error ? error.data : null, headers: {} };
    }
  };
}

/** Anything that happens in a repository changes one of these. */
export function overviewQuery(repositories: readonly Repository[]) {
  return withRepositories(repositories, "r", "...Overview", overviewFragment);
}

const overviewFragment = /* GraphQL */ `
  fragment Overview on Repository {
    nameWithOwner
    pushedAt
    defaultBranchRef { target { oid } }
    refs(refPrefix: "refs/heads/", first: 1) { totalCount }
    pullRequests(states: OPEN, first: 100, orderBy: { field: UPDATED_AT, direction: DESC }) {
      totalCount
      nodes { number headRefOid baseRefName }
    }
  }`;

interface At {
  readonly repository: Repository;
  readonly sha: string;
}

/** Every check run on the commits that has the gate's name: our own by themselves, and those of others. */
export function gateQuery(commits: readonly At[], appId: number) {
  const repositories = commits.map(({ repository }) => repository);
  const { query, variables } = withRepositories(
    repositories,
    "c",
    (at) => `object(oid: $s${at}) { ...Gates }`,
    gateFragment,
  );
  const shas = commits.map((_, at) => `$s${at}: GitObjectID!`);
  return {
    query: query.replace("query(", `query($gate: String!, $app: Int!, ${shas.join(", ")}, `),
    variables: {
      ...variables,
      gate: gateName,
      app: appId,
      ...Object.fromEntries(commits.map(({ sha }, at) => [`s${at}`, sha])),
    },
  };
}

const gateFragment = /* GraphQL */ `
  fragment Gates on Commit {
    own: checkSuites(first: 5, filterBy: { checkName: $gate, appId: $app }) { ...Suites }
    all: checkSuites(first: 5, filterBy: { checkName: $gate }) { ...Suites }
  }
  fragment Suites on CheckSuiteConnection {
    totalCount
    nodes {
      app { databaseId slug }
      checkRuns(first: 1, filterBy: { checkName: $gate, checkType: LATEST }) {
        nodes { status conclusion externalId title startedAt }
      }
    }
  }`;

function withRepositories(
  repositories: readonly Repository[],
  alias: string,
  fields: string | ((at: number) => string),
  fragment: string,
): { readonly query: string; readonly variables: Variables } {
  const declared = repositories.map((_, at) => `$o${at}: String!, $n${at}: String!`);
  const asked = repositories.map(
    (_, at) =>
      `${alias}${at}: repository(owner: $o${at}, name: $n${at}, followRenames: false) ` +
      `{ ${typeof fields === "string" ? fields : fields(at)} }`,
  );
  return {
    query: `query(${declared.join(", ")}) {\n  ${asked.join("\n  ")}\n}\n${fragment}`,
    variables: Object.fromEntries(
      repositories.flatMap((repository, at) => {
        const { owner, repo } = place(repository);
        return [
          [`o${at}`, owner],
          [`n${at}`, repo],
        ];
      }),
    ),
  };
}

const oid = z.object({ oid: z.string() });

const overviewShape = z.record(
  z.string(),
  z
    .object({
      nameWithOwner: z.string(),
      pushedAt: z.string().nullable(),
      defaultBranchRef: z.object({ target: oid.nullable() }).nullable(),
      refs: z.object({ totalCount: z.int() }).nullable(),
      pullRequests: z.object({
        totalCount: z.int(),
        nodes: z.array(
          z.object({ number: z.int(), headRefOid: z.string(), baseRefName: z.string() }),
        ),
      }),
    })
    .nullable(),
);

const suites = z
  .object({
    totalCount: z.int(),
    nodes: z.array(
      z.object({
        app: z.object({ databaseId: z.int().nullable(), slug: z.string() }).nullable(),
        checkRuns: z
          .object({
            nodes: z.array(
              z.object({
                status: z.string(),
                conclusion: z.string().nullable(),
                externalId: z.string().nullable(),
                title: z.string().nullable(),
                startedAt: z.string().nullable(),
              }),
            ),
          })
          .nullable(),
      }),
    ),
  })
  .nullable();

const commitShape = z.object({ own: suites, all: suites });

const gateRuns = z.object({
  check_runs: z.array(
    z.object({
      conclusion: z.string().nullable(),
      external_id: z.string().nullable(),
      started_at: z.string().nullable(),
      output: z.object({ title: z.string().nullable() }),
      app: z.object({ id: z.int(), slug: z.string().optional() }).nullable(),
    }),
  ),
});

const gatesShape = z.record(
  z.string(),
  z.object({ object: z.union([commitShape, z.object({})]).nullable() }).nullable(),
);

/** Null where GitHub did not say it, or not all of our own; `isCut` where others have more than fits. */
function shown(
  commit: z.infer<typeof commitShape> | object | null | undefined,
  appId: number,
): { readonly gates: readonly ShownGate[]; readonly isCut: boolean } | null {
  if (!commit || !("own" in commit)) return null;
  const { own, all } = commit;
  if (own === null || all === null || own.totalCount > own.nodes.length) return null;
  const isCut = all.totalCount > all.nodes.length;
  const foreign = isCut ? [] : all.nodes.filter(({ app }) => app?.databaseId !== appId);
  return { gates: [...gatesOf(own.nodes, "own"), ...gatesOf(foreign, "foreign")], isCut };
}

function gatesOf(
  nodes: NonNullable<z.infer<typeof suites>>["nodes"],
  source: ShownGate["source"],
): readonly ShownGate[] {
  return nodes.flatMap(({ app, checkRuns }) =>
    (checkRuns?.nodes ?? []).map((run) => ({
      source,
      app: app?.slug ?? "unknown",
      state: run.status === "COMPLETED" ? (run.conclusion?.toLowerCase() ?? "") : "in_progress",
      title: run.title ?? "",
      externalId: run.externalId ?? "",
      startedAt: run.startedAt === null ? 0 : Date.parse(run.startedAt),
    })),
  );
}

function chunks<T>(all: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, at) =>
    all.slice(at * size, (at + 1) * size),
  );
}
