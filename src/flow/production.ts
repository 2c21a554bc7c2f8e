// What is asked right before something about production is done: what a rollback brings back, and who wrote it.

import { decide } from "../core/decide/decide.ts";
import type { RollbackWanted } from "../core/model/effect.ts";
import type { Facts, RollbackTarget } from "../core/model/fact.ts";
import { authorsOfApproved, authorsOfBroughtBack } from "./authors.ts";
import type { Ports } from "./ports.ts";

/** The facts with what the rollbacks and approvals need that are about to begin. */
export async function withProduction(ports: Ports, facts: Facts): Promise<Facts> {
  const asked = decide(facts);
  // What nothing is known for yet is told of all that may be done, so that there will be no more.
  if (asked.rollbacks.length === 0 && asked.approvals.length === 0)
    return { ...facts, targets: [], authors: [] };
  const begins = asked.rollbacks.filter(({ key }) => isNew(facts, key));
  const targets = await Promise.all(begins.map((wanted) => targetOf(ports, facts, wanted)));
  const aimed = { ...facts, targets };
  const { approvals } = decide(aimed);
  const all = [...facts.executions, ...facts.releases];
  const authors = await Promise.all([
    ...approvals.flatMap((approval) =>
      all
        .filter(({ key }) => key === approval.execution)
        .map((execution) => authorsOfApproved(ports, facts, { ...approval, execution })),
    ),
    ...targets.flatMap(({ key, reading }) =>
      reading.kind !== "known"
        ? []
        : begins
            .filter((wanted) => wanted.key === key)
            .map((wanted) => authorsOfBroughtBack(ports, facts, { ...wanted, sha: reading.value })),
    ),
  ]);
  return { ...aimed, authors };
}

/** What is to be done, which throws where nobody asked; what is in the ledger was asked about when it began. */
export function mustBeAsked<T extends { readonly key: string }>(facts: Facts, wanted: T): T {
  if (facts.authors === undefined && isNew(facts, wanted.key))
    throw new Error(`${wanted.key} would be done though nobody asked who wrote what goes out`);
  return wanted;
}

function isNew({ rollbacks }: Facts, key: string): boolean {
  return !rollbacks.some((one) => one.key === key);
}

async function targetOf(
  { engines }: Ports,
  { subject }: Facts,
  { key, spec, stage, from, to, among }: RollbackWanted,
): Promise<RollbackTarget> {
  const engine = engines.get(spec.engine);
  // What it brings back, and who wrote that, has to be known before.
  if (engine?.target === undefined) {
    const why = `The engine ${spec.engine} does not say beforehand what it would bring back.`;
    return { key, reading: { kind: "refused", why } };
  }
  const { repository } = subject;
  const chosen = await engine.target({ spec, repository, stage, from, to, among, key });
  switch (chosen.kind) {
    case "chosen":
      return { key, reading: { kind: "known", value: chosen.sha } };
    case "refused":
      return { key, reading: { kind: "refused", why: chosen.why } };
    case "failed":
      return { key, reading: { kind: "unknown", why: chosen.why } };
  }
}
