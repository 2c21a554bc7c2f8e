// A plan that came into a branch through a gate: from then on it counts there by itself.

import type { Facts } from "../core/fact.ts";
import type { Leased } from "../port.ts";
import type { Ports } from "./work.ts";

/**
 * A plan that a pull request brought into a branch other than the default one counts there by itself
 * from now on, where the gate had passed on that head for that branch. Subjects to be looked at again.
 */
export async function noteGated(
  { github, store }: Ports,
  row: Leased,
  facts: Facts,
): Promise<readonly string[]> {
  if (!("pull" in facts) || facts.pull.kind !== "known") return [];
  const { merged, base, head, defaultBranch } = facts.pull.value;
  const { verdict, verdictSha } = row;
  const passed = verdict === "success" && verdictSha === head.sha && row.base === base.ref;
  const isRefused = facts.siblings.some((one) => one.verdict !== null && one.verdict !== "success");
  if (!merged || base.ref === defaultBranch || !passed || isRefused) return [];
  const { repository } = facts.subject;
  const plan = await github.proposedPlan(repository, head.sha);
  if (plan.kind !== "read" || (await store.gatedPlan(repository, base.ref)) === plan.blob)
    return [];
  await store.recordGatedPlan(row, repository, base.ref, plan.blob);
  const open = await store.openSubjects(repository);
  return open
    .filter((one) => one.subject.kind === "pull" && one.base === base.ref)
    .map(({ key }) => key);
}
