// Reads plans: where the plan lies at a ref, and the blob that is there, which is known by its content.

import type { Repository } from "../core/model/event.ts";
import type { PlanReading } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import { type PlanParse, planPath } from "../core/model/plan.ts";
import type { GitHub } from "../ports/github.ts";
import { readBlob } from "./blob.ts";
import type { Answer, Client } from "./client.ts";
import type { PlanReader } from "./plan-reader.ts";
import { mapped, place, slug, unknown } from "./read.ts";
import { misfit, type Readings } from "./reading.ts";
import * as shapes from "./shape.ts";

type Plans = Pick<GitHub, "plan" | "proposedPlan" | "defaultPlan">;

const [folder = "", name = ""] = planPath.split("/");

/** What lies at the plan's place: `absent`, a `file` to be read, or something that cannot be a plan. */
type Found =
  | { readonly kind: "absent" }
  | { readonly kind: "file"; readonly blob: string }
  | { readonly kind: "wrong"; readonly blob: string; readonly why: string };

/**
 * The folder is listed, and the file is read by its SHA: asked for by its path, GitHub follows a symlink
 * and does not say so, and what is exempt could then change the plan.
 * docs.github.com/rest/repos/contents#get-repository-content
 */
export function openPlans(with_: {
  readonly client: Client;
  readonly readings: Readings;
  readonly reader: PlanReader;
}): Plans {
  const { client, readings, reader } = with_;
  const parsed = new Map<string, PlanParse>();

  return {
    plan: async (repository, sha) =>
      await read(repository, await foundAt(repository, sha), "in_force"),
    proposedPlan: async (repository, sha) =>
      await read(repository, await foundAt(repository, sha), "proposed"),
    async defaultPlan(repository, since) {
      const found = await readings<Found>({
        key: `plan-at|${slug(repository)}|`,
        keep: "fresh",
        since,
        ask: async (headers) => {
          const answer = await askFolder(client, repository, { ref: null, headers });
          // Absence is a reading too, and kept like one: most repositories have no plan.
          return answer.kind === "absent" ? nothingThere : answer;
        },
      });
      return await read(repository, found, "in_force");
    },
  };

  async function foundAt(repository: Repository, sha: string): Promise<Answer<Found>> {
    return await readings<Found>({
      key: `plan-in|${slug(repository)}|${sha}`,
      keep: "forever",
      of: repository.id,
      ask: async (headers) => {
        const answer = await askFolder(client, repository, { ref: sha, headers });
        return answer.kind === "absent" ? await askWhole(client, repository, sha) : answer;
      },
    });
  }

  async function read(
    repository: Repository,
    found: Answer<Found>,
    as: "in_force" | "proposed",
  ): Promise<PlanReading> {
    if (found.kind !== "ok") return unknown(found);
    if (found.data.kind === "absent") return found.data;
    const { blob } = found.data;
    if (found.data.kind === "wrong") return wrong(blob, found.data.why);

    const known = parsed.get(blob);
    if (known !== undefined) {
      // What is in use stays, however many others are proposed.
      keep(blob, known);
      return { kind: "read", blob, parse: known };
    }
    const text = await readings<string | null>({
      key: `blob|${slug(repository)}|${blob}`,
      keep: "forever",
      of: repository.id,
      ask: async () => await readText(client, repository, blob),
    });
    if (text.kind !== "ok") return unknown(text);
    if (text.data === null)
      return wrong(blob, "The plan is not text in UTF-8. Save it in that encoding.");
    const { installation } = repository;
    const isProposed = as === "proposed";
    const parse = await reader.parse({ text: text.data, installation, isProposed });
    if (parse.kind === "failed") return { kind: "unknown", why: `It ${parse.why}.` };
    keep(blob, parse.value);
    return { kind: "read", blob, parse: parse.value };
  }

  /** The same blob parses the same, so it is parsed once. */
  function keep(blob: string, parse: PlanParse): void {
    parsed.delete(blob);
    parsed.set(blob, parse);
    if (parsed.size <= limit.github.parsed_plans) return;
    const [oldest] = parsed.keys();
    if (oldest !== undefined) parsed.delete(oldest);
  }
}

const nothingThere = { kind: "ok", data: { kind: "absent" }, headers: {} } as const;

async function askFolder(
  client: Client,
  repository: Repository,
  { ref, headers }: { readonly ref: string | null; readonly headers: Record<string, string> },
): Promise<Answer<Found>> {
  return mapped(
    await client.read(
      repository.installation,
      (octokit) =>
        octokit.request("GET /repos/{owner}/{repo}/contents/{path}", {
          ...place(repository),
          path: folder,
          ...(ref !== null && { ref }),
          headers,
        }),
      shapes.contents,
    ),
    foundIn,
  );
}

/**
 * Whether the commit has the folder. GitHub says 404 of a folder that is not there and of a commit that it
 * does not show yet alike; only the list of all that the commit has is proof that it has no plan.
 */
async function askWhole(
  client: Client,
  repository: Repository,
  sha: string,
): Promise<Answer<Found>> {
  const answer = await client.read(
    repository.installation,
    (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", {
        ...place(repository),
        tree_sha: sha,
      }),
    shapes.tree,
  );
  if (answer.kind !== "ok") return answer;
  const { tree, truncated } = answer.data;
  if (!truncated && !tree.some(({ path }) => path === folder)) return nothingThere;
  return { kind: "refused", status: misfit, why: "GitHub does not show yet what the commit has" };
}

function foundIn(data: ReturnType<typeof shapes.contents.parse>): Found {
  if (!Array.isArray(data)) {
    if (data.type === "file") return { kind: "absent" };
    return {
      kind: "wrong",
      blob: data.sha,
      why: `${folder} is not a folder. Make it a plain one.`,
    };
  }
  const entry = data.find((one) => one.name === name);
  if (entry === undefined) {
    if (data.length < limit.github.listed_files) return { kind: "absent" };
    const why = `${folder} has more than ${limit.github.listed_files} entries, and GitHub lists no more of them.`;
    return { kind: "wrong", blob: "", why };
  }
  const { sha: blob, type, size, download_url } = entry;
  // GitHub lists a submodule as a file, without anything to download.
  if (type !== "file" || download_url === null)
    return {
      kind: "wrong",
      blob,
      why: `${planPath} is not a file. Put the plan there as a plain file.`,
    };
  if (size > limit.plan.bytes)
    return {
      kind: "wrong",
      blob,
      why: `The plan has ${size} bytes; at most ${limit.plan.bytes} are read.`,
    };
  return { kind: "file", blob };
}

/** The text of a blob, or null where it is not UTF-8. */
async function readText(
  client: Client,
  repository: Repository,
  sha: string,
): Promise<Answer<string | null>> {
  return mapped(await readBlob(client, repository, sha), decoded);
}

function decoded(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function wrong(blob: string, message: string): PlanReading {
  const problem = { line: 1, column: 1, path: "", message };
  return { kind: "read", blob, parse: { kind: "invalid", problems: [problem] } };
}
