// The engines that the sandbox can be told on.

import type { KitOrder } from "./basics.ts";
import { codePipelinePlan, openCodePipelineKit } from "./codepipeline.ts";
import type { EngineName, Kit } from "./kit.ts";
import { localPlan, openLocalKit } from "./local.ts";

interface Maker {
  /** `.github/interlock.yml` of the sample service. */
  readonly plan: string;
  readonly open: (order: KitOrder) => Promise<Kit>;
}

export const kits: Readonly<Record<EngineName, Maker>> = {
  local: { plan: localPlan, open: async () => openLocalKit() },
  codepipeline: { plan: codePipelinePlan, open: openCodePipelineKit },
};
