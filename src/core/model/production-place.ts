// Which releases meet in production: they go one after the other, in the order of the commits, whatever the plan calls their pipelines.

import type { Part, Plan } from "./plan.ts";

/** Where a release of a pipeline takes effect. */
export interface ProductionPlace {
  /** As the plan called it then. */
  readonly pipeline: string;
  /**
   * What the engine calls it: of AWS the account, the region and the pipeline. The local engine has no name of
   * its own for what its commands change, so that it is `local`.
   */
  readonly at: string;
}

export function productionPlace(pipeline: string, spec: Part): ProductionPlace {
  if (spec.engine === "local") return { pipeline, at: spec.engine };
  // The account is in the role's ARN; null is Interlock's own.
  const account = spec.role?.split(":")[4] ?? "";
  return { pipeline, at: `${spec.engine} ${account} ${spec.region} ${spec.pipeline}` };
}

export function isSamePlace(one: ProductionPlace, other: ProductionPlace): boolean {
  return one.pipeline === other.pipeline || (one.at === other.at && one.at !== "local");
}

/**
 * Whether another release on this machine may be of the same production under another name: a plan that has no
 * pipeline of that name can be from before or after a rename.
 */
export function mayBeRenamed(own: ProductionPlace, other: ProductionPlace, plan: Plan): boolean {
  if (own.at !== "local" || other.at !== "local") return false;
  return !plan.pipelines.some(({ name }) => name === other.pipeline);
}
