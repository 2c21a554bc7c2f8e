// Transitions between stages: closed and opened by people.
import type { World } from "../model.ts";
import { current } from "./executions.ts";
import type { Pipeline } from "./model.ts";
import { pump } from "./progress.ts";

export function setTransition(
  world: World,
  pipeline: Pipeline,
  wanted: {
    stage: string;
    side: "Inbound" | "Outbound";
    to: { kind: "disabled"; reason: string } | { kind: "enabled" };
    by: string;
  },
): void {
  const { stages } = current(pipeline);
  const at = stages.findIndex((s) => s.name === wanted.stage);
  // The way out of a stage is the way into the next one.
  const target = stages[wanted.side === "Inbound" ? at : at + 1];
  if (!target) return;
  pipeline.transitions.set(target.name, {
    enabled: wanted.to.kind === "enabled",
    reason: wanted.to.kind === "disabled" ? wanted.to.reason : undefined,
    changedBy: wanted.by,
    changedAt: world.clock.now(),
  });
  pump(world, pipeline);
}
