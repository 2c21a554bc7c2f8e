// A commit as GitHub's tarball: gzipped, everything below one folder.
import { gzipSync } from "node:zlib";
import { Header, Pax } from "tar";
import { blobOf, commitOf, type FileMode, filesOf, type GitStore } from "./objects.ts";

const block = 512;

export function tarball(store: GitStore, of: { sha: string; folder: string }): Buffer {
  const mtime = new Date(commitOf(store, of.sha).committer.date);
  const parts = [
    // Git writes the commit's id into a header over the whole archive.
    new Pax({ comment: of.sha }, true).encode(),
    entry({ path: `${of.folder}/`, mode: 0o775, type: "Directory", mtime }),
  ];
  const files = filesOf(store, of.sha);
  const isLeftOut = leavesOut(blobText(store, files.get(".gitattributes")?.sha));
  for (const [path, file] of files) {
    if (isLeftOut(path)) continue;
    const content = blobOf(store, file.sha);
    parts.push(
      file.mode === "120000"
        ? entry({
            path: `${of.folder}/${path}`,
            mode: 0o777,
            type: "SymbolicLink",
            linkpath: content.toString("utf8"),
            mtime,
          })
        : entry({
            path: `${of.folder}/${path}`,
            mode: modes[file.mode],
            type: "File",
            content,
            mtime,
          }),
    );
  }
  parts.push(Buffer.alloc(2 * block));
  return gzipSync(Buffer.concat(parts));
}

/**
 * As `git archive`: what the commit's own attributes say is to be left out. Here a pattern is a path, a folder,
 * or a name anywhere. git-scm.com/docs/gitattributes#_creating_an_archive
 */
function leavesOut(attributes: string): (path: string) => boolean {
  const patterns = attributes.split("\n").flatMap((line) => {
    const [pattern = "", ...words] = line.trim().split(/\s+/);
    return words.includes("export-ignore") ? [pattern.replace(/^\/|\/$/g, "")] : [];
  });
  return (path) =>
    patterns.some((one) =>
      one.includes("/")
        ? path === one || path.startsWith(`${one}/`)
        : path.split("/").includes(one),
    );
}

function blobText(store: GitStore, sha: string | undefined): string {
  return sha === undefined ? "" : blobOf(store, sha).toString("utf8");
}

const modes: Record<FileMode, number> = { "100644": 0o664, "100755": 0o775, "120000": 0o777 };

type Entry = {
  path: string;
  mode: number;
  type: "File" | "Directory" | "SymbolicLink";
  mtime: Date;
  content?: Buffer;
  linkpath?: string;
};

function entry(wanted: Entry): Buffer {
  const { content = Buffer.alloc(0), ...fields } = wanted;
  const header = new Header({ ...fields, size: content.length, uid: 0, gid: 0 });
  const head = Buffer.alloc(block);
  const isTooLong = header.encode(head);
  const { path, linkpath } = fields;
  const long = isTooLong
    ? new Pax({ path, ...(linkpath === undefined ? {} : { linkpath }) })
    : undefined;
  const padding = Buffer.alloc((block - (content.length % block)) % block);
  return Buffer.concat([long?.encode() ?? Buffer.alloc(0), head, content, padding]);
}
