// The plans that the simulation's repository has had, one after another, on either branch.

import { planText } from "../world/plan.ts";
import type { WrittenPlan } from "./rules.ts";
import type { Switch } from "./switches.ts";

const exempt = { exempt: ["docs/**"] };
const release = { branches: ["release"], verify: ["audit"], release: ["roll"] };

/** Plans for the two branches. The first one is there from the start. */
export function plansFor(switches: ReadonlySet<Switch>): readonly (string | null)[] {
  return switches.has("production") ? plans.map(onPipelines) : plans;
}

export const topic = "arn:aws:sns:eu-west-1:111122223333:releases";

/** The same with releases on CodePipeline, of which somebody is told. */
function onPipelines(plan: string | null): string | null {
  if (plan === null || !plan.startsWith("{")) return plan;
  const { pipelines, ...rest } = JSON.parse(plan) as WrittenPlan;
  const moved = Object.entries(pipelines).map(([name, { release: part, ...pipeline }]) => {
    if (part === undefined) return [name, pipeline];
    const stages = [{ name: "OneBox" }, { name: "Production" }];
    const place = { engine: "codepipeline", pipeline: `${name}-release`, region: "eu-west-1" };
    return [name, { ...pipeline, release: { ...place, stages } }];
  });
  const on = ["started", "failed", "recovered", "halted", "rolled_back", "bypass"];
  const notify = [{ sns: topic, on }];
  return JSON.stringify({ ...rest, notify, pipelines: Object.fromEntries(moved) }, null, 2);
}

const plans: readonly (string | null)[] = [
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
