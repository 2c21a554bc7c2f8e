// How people name a pull request or a landed commit on the command line.

import type { SubjectName } from "../ports/inquiry.ts";

export const subjectForms =
  "OWNER/NAME#12 for a pull request, or OWNER/NAME@SHA:BRANCH for a landed commit";

/** Null where it is neither form, nor the address of a pull request or commit at GitHub. */
export function readSubjectName(text: string): SubjectName | null {
  const owner = String.raw`(?<owner>[A-Za-z\d][\w-]*)`;
  const repository = String.raw`(?:pull:|commit:)?${owner}/(?<name>[\w.-]+?)`;
  const page = String.raw`https?://[^/\s]+/${owner}/(?<name>[\w.-]+)`;
  const sha = String.raw`(?<sha>[\da-fA-F]{7,40})`;
  for (const form of [
    String.raw`${repository}#(?<number>[1-9]\d{0,9})`,
    String.raw`${repository}@${sha}(?::(?<branch>\S+))?`,
    String.raw`${page}/pull/(?<number>[1-9]\d{0,9})(?:[/?#]\S*)?`,
    String.raw`${page}/commit/${sha}(?:[/?#]\S*)?`,
  ]) {
    const groups = new RegExp(`^${form}$`).exec(text.trim())?.groups;
    if (groups === undefined) continue;
    const named = { owner: groups.owner ?? "", name: groups.name ?? "" };
    if (groups.number !== undefined)
      return { kind: "pull", ...named, number: Number(groups.number) };
    const branch = groups.branch ?? null;
    return { kind: "commit", ...named, sha: (groups.sha ?? "").toLowerCase(), branch };
  }
  return null;
}
