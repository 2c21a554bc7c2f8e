// Commits and files: git's own ids, contents, comparisons, lists of files, tarballs.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { extract } from "tar";
import { expect, test } from "vitest";
import { smallWorld } from "./world.ts";

test("objects have the ids that git gives them", () => {
  const { shop, clock } = smallWorld();
  shop.commit({
    branch: "main",
    files: { "a/b": "x\n", "a.b": "y\n", a0: "z\n", run: { executable: "#!/bin/sh\n" } },
    message: "Try the order of names",
    author: "boss",
  });
  const ours = shop.data.store.commits.get(shop.tip());
  const folder = mkdtempSync(join(tmpdir(), "git-"));
  const git = (args: string[], input = "", env = {}) =>
    execFileSync("git", args, { cwd: folder, input, env: { ...process.env, ...env } })
      .toString()
      .trim();
  try {
    git(["init", "--quiet"]);
    for (const blob of shop.data.store.blobs.values()) {
      writeFileSync(join(folder, "blob"), blob);
      git(["hash-object", "-w", "blob"]);
    }
    const rows = [...(shop.data.store.files.get(ours?.tree ?? "") ?? [])];
    const index = rows.map(([path, f]) => `${f.mode} ${f.sha}\t${path}\n`).join("");
    git(["update-index", "--add", "--index-info"], index);
    const tree = git(["write-tree"]);
    expect(ours?.tree).toBe(tree);
    const date = `${Math.floor(clock.now() / 1000)} +0000`;
    const who = { name: "boss", email: ours?.author.email ?? "" };
    const text = [
      `tree ${tree}`,
      `parent ${ours?.parents[0]}`,
      `author ${who.name} <${who.email}> ${date}`,
      `committer ${who.name} <${who.email}> ${date}`,
      "",
      "Try the order of names",
    ].join("\n");
    const commit = git(["hash-object", "-t", "commit", "--stdin", "--literally"], text);
    expect(ours?.sha).toBe(commit);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("one seed and one clock give one history", () => {
  const scenario = (seed: number) => {
    const { github, shop } = smallWorld({ seed });
    const sha = shop.commit({ branch: "feature", files: { a: "1" } });
    return { sha, guid: github.world.random.guid() };
  };
  expect(scenario(7)).toEqual(scenario(7));
  expect(scenario(7).guid).not.toBe(scenario(8).guid);
});

test("contents come in base64 up to 1 MB, and only raw beyond", async () => {
  const { shop, asInstallation, where } = smallWorld();
  const megabyte = 1024 * 1024;
  const files = { small: "s".repeat(megabyte), "big.txt": "b".repeat(megabyte + 1) };
  const ref = shop.commit({ branch: "main", files });
  const get = (path: string, format?: string) =>
    asInstallation.rest.repos.getContent({
      ...where,
      path,
      ref,
      ...(format ? { mediaType: { format } } : {}),
    });
  const small = (await get("small")).data as { content: string; encoding: string };
  expect(Buffer.from(small.content, "base64").toString()).toBe(files.small);
  expect((await get("big.txt")).data).toMatchObject({ content: "", encoding: "none" });
  const raw = (await get("big.txt", "raw")).data as unknown as string;
  expect(raw === files["big.txt"]).toBe(true);
  await expect(get("missing")).rejects.toMatchObject({ status: 404 });
  expect((await get("src")).data).toMatchObject([{ path: "src/a.js", type: "file" }]);
  await expect(
    asInstallation.rest.repos.getContent({ ...where, path: "small", ref: "no-such-ref" }),
  ).rejects.toMatchObject({ status: 404 });
});

test("a comparison starts at the merge base and counts both sides", async () => {
  const { shop, asInstallation, where } = smallWorld();
  const base = shop.tip();
  shop.commit({ branch: "feature", files: { "src/a.js": "one\ntwo\n3\nfour\n" } });
  shop.commit({ branch: "feature", files: { "moved.md": "# shop\n", "README.md": null } });
  shop.commit({ branch: "main", files: { other: "o" } });
  const { data } = await asInstallation.rest.repos.compareCommitsWithBasehead({
    ...where,
    basehead: "main...feature",
  });
  expect(data).toMatchObject({
    status: "diverged",
    ahead_by: 2,
    behind_by: 1,
    merge_base_commit: { sha: base },
    files: [
      { filename: "moved.md", status: "renamed", previous_filename: "README.md", changes: 0 },
      { filename: "src/a.js", status: "modified", additions: 2, deletions: 1 },
    ],
  });
  expect(data.files?.[1]?.patch).toBe("@@ -1,3 +1,4 @@\n one\n two\n-three\n+3\n+four");
});

test("a comparison has 300 files at most, a pull request 3,000, in pages", async () => {
  const { shop, asInstallation, where } = smallWorld();
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`f/${i}`, String(i)]));
  shop.commit({ branch: "feature", files: many(3_001) });
  const pull = shop.openPull({ head: "feature" });
  const compared = await asInstallation.rest.repos.compareCommitsWithBasehead({
    ...where,
    basehead: "main...feature",
  });
  expect(compared.data.files).toHaveLength(300);
  const { pulls } = asInstallation.rest;
  const onPull = { ...where, pull_number: pull.number };
  const files = await asInstallation.paginate(pulls.listFiles, { ...onPull, per_page: 100 });
  expect(files).toHaveLength(3_000);
  expect((await pulls.get(onPull)).data.changed_files).toBe(3_001);
  expect((await pulls.listFiles({ ...onPull, per_page: 500 })).data).toHaveLength(100);
});

test("names of branches with slashes work everywhere", async () => {
  const { shop, asInstallation, where, problems } = smallWorld();
  const sha = shop.commit({ branch: "fix/a/b", files: { a: "1" } });
  const { repos, git, checks } = asInstallation.rest;
  expect((await repos.getBranch({ ...where, branch: "fix/a/b" })).data.commit.sha).toBe(sha);
  expect((await repos.getCommit({ ...where, ref: "fix/a/b" })).data.sha).toBe(sha);
  expect((await git.getRef({ ...where, ref: "heads/fix/a/b" })).data.object.sha).toBe(sha);
  expect((await checks.listForRef({ ...where, ref: "fix/a/b" })).data.total_count).toBe(0);
  const basehead = "main...fix/a/b";
  expect((await repos.compareCommitsWithBasehead({ ...where, basehead })).data.ahead_by).toBe(1);
  expect(problems).toEqual([]);
});

test("a tarball has the commit below one folder, and is one request", async () => {
  const { github, shop, asInstallation, where } = smallWorld();
  const ref = shop.commit({
    branch: "main",
    files: {
      [`deep/${"d".repeat(90)}/${"e".repeat(60)}.txt`]: "deep\n",
      [`${"n".repeat(140)}.txt`]: "long\n",
      "run.sh": { executable: "#!/bin/sh\n" },
      link: { link: "README.md" },
    },
  });
  github.log.clear();
  const { data } = await asInstallation.rest.repos.downloadTarballArchive({ ...where, ref });
  const folder = mkdtempSync(join(tmpdir(), "tarball-"));
  try {
    writeFileSync(join(folder, "t.tgz"), Buffer.from(data as ArrayBuffer));
    await extract({ cwd: folder, file: join(folder, "t.tgz") });
    const root = join(folder, `acme-shop-${ref.slice(0, 7)}`);
    const read = (path: string) => readFileSync(join(root, path), "utf8");
    expect(read("README.md")).toBe("# shop\n");
    expect(read(`deep/${"d".repeat(90)}/${"e".repeat(60)}.txt`)).toBe("deep\n");
    expect(read(`${"n".repeat(140)}.txt`)).toBe("long\n");
    expect(statSync(join(root, "run.sh")).mode & 0o111).not.toBe(0);
    expect(readlinkSync(join(root, "link"))).toBe("README.md");
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(github.log.byRoute()).toEqual({ "GET /repos/{owner}/{repo}/tarball/{ref}": 1 });
});
