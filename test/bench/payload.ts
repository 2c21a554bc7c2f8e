// The delivery that the bench sends: GitHub's own example of an opened pull request, about 21 kB.

import { createHmac } from "node:crypto";
import examples from "@octokit/webhooks-examples/api.github.com/index.json" with { type: "json" };

/** A repository with its pull requests, as the embedded GitHub knows them. */
export interface Place {
  readonly owner: string;
  readonly name: string;
  readonly installation: number;
  readonly pulls: readonly { readonly number: number; readonly head: string }[];
}

export interface Signed {
  readonly body: Buffer;
  readonly signature: string;
}

export const secret = "a secret of the bench";

/** One body for each pull request; a delivery differs from the next of the same one by its GUID. */
export function signedBodies(place: Place): readonly Signed[] {
  const { owner, name, installation } = place;
  return place.pulls.map(({ number, head }) => {
    const body = Buffer.from(
      JSON.stringify({
        ...example,
        number,
        pull_request: {
          ...example.pull_request,
          number,
          head: { ...example.pull_request.head, sha: head },
        },
        repository: {
          ...example.repository,
          name,
          full_name: `${owner}/${name}`,
          owner: { ...example.repository.owner, login: owner },
        },
        installation: { id: installation },
      }),
    );
    return {
      body,
      signature: `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    };
  });
}

interface Example {
  readonly action: string;
  readonly pull_request: { readonly head: object };
  readonly repository: { readonly owner: object };
}

const example = opened();

function opened(): Example {
  const events = examples as readonly { name: string; examples: readonly object[] }[];
  const event = events.find(({ name }) => name === "pull_request");
  const found = (event?.examples as readonly Example[] | undefined)?.find(
    ({ action }) => action === "opened",
  );
  if (found === undefined) throw new Error("The examples have no opened pull request");
  return found;
}
