// Reads the Dockerfile and .dockerignore as far as this project uses their languages, and throws beyond.

import { readFileSync } from "node:fs";
import { cp, mkdir, readdir } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface Stage {
  readonly image: string;
  readonly name: string | null;
  readonly steps: readonly Step[];
}

interface Word {
  readonly value: string;
}
interface Command {
  readonly command: readonly [string, ...string[]];
}
interface Steps {
  readonly workdir: Word;
  readonly user: Word;
  readonly volume: Word;
  readonly expose: Word;
  readonly copy: { readonly from: string | null; readonly paths: readonly string[] };
  readonly run: { readonly command: string };
  readonly env: { readonly values: Readonly<Record<string, string>> };
  readonly cmd: Command;
  readonly healthcheck: Command;
}
export type Step = {
  [Kind in keyof Steps]: { readonly kind: Kind } & Steps[Kind];
}[keyof Steps];

export function readStages(file: string): readonly Stage[] {
  const text = readFileSync(file, "utf8")
    .replaceAll(/^#.*\n/gm, "")
    .replaceAll("\\\n", " ");
  const stages: { image: string; name: string | null; steps: Step[] }[] = [];
  for (const line of text.split("\n").filter((line) => line.trim() !== "")) {
    const [, word = "", rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (word === "FROM") {
      const [image = "", , name = null] = rest.split(/\s+/);
      stages.push({ image, name, steps: [] });
    } else stages.at(-1)?.steps.push(stepOf(word, rest));
  }
  return stages;
}

function stepOf(word: string, rest: string): Step {
  switch (word) {
    case "WORKDIR":
    case "USER":
    case "VOLUME":
    case "EXPOSE":
      return { kind: word.toLowerCase() as "workdir", value: rest };
    case "COPY": {
      const from = /^--from=(\S+)\s+/.exec(rest);
      const paths = rest.slice(from?.[0].length ?? 0).split(/\s+/);
      return { kind: "copy", from: from?.[1] ?? null, paths };
    }
    case "RUN":
      return { kind: "run", command: rest };
    case "ENV":
      return {
        kind: "env",
        values: Object.fromEntries(rest.split(/\s+/).map((pair) => pair.split("=", 2))),
      };
    case "CMD":
      return { kind: "cmd", command: JSON.parse(rest) };
    case "HEALTHCHECK":
      return { kind: "healthcheck", command: JSON.parse(/CMD\s+(.*)$/.exec(rest)?.[1] ?? "") };
    default:
      throw new Error(`The test does not know ${word}`);
  }
}

/** Copies what the build would be sent, and no more. */
export async function copyContext(from: string, to: string): Promise<void> {
  const rules = readFileSync(join(from, ".dockerignore"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => ({ keep: line.startsWith("!"), path: line.replace(/^!/, "") }));
  // The last rule that fits decides; a rule for a folder is one for all in it.
  const kept = (path: string) =>
    rules.findLast((rule) => rule.path === "*" || `${path}/`.startsWith(`${rule.path}/`))?.keep ??
    true;
  const copy = async (folder: string): Promise<void> => {
    for (const entry of await readdir(join(from, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (!kept(path)) continue;
      if (entry.isDirectory()) await copy(path);
      else {
        await mkdir(dirname(join(to, path)), { recursive: true });
        await cp(join(from, path), join(to, path));
      }
    }
  };
  await copy("");
}
