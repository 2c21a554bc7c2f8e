// Reads what the ledger says is there already, and who else speaks about the commit.

import { sharesGate } from "../core/decide/sibling.ts";
import type { Present } from "../core/diff.ts";
import type { CheckPresent } from "../core/model/effect.ts";
import type { PullFacts } from "../core/model/fact.ts";
import { gateNameOf } from "../core/render/checks.ts";
import type { SubjectRow } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

/** The ledger, without what other subjects of the same commits write: they bring that up to date. */
export async function readPresent(
  ports: Ports,
  row: SubjectRow,
  head: string | null,
): Promise<{
  readonly present: Present;
  readonly facts: Pick<PullFacts, "siblings" | "gateOwner" | "successors">;
}> {
  const { repository } = row.subject;
  const { store } = ports;
  const [here, left, answers, siblings] = await Promise.all([
    head === null ? [] : store.checks(repository, [head]),
    store.openChecks(row.key, head ?? ""),
    store.answers(row.key),
    head === null ? [] : store.siblings(row.key, repository, head),
  ]);
  const others = new Map([[head, siblings]]);
  // Where it spoke before, the others' words alone count from now on.
  const spoken = row.verdictSha === null ? [] : [row.verdictSha];
  for (const sha of [...left.map((check) => check.sha), ...spoken])
    if (!others.has(sha)) others.set(sha, await store.siblings(row.key, repository, sha));
  const successors = [...others].flatMap(([sha, found]) => {
    const successor = found.find((one) => sharesGate(row.subject, one));
    return sha === null || successor === undefined ? [] : [[sha, successor.key] as const];
  });
  const elsewhere = [...others].flatMap(([sha, found]) => (sha === head ? [] : found));
  const mine = ({ content }: CheckPresent) =>
    content.externalId === row.key ||
    !siblings.some(({ key }) => key === content.externalId && key < row.key);
  const gate = here.find(({ name }) => name === gateNameOf(row.subject));
  return {
    facts: {
      siblings,
      gateOwner: gate?.content.externalId ?? null,
      successors: [...new Set(elsewhere.map(({ key }) => key))],
    },
    present: {
      subject: row.key,
      checks: here,
      leftover: left,
      answers,
      successors: Object.fromEntries(successors),
      elsewhere: here.filter((check) => !mine(check)).map(({ name }) => name),
    },
  };
}
