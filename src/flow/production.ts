// What is asked right before something about production is done: what a rollback brings back, and who wrote it.

import { decide } from "../core/decide.ts";
import type { RollbackWanted } from "../core/effect.ts";
import type { AuthorsOf, Execution, Facts, RollbackTarget } from "../core/fact.ts";
import type { Ports } from "./work.ts";

/** The facts with what the rollbacks and approvals need that are about to begin; as they are where there are none. */
export async function withProduction(ports: Ports, facts: Facts): Promise<Facts> {
  const begins = decide(facts).rollbacks.filter(({ key }) => isNew(facts, key));
  const targets = await Promise.all(begins.map((wanted) => targetOf(ports, facts, wanted)));
  const found = targets.filter((target) => target !== null);
  const aimed = found.length === 0 ? facts : { ...facts, targets: found };
  const { approvals } = decide(aimed);
  const all = [...facts.executions, ...facts.releases];
  const approved = approvals.flatMap(({ execution }) => all.filter(({ key }) => key === execution));
  const back = found.flatMap(({ reading }) => (reading.kind === "known" ? [reading.value] : []));
  if (approved.length === 0 && back.length === 0) return aimed;
  const authors = await Promise.all([
    ...approved.map((execution) => authorsOf(ports, facts, { execution })),
    ...back.map((sha) => authorsOf(ports, facts, { sha })),
  ]);
  return { ...aimed, authors };
}

function isNew({ rollbacks }: Facts, key: string): boolean {
  return !rollbacks.some((one) => one.key === key);
}

/** Null where the engine chooses only as it acts. */
async function targetOf(
  { engines }: Ports,
  { subject }: Facts,
  { key, spec, stage, from, to, among }: RollbackWanted,
): Promise<RollbackTarget | null> {
  const engine = engines.get(spec.engine);
  if (engine?.target === undefined) return null;
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

/** Of an execution all that it brings since the release before it, or since the base. */
async function authorsOf(
  { github }: Ports,
  facts: Facts,
  of: { readonly execution: Execution } | { readonly sha: string },
): Promise<AuthorsOf> {
  const { repository } = facts.subject;
  const sha = "sha" in of ? of.sha : of.execution.sha;
  const since = "sha" in of ? null : sinceOf(facts, of.execution);
  return { sha, reading: await github.authors(repository, sha, since) };
}

function sinceOf(facts: Facts, execution: Execution): string | null {
  if (execution.part === "verify")
    return "pull" in facts && facts.pull.kind === "known"
      ? `refs/heads/${facts.pull.value.base.ref}`
      : null;
  // Newest first.
  const before = facts.releases.find(
    ({ pipeline, createdAt, sha }) =>
      pipeline === execution.pipeline && createdAt < execution.createdAt && sha !== execution.sha,
  );
  return before?.sha ?? null;
}
