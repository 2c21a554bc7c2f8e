// Files of a commit: one by one, as git objects, and all of them as a tarball.
import { created, failed, invalid, notFound, ok, textField } from "../answer.ts";
import { issueToken } from "../apps.ts";
import { commitVerb } from "../commit.ts";
import type { Repository, World } from "../model.ts";
import { blobOf, commitOf, type FileEntry, type Files, filesOf } from "../objects.ts";
import { nodeId } from "../render/account.ts";
import { renderCommit } from "../render/commit.ts";
import { repositoryUrl } from "../render/repository.ts";
import { resolveCommit } from "../repositories.ts";
import { type Answer, type Call, param, type Route, reads, writes } from "../route.ts";
import { tarball } from "../tarball.ts";

/** Documented: from 1 to 100 MB only the raw media type has the content. */
const inline_bytes_max = 1024 * 1024;
/** Documented: "This API has an upper limit of 1,000 files for a directory". */
const listed_files_max = 1_000;

export const contentRoutes: Route[] = [
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/contents/{path...}",
    access: reads("contents"),
    run: showPath,
  },
  {
    method: "PUT",
    path: "/repos/{owner}/{repo}/contents/{path...}",
    access: writes("contents"),
    run: putFile,
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/git/trees/{tree_sha...}",
    access: reads("contents"),
    run: showTree,
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/git/blobs/{file_sha}",
    access: reads("contents"),
    run(call) {
      const sha = param(call, "file_sha");
      const blob = call.repository.store.blobs.get(sha);
      if (!blob) return notFound();
      return ok({
        sha,
        node_id: nodeId("Blob", sha),
        size: blob.length,
        url: `${repositoryUrl(call.world, call.repository)}/git/blobs/${sha}`,
        content: base64(blob),
        encoding: "base64",
      });
    },
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/tarball/{ref...}",
    access: reads("contents"),
    run: redirectToTarball,
  },
  {
    method: "GET",
    path: "/_codeload/{owner}/{repo}/legacy.tar.gz/{ref...}",
    access: reads("contents"),
    run: sendTarball,
  },
];

function showPath(call: Call): Answer {
  const { repository } = call;
  // Documented: without a ref it is the default branch, which no tag can be taken for.
  const ref = call.query.get("ref") ?? `refs/heads/${repository.defaultBranch}`;
  const sha = resolveCommit(repository, ref);
  if (sha === undefined) return failed(404, `No commit found for the ref ${ref}`);
  const files = filesOf(repository.store, sha);
  const path = param(call, "path").replace(/\/+$/, "");
  const entry = files.get(path);
  // Documented: a link to a file of the repository is followed, and the answer does not say so.
  const target =
    entry?.mode === "120000" ? files.get(targetOf(repository, path, entry)) : undefined;
  if (entry) return showFile(call, { path, entry: target ?? entry, ref });
  const sizeOf = ({ sha: of }: FileEntry) => blobOf(repository.store, of).length;
  const inside = childrenOf(files, path, sizeOf);
  if (inside.length === 0) return notFound();
  return ok(
    inside.slice(0, listed_files_max).map((child) => contentLinks(call, { ...child, ref })),
  );
}

function showFile(call: Call, file: { path: string; entry: FileEntry; ref: string }): Answer {
  const blob = blobOf(call.repository.store, file.entry.sha);
  if (/application\/vnd\.github(\.v3)?\.raw/.test(call.headers.accept ?? ""))
    return {
      status: 200,
      raw: blob,
      headers: { "content-type": "application/vnd.github.raw+json; charset=utf-8" },
    };
  const size = blob.length;
  const common = contentLinks(call, { ...file, kind: "file", sha: file.entry.sha, size });
  if (file.entry.mode === "120000")
    return ok({ ...common, type: "symlink", target: blob.toString("utf8") });
  const inline = size <= inline_bytes_max;
  return ok({
    ...common,
    content: inline ? base64(blob) : "",
    encoding: inline ? "base64" : "none",
  });
}

function targetOf(repository: Repository, path: string, entry: FileEntry): string {
  const link = blobOf(repository.store, entry.sha).toString("utf8");
  return new URL(link, `http://tree/${path}`).pathname.slice(1);
}

type Child = { path: string; kind: "file" | "dir" | "symlink"; sha: string; size: number };

function childrenOf(files: Files, folder: string, sizeOf: (entry: FileEntry) => number): Child[] {
  const prefix = folder === "" ? "" : `${folder}/`;
  const found = new Map<string, Child>();
  for (const [path, entry] of files) {
    if (!path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    const slash = rest.indexOf("/");
    const own = slash < 0 ? path : prefix + rest.slice(0, slash);
    const kind = slash >= 0 ? "dir" : entry.mode === "120000" ? "symlink" : "file";
    found.set(own, { path: own, kind, sha: entry.sha, size: sizeOf(entry) });
  }
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function contentLinks(call: Call, item: Child & { ref: string }) {
  const { world, repository } = call;
  const api = repositoryUrl(world, repository);
  const path = item.path.split("/").map(encodeURIComponent).join("/");
  const self = `${api}/contents/${path}?ref=${encodeURIComponent(item.ref)}`;
  const git = `${api}/git/${item.kind === "dir" ? "trees" : "blobs"}/${item.sha}`;
  const html = `${world.urls.html}/${repository.fullName}/blob/${item.ref}/${path}`;
  return {
    name: item.path.split("/").at(-1) ?? item.path,
    path: item.path,
    sha: item.sha,
    size: item.size,
    url: self,
    html_url: html,
    git_url: git,
    download_url: item.kind === "dir" ? null : html.replace("/blob/", "/raw/"),
    type: item.kind,
    _links: { self, git, html },
  };
}

function putFile(call: Call): Answer {
  const { world, repository, actor } = call;
  const path = param(call, "path");
  const branch = textField(call, "branch") ?? repository.defaultBranch;
  const tip = repository.refs.get(`heads/${branch}`);
  if (tip === undefined) return failed(404, `Branch ${branch} not found`);
  const old = filesOf(repository.store, tip).get(path);
  const given = textField(call, "sha");
  if (old && given === undefined) return failed(422, 'Invalid request.\n\n"sha" wasn\'t supplied.');
  if (old && given !== old.sha) return failed(409, `${path} does not match ${given}`);
  const content = Buffer.from(textField(call, "content") ?? "", "base64");
  const made = commitVerb(world, repository, {
    branch,
    files: { [path]: content },
    message: textField(call, "message") ?? `Update ${path}`,
    actor,
  });
  if (made.kind === "refused") return invalid("Commit", "branch", made.message);
  const entry = filesOf(repository.store, made.sha).get(path);
  if (!entry) throw new Error(`${path} is missing right after it was written`);
  const file = { path, kind: "file" as const, sha: entry.sha, size: content.length, ref: branch };
  const { commit, ...rest } = renderCommit(world, repository, made.sha);
  const body = { content: contentLinks(call, file), commit: { ...rest, ...commit } };
  return old ? ok(body) : created(body);
}

function showTree(call: Call): Answer {
  const { repository, world } = call;
  const name = param(call, "tree_sha");
  const commit = resolveCommit(repository, name);
  const sha = commit === undefined ? name : commitOf(repository.store, commit).tree;
  if (!repository.store.trees.has(sha)) return notFound();
  const recursive = call.query.has("recursive");
  return ok({
    sha,
    url: `${repositoryUrl(world, repository)}/git/trees/${sha}`,
    tree: treeItems(call, { sha, prefix: "", recursive }),
    truncated: false,
  });
}

type TreeAsk = { sha: string; prefix: string; recursive: boolean };

function treeItems(call: Call, ask: TreeAsk): Record<string, unknown>[] {
  const { store } = call.repository;
  const api = repositoryUrl(call.world, call.repository);
  return (store.trees.get(ask.sha) ?? []).flatMap((item) => {
    const path = ask.prefix + item.name;
    const { mode, sha } = item;
    if (mode !== "040000") {
      const size = blobOf(store, sha).length;
      return [{ path, mode, type: "blob", sha, size, url: `${api}/git/blobs/${sha}` }];
    }
    const folder = { path, mode, type: "tree", sha, url: `${api}/git/trees/${sha}` };
    const below = { sha, prefix: `${path}/`, recursive: true };
    return ask.recursive ? [folder, ...treeItems(call, below)] : [folder];
  });
}

function redirectToTarball(call: Call): Answer {
  const { world, repository, actor } = call;
  const ref = param(call, "ref");
  const location = new URL(
    `${world.urls.api}/_codeload/${repository.fullName}/legacy.tar.gz/${encodeURIComponent(ref)}`,
  );
  location.searchParams.set("token", downloadToken(world, call));
  return resolveCommit(repository, ref) === undefined && actor.kind !== "app"
    ? notFound()
    : { status: 302, headers: { location: location.href } };
}

function downloadToken(world: World, call: Call): string {
  const { actor } = call;
  return actor.kind === "installation"
    ? issueToken(world, actor.token).token
    : `user:${actor.account.login}`;
}

function sendTarball(call: Call): Answer {
  const { repository } = call;
  const sha = resolveCommit(repository, param(call, "ref"));
  if (sha === undefined) return notFound();
  const folder = `${repository.owner.login}-${repository.name}-${sha.slice(0, 7)}`;
  return {
    status: 200,
    raw: tarball(repository.store, { sha, folder }),
    headers: {
      "content-type": "application/x-gzip",
      "content-disposition": `attachment; filename=${folder}.tar.gz`,
    },
  };
}

// GitHub breaks base64 into lines.
function base64(blob: Buffer): string {
  return blob.toString("base64").replace(/(.{60})/g, "$1\n");
}
