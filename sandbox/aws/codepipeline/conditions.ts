// Judges the conditions of a stage: at its entry, after its success, after its failure.
import type { World } from "../model.ts";
import type {
  ActionStatus,
  ConditionRun,
  ConditionStatus,
  Slot,
  StageRun,
  Verdict,
} from "./model.ts";

/** What the condition in that slot says; without a condition it holds. */
export function judge(world: World, run: StageRun, slot: Slot): Verdict {
  const declaration = run.declaration[slot]?.conditions?.[0];
  if (!declaration) return "holds";
  const before = run.conditions[slot];
  if (before?.status === "Overridden") return "holds";
  const verdict = run.execution.pipeline.verdicts.get(`${run.declaration.name}/${slot}`) ?? "holds";
  const now = world.clock.now();
  const condition: ConditionRun = before ?? {
    slot,
    declaration,
    status: "InProgress",
    changedAt: now,
    rules: (declaration.rules ?? []).map((rule) => ({
      id: world.random.guid(),
      declaration: rule,
      status: "InProgress",
      startedAt: now,
      updatedAt: now,
    })),
  };
  run.conditions[slot] = condition;
  setCondition(world, condition, conditionStatus[verdict], ruleStatus[verdict]);
  return verdict;
}

/** Somebody with the permission says that the condition does not matter. */
export function overrideCondition(world: World, condition: ConditionRun): void {
  setCondition(world, condition, "Overridden", "Abandoned");
}

function setCondition(
  world: World,
  condition: ConditionRun,
  status: ConditionStatus,
  rules: ActionStatus,
): void {
  condition.status = status;
  condition.changedAt = world.clock.now();
  for (const rule of condition.rules) {
    // A rule that has had its say keeps it.
    if (status === "Overridden" && rule.status !== "InProgress") continue;
    rule.status = rules;
    rule.updatedAt = world.clock.now();
  }
}

const conditionStatus = { holds: "Succeeded", fails: "Failed", waits: "InProgress" } as const;
const ruleStatus = { holds: "Succeeded", fails: "Failed", waits: "InProgress" } as const;
