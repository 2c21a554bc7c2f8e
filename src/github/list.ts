// Reads what the sweep compares with: open pull requests, branch tips, installations and deliveries.

import type { Known } from "../core/fact.ts";
import { limit } from "../core/limit.ts";
import type { FailedDeliveries, GitHub, HookDelivery, OpenPull } from "../port.ts";
import type { Answer, Client } from "./client.ts";
import { mapped, place, readOf, slug, unknown } from "./read.ts";
import type { Readings } from "./reading.ts";
import * as shapes from "./shape.ts";

type Lists = Pick<
  GitHub,
  "openPulls" | "branches" | "repositories" | "installations" | "failedDeliveries"
>;

export function openLists({ client, readings }: { client: Client; readings: Readings }): Lists {
  return {
    async openPulls(repository) {
      const answer = await readings<readonly OpenPull[]>({
        key: `pulls|${slug(repository)}`,
        keep: "checked",
        ask: (headers) =>
          pages(async (page) =>
            mapped(
              await client.read(
                repository.installation,
                (octokit) =>
                  octokit.request("GET /repos/{owner}/{repo}/pulls", {
                    ...place(repository),
                    state: "open",
                    sort: "updated",
                    direction: "desc",
                    per_page: 100,
                    page,
                    headers: page === 1 ? headers : {},
                  }),
                shapes.pulls,
              ),
              (data) =>
                data.map((pull) => ({
                  number: pull.number,
                  head: pull.head.sha,
                  base: pull.base.ref,
                })),
            ),
          ),
      });
      return readOf(answer);
    },

    async branches(repository) {
      const answer = await readings<readonly [string, string][]>({
        key: `branches|${slug(repository)}`,
        keep: "checked",
        ask: (headers) =>
          pages(async (page) =>
            mapped(
              await client.read(
                repository.installation,
                (octokit) =>
                  octokit.request("GET /repos/{owner}/{repo}/branches", {
                    ...place(repository),
                    per_page: 100,
                    page,
                    headers: page === 1 ? headers : {},
                  }),
                shapes.branches,
              ),
              (data) => data.map(({ name, commit }): [string, string] => [name, commit.sha]),
            ),
          ),
      });
      const read = readOf(answer);
      return read.kind === "known" ? { kind: "known", value: new Map(read.value) } : read;
    },

    async repositories(installation) {
      const answer = await pages(async (page) =>
        mapped(
          await client.read(
            installation,
            (octokit) => octokit.request("GET /installation/repositories", { per_page: 100, page }),
            shapes.repositories,
          ),
          // Nothing can be written to one that is archived, and nothing lands there.
          ({ repositories }) =>
            repositories
              .filter(({ archived }) => !archived)
              .map(({ owner, name, default_branch }) => ({
                repository: { installation, owner: owner.login, name },
                defaultBranch: default_branch,
              })),
        ),
      );
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

/**
 * Every page, or the first answer that is not one. A full last page allowed means the list is cut: unknown.
 * Headers only of a list with one page: the ETag of one of several says nothing about the others.
 */
async function pages<T>(
  ask: (page: number) => Promise<Answer<readonly T[]>>,
): Promise<Answer<readonly T[]>> {
  const all: T[] = [];
  for (let page = 1; page <= limit.github.pages; page++) {
    const answer = await ask(page);
    if (answer.kind !== "ok") return answer;
    all.push(...answer.data);
    const more = String(answer.headers.link ?? "").includes('rel="next"');
    if (!more) return { ...answer, headers: page === 1 ? answer.headers : {}, data: all };
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
    for (const { id, guid, delivered_at, status_code } of answer.data)
      all.push({
        id,
        guid,
        deliveredAt: Date.parse(delivered_at),
        // docs.github.com/rest/apps/webhooks#list-deliveries-for-an-app-webhook: 200 to 399 is a success.
        failed: status_code < 200 || status_code >= 400,
      });
    const last = all.at(-1);
    const next = /[?&]cursor=([^&>]+)[^>]*>;\s*rel="next"/.exec(String(answer.headers.link ?? ""));
    if (next?.[1] === undefined || last === undefined || last.deliveredAt < since)
      return { kind: "known", value: { attempts: all, cut: false } };
    cursor = decodeURIComponent(next[1]);
  }
  return { kind: "known", value: { attempts: all, cut: true } };
}
