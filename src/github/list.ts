// Reads what the sweep compares with: open pull requests, branch tips, installations and deliveries.

import type { Repository } from "../core/event.ts";
import type { Known } from "../core/fact.ts";
import { limit } from "../core/limit.ts";
import type { FailedDeliveries, GitHub, HookDelivery, OpenPull, Read } from "../port.ts";
import type { Answer, Client } from "./client.ts";
import { mapped, place, slug, unknown } from "./read.ts";
import type { Readings } from "./reading.ts";

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
              await client.read(repository.installation, (octokit) =>
                octokit.request("GET /repos/{owner}/{repo}/pulls", {
                  ...place(repository),
                  state: "open",
                  sort: "updated",
                  direction: "desc",
                  per_page: 100,
                  page,
                  headers: page === 1 ? headers : {},
                }),
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
              await client.read(repository.installation, (octokit) =>
                octokit.request("GET /repos/{owner}/{repo}/branches", {
                  ...place(repository),
                  per_page: 100,
                  page,
                  headers: page === 1 ? headers : {},
                }),
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
          await client.read(installation, (octokit) =>
            octokit.request("GET /installation/repositories", { per_page: 100, page }),
          ),
          (data) =>
            data.repositories.map(
              ({ owner, name }): Repository => ({ installation, owner: owner.login, name }),
            ),
        ),
      );
      return answer.kind === "ok" ? { kind: "known", value: answer.data } : unknown(answer);
    },

    async installations() {
      const answer = await pages(async (page) =>
        mapped(
          await client.read(null, (octokit) =>
            octokit.request("GET /app/installations", { per_page: 100, page }),
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

/** Pages by cursor, newest first, until they are older than asked for. */
async function failedSince(client: Client, since: number): Promise<Known<FailedDeliveries>> {
  const all: HookDelivery[] = [];
  let cursor: string | undefined;
  let cut = true;
  for (let page = 1; page <= limit.sweep.delivery_pages; page++) {
    const answer = await client.read(null, (octokit) =>
      octokit.request("GET /app/hook/deliveries", {
        status: "failure",
        per_page: 100,
        ...(cursor === undefined ? {} : { cursor }),
      }),
    );
    if (answer.kind !== "ok") return unknown(answer);
    for (const one of answer.data)
      all.push({
        id: Number(one.id),
        guid: one.guid,
        deliveredAt: Date.parse(one.delivered_at),
      });
    const last = all.at(-1);
    const next = /[?&]cursor=([^&>]+)[^>]*>;\s*rel="next"/.exec(String(answer.headers.link ?? ""));
    if (next?.[1] === undefined || last === undefined || last.deliveredAt < since) {
      cut = false;
      break;
    }
    cursor = decodeURIComponent(next[1]);
  }
  const attempts = all.filter(({ deliveredAt }) => deliveredAt >= since);
  return { kind: "known", value: { attempts, cut } };
}

function readOf<T>(answer: Exclude<Answer<T>, { kind: "unchanged" }>): Read<T> {
  if (answer.kind === "ok") return { kind: "known", value: answer.data };
  if (answer.kind === "absent") return answer;
  return unknown(answer);
}
