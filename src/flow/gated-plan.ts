// A plan that came into a branch through a gate: from then on it counts there by itself.

import type { Facts, Pull } from "../core/model/fact.ts";
import { planPath } from "../core/model/plan.ts";
import type { Leased } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

/**
 * A plan that a pull request brought into a branch other than the default one counts there by itself
 * from now on, where the gate had passed on that head for that branch. Subjects to be looked at again.
 */
export async function noteGated(
  { store }: Ports,
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
  const blob = broughtBy((await store.snapshot(row.key))?.facts, facts.pull.value);
  if (blob === null || (await store.gatedPlan(repository, base.ref)) === blob) return [];
  await store.recordGatedPlan(row, repository, base.ref, blob);
  const open = await store.openSubjects(repository);
  return open
    .filter((one) => one.subject.kind === "pull" && one.base === base.ref)
    .map(({ key }) => key);
}

/**
 * The blob of the plan that the pull request itself changed, by what it was judged by while it was open. A
 * head can also hold a plan that was on the branch before it, which no gate has seen. Null where it changed none.
 */
function broughtBy(last: Facts | undefined, { head, base }: Pull): string | null {
  if (last === undefined || !("pull" in last) || last.pull.kind !== "known") return null;
  const { pull, files, plan, proposed } = last;
  if (pull.value.head.sha !== head.sha || pull.value.base.ref !== base.ref) return null;
  if (files.kind !== "known" || !files.value.includes(planPath)) return null;
  if (plan.kind !== "read" || proposed?.kind !== "read") return null;
  return plan.blob === proposed.blob ? null : proposed.blob;
}
