// What a branch has dropped by force is to be out of production where the gate of what stands there now is open.

import type { World } from "../world/world.ts";
import { old_ms } from "./judge.ts";
import type { Oracle } from "./oracle.ts";
import { productionOf } from "./production.ts";
import { route } from "./rules.ts";

/** Only of the default branch, by its plan; what people took out or brought back themselves is their own. */
export function auditUndone({ world, truth }: { world: World; truth: Oracle }): void {
  const { past } = truth;
  const branch = "main";
  const sha = past.landing(branch, old_ms);
  const isOther = past.defaults.ever("default", (name) => name !== branch);
  if (sha === null || isOther || past.wasAway || productionOf(world).started.length > 0) return;
  const plan = past.plan(sha);
  if (plan === null || plan === "broken" || truth.gate(sha)?.conclusion !== "success") return;
  for (const [pipeline, { branches, release }] of Object.entries(plan.pipelines)) {
    if (release === undefined || !branches.includes(branch)) continue;
    const there = past.lastReleased(pipeline);
    // What was released by itself before says so when its branch comes back to it.
    const isOwn =
      there === null ||
      there === sha ||
      past.hasPassed({ pipeline, part: "release", sha }, release);
    if (isOwn || past.carries(sha, there)) continue;
    const files = past.diff(there, sha);
    const routed = files.length === 0 ? [] : route(plan, branch, files);
    if (typeof routed !== "string" && routed.some(([name]) => name === pipeline))
      truth.problems.push(
        `${sha.slice(0, 7)} is green though ${pipeline} still has ${there.slice(0, 7)}, which ${branch} has dropped: ${files}`,
      );
  }
}
