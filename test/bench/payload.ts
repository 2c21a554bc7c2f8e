// The deliveries that the bench sends: GitHub's own examples of an opened pull request, about 21 kB, and of a push.

import { createHmac } from "node:crypto";
import examples from "@octokit/webhooks-examples/api.github.com/index.json" with { type: "json" };

/** A repository with its pull requests, as the embedded GitHub knows them. */
export interface Place {
  readonly owner: string;
  readonly name: string;
  /** What tells them from others of the same name: Interlock keeps aside what contradicts it. */
  readonly id: number;
  readonly ownerId: number;
  readonly defaultBranch: string;
  readonly installation: number;
  readonly pulls: readonly {
    readonly number: number;
    readonly head: string;
    readonly base: { readonly ref: string; readonly sha: string };
    /** Milliseconds since 1970. */
    readonly updatedAt: number;
  }[];
  /** Branches that were pushed, each at one commit. */
  readonly pushes?: readonly { readonly branch: string; readonly sha: string }[];
}

export interface Signed {
  readonly event: "pull_request" | "push";
  readonly body: Buffer;
  readonly signature: string;
}

export const secret = "a secret of the bench";

/** One body for each pull request and each push; a delivery differs from the next of the same one by its GUID. */
export function signedBodies({ pulls, pushes = [], ...place }: Place): readonly Signed[] {
  const { owner, name, id, ownerId, defaultBranch, installation } = place;
  const repositoryLike = (example: object & { readonly owner: object }) => ({
    ...example,
    id,
    name,
    full_name: `${owner}/${name}`,
    owner: { ...example.owner, login: owner, id: ownerId },
    default_branch: defaultBranch,
  });
  const around = (example: Example) => ({
    ...example,
    repository: repositoryLike(example.repository),
    installation: { id: installation },
  });
  const { head: headExample, base: baseExample } = opened.pull_request;
  return [
    ...pulls.map(({ number, head, base, updatedAt }) =>
      signed("pull_request", {
        ...around(opened),
        number,
        pull_request: {
          ...opened.pull_request,
          number,
          // GitHub's times are in whole seconds.
          updated_at: new Date(updatedAt - (updatedAt % 1_000)).toISOString(),
          head: { ...headExample, sha: head, repo: repositoryLike(headExample.repo) },
          base: { ...baseExample, ...base, repo: repositoryLike(baseExample.repo) },
        },
      }),
    ),
    ...pushes.map(({ branch, sha }) =>
      signed("push", {
        ...around(pushed),
        ref: `refs/heads/${branch}`,
        before: "0".repeat(40),
        after: sha,
        deleted: false,
      }),
    ),
  ];
}

function signed(event: Signed["event"], payload: object): Signed {
  const body = Buffer.from(JSON.stringify(payload));
  return {
    event,
    body,
    signature: `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  };
}

interface Example {
  readonly repository: { readonly owner: object };
}

interface SideExample {
  readonly repo: { readonly owner: object };
}

interface OpenedExample extends Example {
  readonly action: string;
  readonly pull_request: { readonly head: SideExample; readonly base: SideExample };
}

const opened = exampleOf<OpenedExample>("pull_request", ({ action }) => action === "opened");
const pushed = exampleOf<Example>("push", () => true);

function exampleOf<T extends Example>(event: string, which: (example: T) => boolean): T {
  const events = examples as readonly { name: string; examples: readonly object[] }[];
  const all = events.find(({ name }) => name === event)?.examples as readonly T[] | undefined;
  const found = all?.find(which);
  if (found === undefined) throw new Error(`The examples have no such ${event}`);
  return found;
}
