// Reads pull requests, permissions and archives of commits.

import type { z } from "zod";
import type { Repository } from "../core/model/event.ts";
import type { Known, Pull } from "../core/model/fact.ts";
import { roles } from "../core/model/plan.ts";
import { outdated, pullOutdated, type ShownPull } from "../core/model/told.ts";
import type { GitHub, Read } from "../ports/github.ts";
import type { Answer, Client } from "./client.ts";
import { misfit, type Readings } from "./reading.ts";
import * as shapes from "./shape.ts";

type Reads = Pick<GitHub, "pull" | "role" | "isPrivate" | "identity" | "tarball">;

export function openReads({ client, readings }: { client: Client; readings: Readings }): Reads {
  return {
    async pull(repository, number, { since, bound, now }) {
      const answer = await readings<Shown>({
        key: `shown|${slug(repository)}|${number}`,
        keep: "fresh",
        since,
        refuses: ({ shown }, earlier) =>
          pullOutdated(shown, bound, now) ??
          (earlier !== null && shown.updatedAt < earlier.shown.updatedAt ? outdated : null),
        ask: async (headers) => {
          const read = await client.read(
            repository.installation,
            (octokit) =>
              octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
                ...place(repository),
                pull_number: number,
                headers,
              }),
            shapes.pull,
          );
          const base = read.kind === "ok" ? read.data.base.repo : null;
          if (base?.id !== undefined && repository.id !== undefined && base.id !== repository.id)
            return { kind: "failed", why: "GitHub answered for another repository of the name" };
          return mapped(read, (data) => shownOf(data, repository));
        },
      });
      return readOf(answer.kind === "ok" ? { ...answer, data: answer.data.pull } : answer);
    },

    async isPrivate(repository) {
      const answer = await readings<boolean>({
        key: `private|${slug(repository)}`,
        keep: "fresh",
        ask: async (headers) =>
          mapped(
            await client.read(
              repository.installation,
              (octokit) =>
                octokit.request("GET /repos/{owner}/{repo}", { ...place(repository), headers }),
              shapes.repository,
            ),
            // An internal one is private too, and read by its enterprise alone.
            (data) => data.private && data.visibility !== "public",
          ),
      });
      return answer.kind === "ok" && answer.data;
    },

    async identity(repository) {
      const { installation } = repository;
      const answer = await readings<Repository>({
        key: `identity|${slug(repository)}`,
        keep: "checked",
        ask: async (headers) =>
          mapped(
            await client.read(
              installation,
              (octokit) =>
                octokit.request("GET /repos/{owner}/{repo}", { ...place(repository), headers }),
              shapes.identity,
            ),
            ({ id, name, owner, default_branch }): Repository => ({
              installation,
              owner: owner.login,
              name,
              id,
              ownerId: owner.id,
              defaultBranch: default_branch,
            }),
          ),
      });
      return readOf(answer);
    },

    async role(repository, login) {
      const answer = await client.read(
        repository.installation,
        (octokit) =>
          octokit.request("GET /repos/{owner}/{repo}/collaborators/{username}/permission", {
            ...place(repository),
            username: login,
          }),
        shapes.permission,
      );
      if (answer.kind === "absent") return { kind: "known", value: "none" };
      if (answer.kind !== "ok") return unknown(answer);
      return roleOf(answer.data);
    },

    async tarball(repository, sha) {
      const answer = await client.read(
        repository.installation,
        (octokit) =>
          octokit.request("GET /repos/{owner}/{repo}/tarball/{ref}", {
            ...place(repository),
            ref: sha,
            request: { parseSuccessResponseBody: false },
          }),
        shapes.archive,
      );
      if (answer.kind === "limited") return answer;
      if (answer.kind === "absent") return { kind: "unknown", why: "GitHub does not have it." };
      if (answer.kind !== "ok") return unknown(answer);
      return { kind: "known", value: answer.data };
    },
  };
}

interface Shown {
  readonly pull: Pull;
  readonly shown: ShownPull;
}

function shownOf(data: z.infer<typeof shapes.pull>, repository: Repository): Shown {
  const { number, state, merged, changed_files: changedFiles } = data;
  const pull = {
    number,
    state,
    merged,
    draft: data.draft ?? false,
    author: data.user?.login ?? "ghost",
    head: { sha: data.head.sha, ref: data.head.ref },
    base: { ref: data.base.ref },
    defaultBranch: data.base.repo.default_branch,
    fork: data.head.repo?.full_name !== data.base.repo.full_name,
    changedFiles,
    // A request by an earlier name is answered too.
    ...(data.base.repo.id !== undefined &&
      data.base.repo.full_name === slug(repository) && { repository: data.base.repo.id }),
  };
  const updatedAt = Date.parse(data.updated_at);
  return { pull, shown: { updatedAt, head: pull.head.sha, base: pull.base.ref, state } };
}

/**
 * A custom role counts as the built-in one that it is based on. Old servers name no role, and say of
 * `maintain` and `triage` only what they are worth. A word that nobody knows is no permission and no refusal.
 * docs.github.com/rest/collaborators/collaborators#get-repository-permissions-for-a-user
 */
function roleOf({ role_name, permission, user }: z.infer<typeof shapes.permission>) {
  const named = roles.find((role) => role === role_name);
  if (named !== undefined) return { kind: "known", value: named } as const;
  const may = user?.permissions;
  if (may?.admin) return { kind: "known", value: "admin" } as const;
  if (may?.maintain) return { kind: "known", value: "maintain" } as const;
  if (may?.push) return { kind: "known", value: "write" } as const;
  if (may?.triage) return { kind: "known", value: "triage" } as const;
  const base = [...roles, "none" as const].find((role) => role === permission);
  if (base !== undefined) return { kind: "known", value: base } as const;
  return { kind: "unknown", why: "GitHub names a permission that is not known." } as const;
}

export function readOf<T>(answer: Exclude<Answer<T>, { kind: "unchanged" }>): Read<T> {
  if (answer.kind === "ok") return { kind: "known", value: answer.data };
  if (answer.kind === "absent") return answer;
  return unknown(answer);
}

export function unknown(
  answer: Exclude<Answer<unknown>, { kind: "ok" }>,
): Extract<Known<never>, { kind: "unknown" }> {
  switch (answer.kind) {
    case "limited":
      return {
        kind: "unknown",
        why: `GitHub's rate limit lasts until ${new Date(answer.until).toISOString()}.`,
      };
    case "absent":
      return { kind: "unknown", why: "GitHub does not show it." };
    case "unchanged":
      return { kind: "unknown", why: "GitHub did not send it." };
    case "refused":
      if (answer.status === misfit) return { kind: "unknown", why: `${answer.why}.` };
      return { kind: "unknown", why: `GitHub refused with ${answer.status}.` };
    case "failed":
      return { kind: "unknown", why: "GitHub did not answer." };
  }
}

export function mapped<A, B>(answer: Answer<A>, map: (data: A) => B): Answer<B> {
  return answer.kind === "ok" ? { ...answer, data: map(answer.data) } : answer;
}

export function place(repository: Repository): { owner: string; repo: string } {
  return { owner: repository.owner, repo: repository.name };
}

export function slug(repository: Repository): string {
  return `${repository.owner}/${repository.name}`;
}

/**
 * Whether a list goes on after the page that came with these headers. A page can be shorter than what was
 * asked for, so its length says nothing. docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api
 */
export function hasMore(headers: Readonly<Record<string, unknown>>): boolean {
  return String(headers.link ?? "").includes('rel="next"');
}
