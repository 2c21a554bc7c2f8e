// The plans that the simulation's repository has had, one after another, on either branch.

import { planText } from "../world/plan.ts";

const exempt = { exempt: ["docs/**"] };
const release = { branches: ["release"], verify: ["audit"], release: ["roll"] };

/** Plans for the two branches. The first one is there from the start. */
export const plans: readonly (string | null)[] = [
  planText(
    { shop: { paths: ["src/**"], release: ["ship"] }, side: { paths: ["side/**"] }, release },
    exempt,
  ),
  planText(
    {
      shop: { paths: ["src/**"], verify: ["build", "test", "scan"], release: ["ship"] },
      side: { paths: ["side/**"], verify: ["lint"] },
      release,
    },
    exempt,
  ),
  planText({ shop: { release: ["pack", "ship"] }, release }),
  "pipelines: 7\n",
  null,
];
