// Reads pull requests, plans, files and permissions as facts. What is cut short says so.

import type { Repository } from "../core/event.ts";
import type { Comparison, Files, Known, PlanReading, Pull } from "../core/fact.ts";
import { limit } from "../core/limit.ts";
import { type PlanParse, planPath, type Role, roles } from "../core/plan.ts";
import { parsePlan } from "../core/plan-parse.ts";
import type { GitHub, Read } from "../port.ts";
import type { Answer, Client } from "./client.ts";
import type { Readings } from "./reading.ts";

type Reads = Pick<GitHub, "pull" | "pullFiles" | "plan" | "compare" | "role" | "tarball">;

export function openReads({ client, readings }: { client: Client; readings: Readings }): Reads {
  const parsed = new Map<string, PlanParse>();

  return {
    async pull(repository, number, since) {
      const answer = await readings<Pull>({
        key: `pull|${slug(repository)}|${number}`,
        keep: "fresh",
        since,
        ask: async (headers) =>
          mapped(
            await client.read(repository.installation, (octokit) =>
              octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
                ...place(repository),
                pull_number: number,
                headers,
              }),
            ),
            (data): Pull => ({
              number: data.number,
              state: data.state === "open" ? "open" : "closed",
              merged: data.merged,
              draft: data.draft ?? false,
              author: data.user?.login ?? "ghost",
              head: { sha: data.head.sha, ref: data.head.ref },
              base: { ref: data.base.ref },
              defaultBranch: data.base.repo.default_branch,
              fork: data.head.repo?.full_name !== data.base.repo.full_name,
              changedFiles: data.changed_files,
            }),
          ),
      });
      return readOf(answer);
    },

    async pullFiles(repository, pull) {
      if (pull.changedFiles > limit.github.pull_files)
        return {
          kind: "cut",
          why: `it changes ${pull.changedFiles} files, and GitHub lists ${limit.github.pull_files}`,
        };
      const answer = await readings<readonly string[]>({
        // What a change brings is counted from its base, which can be moved back.
        key: `files|${slug(repository)}|${pull.number}|${pull.head.sha}|${pull.base.ref}|${pull.changedFiles}`,
        keep: "forever",
        ask: async () =>
          pull.changedFiles < limit.github.compare_files
            ? await comparedFiles(client, repository, pull)
            : await allFiles(client, repository, pull),
      });
      return filesOf(answer);
    },

    async plan(repository, ref, since) {
      const fixed = ref !== null && /^[0-9a-f]{40}$/.test(ref);
      const answer = await readings<PlanFile>({
        key: `plan|${slug(repository)}|${ref ?? ""}`,
        keep: fixed ? "forever" : "fresh",
        since,
        ask: async (headers) => {
          const answer = mapped(
            await client.read(repository.installation, (octokit) =>
              octokit.request("GET /repos/{owner}/{repo}/contents/{path}", {
                ...place(repository),
                path: planPath,
                ...(ref === null ? {} : { ref }),
                headers,
              }),
            ),
            planFile,
          );
          // Absence is a reading too, and kept like one: most repositories have no plan.
          return answer.kind === "absent" ? { kind: "ok", data: null, headers: {} } : answer;
        },
      });
      if (answer.kind !== "ok") return unknown(answer);
      return planOf(answer.data, parsed);
    },

    async compare(repository, base, head) {
      const answer = await readings<Compared>({
        key: `compare|${slug(repository)}|${base}|${head}`,
        keep: "forever",
        ask: async () =>
          mapped(
            await client.read(repository.installation, (octokit) =>
              octokit.request("GET /repos/{owner}/{repo}/compare/{basehead}", {
                ...place(repository),
                basehead: `${base}...${head}`,
              }),
            ),
            (data): Compared => ({
              relation: data.status,
              paths: namesOf(data.files ?? []),
              count: data.files?.length ?? 0,
            }),
          ),
      });
      if (answer.kind === "absent")
        return {
          kind: "known",
          value: {
            relation: "diverged",
            files: { kind: "cut", why: `${base.slice(0, 7)} is no longer there to compare with` },
          },
        };
      if (answer.kind !== "ok") return unknown(answer);
      const { relation, paths, count } = answer.data;
      const files: Files =
        count >= limit.github.compare_files
          ? {
              kind: "cut",
              why: `GitHub lists at most ${limit.github.compare_files} files of a comparison`,
            }
          : { kind: "known", value: paths };
      return { kind: "known", value: { relation, files } };
    },

    async role(repository, login) {
      const answer = await client.read(repository.installation, (octokit) =>
        octokit.request("GET /repos/{owner}/{repo}/collaborators/{username}/permission", {
          ...place(repository),
          username: login,
        }),
      );
      if (answer.kind === "absent") return { kind: "known", value: "none" };
      if (answer.kind !== "ok") return unknown(answer);
      return { kind: "known", value: roleOf(answer.data.role_name, answer.data.permission) };
    },

    async tarball(repository, sha) {
      const answer = await client.read(repository.installation, (octokit) =>
        octokit.request("GET /repos/{owner}/{repo}/tarball/{ref}", {
          ...place(repository),
          ref: sha,
          request: { parseSuccessResponseBody: false },
        }),
      );
      if (answer.kind === "absent") return { kind: "unknown", why: "GitHub does not have it." };
      if (answer.kind !== "ok") return unknown(answer);
      return { kind: "known", value: answer.data as ReadableStream<Uint8Array> };
    },
  };
}

/**
 * The list of a pull request's files is of whatever head it has at the moment, and a push there and
 * back would leave the paths of one commit with another. A comparison names the commit.
 */
async function comparedFiles(
  client: Client,
  repository: Repository,
  pull: Pull,
): Promise<Answer<readonly string[]>> {
  const answer = await client.read(repository.installation, (octokit) =>
    octokit.request("GET /repos/{owner}/{repo}/compare/{basehead}", {
      ...place(repository),
      basehead: `${pull.base.ref}...${pull.head.sha}`,
    }),
  );
  if (answer.kind !== "ok") return answer;
  const files = answer.data.files ?? [];
  return whole(pull, files.length, namesOf(files));
}

/** Of a change too large to compare; every entry has to be of the head itself. */
async function allFiles(
  client: Client,
  repository: Repository,
  pull: Pull,
): Promise<Answer<readonly string[]>> {
  const names: string[] = [];
  let count = 0;
  for (let page = 1; page <= limit.github.pull_files / 100; page++) {
    const answer = await client.read(repository.installation, (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/pulls/{pull_number}/files", {
        ...place(repository),
        pull_number: pull.number,
        per_page: 100,
        page,
      }),
    );
    if (answer.kind !== "ok") return answer;
    // What the change removes has no contents at the head, and says nothing of it.
    const strange = answer.data.some(
      ({ status, contents_url }) =>
        status !== "removed" && !contents_url.endsWith(`?ref=${pull.head.sha}`),
    );
    if (strange) return { kind: "failed", why: "GitHub listed the files of another head" };
    count += answer.data.length;
    names.push(...namesOf(answer.data));
    if (answer.data.length < 100 || count >= pull.changedFiles) break;
  }
  return whole(pull, count, names);
}

/** The paths and the pull request are two readings: where they disagree, one of them is stale. */
function whole(pull: Pull, count: number, names: readonly string[]): Answer<readonly string[]> {
  if (count !== pull.changedFiles)
    return {
      kind: "failed",
      why: `GitHub listed ${count} of ${pull.changedFiles} changed files`,
    };
  return { kind: "ok", data: names, headers: {} };
}

/** A rename touches both its paths. */
function namesOf(
  files: readonly { readonly filename: string; readonly previous_filename?: string }[],
): readonly string[] {
  return files.flatMap(({ filename, previous_filename }) =>
    previous_filename === undefined ? [filename] : [filename, previous_filename],
  );
}

interface Compared {
  readonly relation: Comparison["relation"];
  readonly paths: readonly string[];
  readonly count: number;
}

/** Null where there is no plan; without text where the file cannot be one. */
type PlanFile =
  | { readonly blob: string; readonly text: string }
  | { readonly blob: string; readonly wrong: string }
  | null;

function planFile(data: unknown): PlanFile {
  const file = data as {
    type?: string;
    sha?: string;
    size?: number;
    content?: string;
    encoding?: string;
  };
  const blob = file.sha ?? "";
  if (Array.isArray(data) || file.type !== "file")
    return { blob, wrong: `${planPath} is not a file. Put the plan there as a plain file.` };
  if (file.encoding !== "base64" || file.content === undefined)
    return {
      blob,
      wrong: `The plan has ${file.size ?? "too many"} bytes; at most ${limit.plan.bytes} are read.`,
    };
  return { blob, text: Buffer.from(file.content, "base64").toString("utf8") };
}

/** The same blob parses the same, so it is parsed once. */
function planOf(file: PlanFile, parsed: Map<string, PlanParse>): PlanReading {
  if (file === null) return { kind: "absent" };
  const { blob } = file;
  if ("wrong" in file)
    return {
      kind: "read",
      blob,
      parse: {
        kind: "invalid",
        problems: [{ line: 1, column: 1, path: "", message: file.wrong }],
      },
    };
  let parse = parsed.get(blob);
  if (parse === undefined) {
    parse = parsePlan(file.text);
    if (parsed.size >= limit.github.parsed_plans) parsed.clear();
    parsed.set(blob, parse);
  }
  return { kind: "read", blob, parse };
}

/** A custom role counts as the built-in permission that GitHub says it amounts to. */
function roleOf(name: string | undefined, permission: string): Role | "none" {
  return roles.find((role) => role === name) ?? roles.find((role) => role === permission) ?? "none";
}

function filesOf(answer: Exclude<Answer<readonly string[]>, { kind: "unchanged" }>): Files {
  if (answer.kind === "ok") return { kind: "known", value: answer.data };
  return unknown(answer);
}

function readOf<T>(answer: Exclude<Answer<T>, { kind: "unchanged" }>): Read<T> {
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
