// The bytes of a file of a commit, which are what the name of their blob says.

import { createHash } from "node:crypto";
import type { Repository } from "../core/model/event.ts";
import type { Answer, Client } from "./client.ts";
import { place } from "./read.ts";
import * as shapes from "./shape.ts";

/** Up to 100 MB. docs.github.com/rest/git/blobs#get-a-blob */
export async function readBlob(
  client: Client,
  repository: Repository,
  sha: string,
): Promise<Answer<Buffer>> {
  const answer = await client.read(
    repository.installation,
    (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", {
        ...place(repository),
        file_sha: sha,
      }),
    shapes.blob,
  );
  if (answer.kind !== "ok") return answer;
  const { content, encoding } = answer.data;
  const bytes = Buffer.from(content, encoding);
  const header = `blob ${bytes.length}\0`;
  if (createHash("sha1").update(header).update(bytes).digest("hex") !== sha)
    return { kind: "failed", why: "GitHub's blob has another content than its name says" };
  // The ETag is of no use: a SHA names its content for ever.
  return { kind: "ok", data: bytes, headers: {} };
}
