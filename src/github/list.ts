// Reads what the sweep compares with: open pull requests, branch tips, installations and deliveries.

import type { OpenPull } from "../core/decide/shown.ts";
import type { Repository } from "../core/model/event.ts";
import type { Known } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { FailedDeliveries, GitHub, HookDelivery, Read } from "../ports/github.ts";
import { authorsOf } from "./authors.ts";
import type { Answer, Client } from "./client.ts";
import { hasMore, mapped, place, readOf, slug, unknown } from "./read.ts";
import type { Readings } from "./reading.ts";
import * as shapes from "./shape.ts";

type Lists = Pick<
  GitHub,
  | "openPulls"
  | "branches"
  | "branch"
  | "branchTip"
  | "authors"
  | "repositories"
  | "installations"
  | "failedDeliveries"
>;

export function openLists({ client, readings }: { client: Client; readings: Readings }): Lists {
  /**
   * Each page is asked for by its own ETag: where nothing changed none of them counts. What moves from one
   * page to another between two requests may be missed, or come twice; the next resync sees it.
   */
  async function kept<T>(
    key: string,
    ask: (page: number, headers: Headers) => Promise<Answer<readonly T[]>>,
  ): Promise<Read<readonly T[]>> {
    const all: T[] = [];
    for (let page = 1; page <= limit.github.pages; page += 1) {
      const answer = await readings<Page<T>>({
        key: page === 1 ? key : `${key}|${page}`,
        keep: "checked",
        ask: async (headers) => {
          const read = await ask(page, headers);
          if (read.kind !== "ok") return read;
          const more = hasMore(read.headers) ? ("more" as const) : ("last" as const);
          return { ...read, data: { items: read.data, more } };
        },
      });
      if (answer.kind !== "ok") return answer.kind === "absent" ? answer : unknown(answer);
      all.push(...answer.data.items);
      if (answer.data.more === "last") return { kind: "known", value: all };
    }
    return { kind: "unknown", why: `GitHub has more than ${limit.github.pages} pages of it.` };
  }

  return {
    async openPulls(repository) {
      return await kept(`open-pulls|${slug(repository)}`, async (page, headers) =>
        mapped(
          await client.read(
            repository.installation,
            (octokit) =>
              octokit.request("GET /repos/{owner}/{repo}/pulls", {
                ...place(repository),
                state: "open",
                // Whatever is new comes last, and leaves the pages before it as they were.
                sort: "created",
                direction: "asc",
                per_page: 100,
                page,
                headers,
              }),
            shapes.pulls,
          ),
          (data) =>
            data.map(
              ({ number, head, base }): OpenPull => ({ number, head: head.sha, base: base.ref }),
            ),
        ),
      );
    },

    async branches(repository) {
      const read = await kept(`branch-tips|${slug(repository)}`, async (page, headers) =>
        mapped(
          await client.read(
            repository.installation,
            (octokit) =>
              octokit.request("GET /repos/{owner}/{repo}/branches", {
                ...place(repository),
                per_page: 100,
                page,
                headers,
              }),
            shapes.branches,
          ),
          (data) => data.map(({ name, commit }): [string, string] => [name, commit.sha]),
        ),
      );
      return read.kind === "known" ? { kind: "known", value: new Map(read.value) } : read;
    },

    async authors(repository, sha, since) {
      return await authorsOf(client, repository, { sha, since });
    },

    async branch(repository, branch, since) {
      const answer = await readings<string>({
        key: `branch|${slug(repository)}|${branch}`,
        keep: "fresh",
        since,
        ask: async (headers) => await askRef(client, repository, { branch, headers }),
      });
      return readOf(answer);
    },

    async branchTip(repository, branch) {
      const answer = await askRef(client, repository, { branch, headers: {} });
      return answer.kind === "unchanged" ? unknown(answer) : readOf(answer);
    },

    async repositories(installation) {
      let counted = 0;
      const seen = new Set<number>();
      const answer = await pages(async (page) =>
        mapped(
          await client.read(
            installation,
            (octokit) => octokit.request("GET /installation/repositories", { per_page: 100, page }),
            shapes.repositories,
          ),
          ({ repositories, total_count = 0 }) => {
            counted = total_count;
            for (const { id } of repositories) seen.add(Number(id));
            // Nothing can be written to one that is archived, and nothing lands there.
            return repositories
              .filter(({ archived }) => !archived)
              .map(({ owner, name, id, default_branch }) => ({
                repository: {
                  installation,
                  owner: owner.login,
                  name,
                  id: Number(id),
                  ownerId: Number(owner.id),
                  defaultBranch: default_branch,
                },
                defaultBranch: default_branch,
              }));
          },
        ),
      );
      // Between two pages one can slip to the page before, which was read already.
      if (answer.kind === "ok" && seen.size < counted)
        return { kind: "unknown", why: `GitHub counts ${counted}, and listed ${seen.size}.` };
      return answer.kind === "ok" ? { kind: "known", value: answer.data } : unknown(answer);
    },

    async installations() {
      const answer = await pages(async (page) =>
        mapped(
          await client.read(
            null,
            (octokit) => octokit.request("GET /app/installations", { per_page: 100, page }),
            shapes.installations,
          ),
          (data) => data.filter((one) => one.suspended_at === null).map(({ id }) => id),
        ),
      );
      return answer.kind === "ok" ? { kind: "known", value: answer.data } : unknown(answer);
    },

    async failedDeliveries(since) {
      return await failedSince(client, since);
    },
  };
}

type Headers = Readonly<Record<string, string>>;

/** By its whole name, so that no tag of the name is taken for it. */
async function askRef(
  client: Client,
  repository: Repository,
  { branch, headers }: { readonly branch: string; readonly headers: Headers },
): Promise<Answer<string>> {
  const answer = await client.read(
    repository.installation,
    (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/git/ref/{ref}", {
        ...place(repository),
        ref: `heads/${branch}`,
        headers,
      }),
    shapes.ref,
  );
  // A repository without any commit: docs.github.com/rest/git/refs#get-a-reference
  if (answer.kind === "refused" && answer.status === 409) return { kind: "absent" };
  return mapped(answer, (data) => data.object.sha);
}

interface Page<T> {
  readonly items: readonly T[];
  readonly more: "more" | "last";
}

/** Every page, or the first answer that is not one. A full last page allowed means the list is cut: unknown. */
async function pages<T>(
  ask: (page: number) => Promise<Answer<readonly T[]>>,
): Promise<Answer<readonly T[]>> {
  const all: T[] = [];
  for (let page = 1; page <= limit.github.pages; page++) {
    const answer = await ask(page);
    if (answer.kind !== "ok") return answer;
    all.push(...answer.data);
    if (!hasMore(answer.headers)) return { ...answer, data: all };
  }
  return { kind: "failed", why: `More than ${limit.github.pages} pages.` };
}

/**
 * Attempts that failed and have no later one of the same delivery that did not. Asked for twice: the list
 * of failures leaves out those that got no answer at all (code 0), and a server that does not know the
 * filter lists everything as failed; so each is judged by its own status.
 */
async function failedSince(client: Client, since: number): Promise<Known<FailedDeliveries>> {
  const seen = new Map<string, Attempt>();
  let cut = false;
  for (const filter of [{}, { status: "failure" as const }]) {
    const listed = await attempts(client, since, filter);
    if (listed.kind === "unknown") return listed;
    for (const attempt of listed.value.attempts) seen.set(attempt.id, attempt);
    cut = listed.value.cut;
  }
  const all = [...seen.values()].sort((a, b) => b.deliveredAt - a.deliveredAt);
  const arrived = new Set(all.filter(({ failed }) => !failed).map(({ guid }) => guid));
  const lost = all.filter(({ guid, deliveredAt }) => !arrived.has(guid) && deliveredAt >= since);
  return { kind: "known", value: { attempts: lost, cut } };
}

interface Attempt extends HookDelivery {
  readonly failed: boolean;
}

/** Pages by cursor, newest first, until they are older than asked for. */
async function attempts(
  client: Client,
  since: number,
  filter: { readonly status?: "failure" },
): Promise<Known<{ readonly attempts: readonly Attempt[]; readonly cut: boolean }>> {
  const all: Attempt[] = [];
  let cursor: string | undefined;
  for (let page = 1; page <= limit.sweep.delivery_pages; page++) {
    const answer = await client.read(
      null,
      (octokit) =>
        octokit.request("GET /app/hook/deliveries", {
          ...filter,
          per_page: 100,
          ...(cursor === undefined ? {} : { cursor }),
        }),
      shapes.deliveries,
    );
    if (answer.kind !== "ok") return unknown(answer);
    for (const { id, guid, delivered_at, status_code, event, repository_id } of answer.data)
      all.push({
        id,
        guid,
        deliveredAt: Date.parse(delivered_at),
        // docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook: 200 to 399 is a success.
        failed: status_code < 200 || status_code >= 400,
        event,
        repository: repository_id === null ? null : Number(repository_id),
      });
    const last = all.at(-1);
    const next = /[?&]cursor=([^&>]+)[^>]*>;\s*rel="next"/.exec(String(answer.headers.link ?? ""));
    if (next?.[1] === undefined || last === undefined || last.deliveredAt < since)
      return { kind: "known", value: { attempts: all, cut: false } };
    cursor = decodeURIComponent(next[1]);
  }
  return { kind: "known", value: { attempts: all, cut: true } };
}
