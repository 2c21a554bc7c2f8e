// The shape of each answer of GitHub, as far as it is read. Where a body breaks off or comes from somebody
// else, octokit hands out what there is as a string, without an error: such an answer is none.

import { z } from "zod";

/**
 * octokit reads a number beyond 2^53 as a BigInt. Ids that may be that large stay text from the body to the
 * path; where any other id is that large, the answer is not understood rather than rounded.
 */
const anyId = z.union([z.int(), z.bigint()]).transform(String);
const id = z.int();
const sha = z.string().regex(/^[0-9a-f]{40}$/);
const login = z.object({ login: z.string() });

/** What a write gave or found. */
export const written = z.object({ id }).transform((data) => data.id);

/** GitHub has nothing to say but the status. */
export const accepted = z.unknown().transform(() => null);

export const pull = z.object({
  number: z.int(),
  state: z.enum(["open", "closed"]),
  merged: z.boolean(),
  draft: z.boolean().optional(),
  user: login.nullish(),
  head: z.object({ sha, ref: z.string(), repo: z.object({ full_name: z.string() }).nullable() }),
  base: z.object({
    ref: z.string(),
    repo: z.object({
      id: id.optional().catch(undefined),
      full_name: z.string(),
      default_branch: z.string(),
    }),
  }),
  changed_files: z.int(),
  updated_at: z.iso.datetime({ offset: true }),
});

/** The folder of a commit, or of a folder in it. */
export const tree = z.object({
  tree: z.array(z.object({ path: z.string() })),
  truncated: z.boolean(),
});

export const wholeTree = z.object({
  tree: z.array(z.object({ path: z.string(), mode: z.string(), sha: z.string() })),
  truncated: z.boolean(),
});

export const repository = z.object({ private: z.boolean(), visibility: z.string().optional() });

export const identity = z.object({
  id,
  name: z.string(),
  owner: login.extend({ id }),
  default_branch: z.string(),
});

export const pulls = z.array(
  z.object({
    number: z.int(),
    head: z.object({ sha }),
    base: z.object({ ref: z.string() }),
  }),
);

const file = z.object({
  filename: z.string(),
  previous_filename: z.string().optional(),
  status: z.string(),
  contents_url: z.string(),
});

export const files = z.array(file);

export const comparison = z.object({
  status: z.enum(["ahead", "behind", "diverged", "identical"]),
  files: z.array(file.pick({ filename: true, previous_filename: true })).optional(),
  merge_base_commit: z.object({ sha }),
  total_commits: z.int(),
  commits: z.array(z.object({ sha, parents: z.array(z.object({ sha })) })),
});

export const ref = z.object({ object: z.object({ sha }) });

export const pullsOfCommit = z.array(
  z.object({
    user: login.nullish(),
    head: z.object({ sha }),
    merge_commit_sha: z.string().nullish(),
  }),
);

/** Null, or empty, where no account has the address. */
const writer = z.object({ login: z.string().optional() }).nullish();

export const commit = z.object({
  sha,
  author: writer,
  committer: writer,
  parents: z.array(z.object({ sha })),
});

export type Commit = z.infer<typeof commit>;

export const commits = z.object({ total_commits: z.int(), commits: z.array(commit) });

export const branches = z.array(z.object({ name: z.string(), commit: z.object({ sha }) }));

export const repositories = z.object({
  total_count: z.int().optional(),
  repositories: z.array(
    z.object({
      owner: login.extend({ id: anyId }),
      name: z.string(),
      archived: z.boolean(),
      id: anyId,
      default_branch: z.string(),
    }),
  ),
});

export const installations = z.array(z.object({ id, suspended_at: z.string().nullable() }));

export const deliveries = z.array(
  z.object({
    id: anyId,
    guid: z.string(),
    delivered_at: z.iso.datetime({ offset: true }),
    status_code: z.int(),
    event: z.string(),
    repository_id: anyId.nullable(),
  }),
);

/** `user.permissions` and `role_name` are missing on old servers. docs.github.com/rest/collaborators/collaborators */
export const permission = z.object({
  permission: z.string(),
  role_name: z.string().optional(),
  user: z
    .object({
      permissions: z
        .object({
          admin: z.boolean(),
          maintain: z.boolean().optional(),
          push: z.boolean(),
          triage: z.boolean().optional(),
          pull: z.boolean(),
        })
        .optional(),
    })
    .nullish(),
});

export const checkRuns = z.object({
  check_runs: z.array(
    z.object({
      id,
      name: z.string(),
      head_sha: sha,
      app: z.object({ id }).nullish(),
      output: z.object({ annotations_count: z.int() }),
    }),
  ),
});

/** One run, as far as it is read back. */
export const checkRun = z.object({
  id,
  name: z.string(),
  head_sha: sha,
  status: z.string(),
  conclusion: z.string().nullable(),
  completed_at: z.string().nullable(),
  app: z.object({ id }).nullish(),
});

/** One comment, as far as it is read back. */
export const comment = z.object({
  id,
  user: login.extend({ type: z.string() }).nullable(),
  body: z.string().nullish(),
  created_at: z.string(),
  updated_at: z.string(),
  issue_url: z.string(),
});

export type Comment = z.output<typeof comment>;

export const comments = z.array(
  z.object({
    id,
    body: z.string().nullish(),
    performed_via_github_app: z.object({ id }).nullish(),
  }),
);

/** A list where the path is a folder, one entry where it is anything else. */
const entry = z.object({
  name: z.string(),
  type: z.string(),
  sha,
  size: z.int(),
  download_url: z.string().nullish(),
});
export const contents = z.union([z.array(entry), entry]);

export const blob = z.object({
  sha,
  size: z.int(),
  encoding: z.enum(["base64", "utf-8"]),
  content: z.string(),
});

export const archive = z.instanceof(ReadableStream<Uint8Array>);

/** The token of an installation; octokit asks for it by itself. */
export const token = z.object({
  token: z.string().min(1),
  expires_at: z.iso.datetime({ offset: true }),
});
