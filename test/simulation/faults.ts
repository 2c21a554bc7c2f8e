// What goes wrong in a seed: each has some of the faults, and some have none.

import type { World } from "../world/world.ts";
import type { Mishaps } from "./program.ts";
import type { Dice } from "./random.ts";

export function breakThings(world: World, dice: Dice): Mishaps {
  const { faults } = world.github;
  const some = (likely: number, arm: (chance: number) => void) => {
    if (dice.chance(likely)) arm(0.02 + dice.next() * 0.15);
  };
  // A command that GitHub never sends is not known to anybody, so those are not lost.
  for (const event of ["pull_request", "push"])
    some(0.4, (chance) => faults.onWebhook({ event, chance, fault: { kind: "lost" } }));
  for (const kind of ["failed", "doubled", "unanswered", "reordered"] as const)
    some(0.4, (chance) => faults.onWebhook({ chance, fault: { kind } }));
  some(0.4, (chance) =>
    faults.onWebhook({ chance, fault: { kind: "delayed", ms: dice.below(90_000) } }),
  );
  some(0.5, (chance) => faults.onRequest({ chance, fault: { kind: "error", status: 502 } }));
  some(0.5, (chance) => faults.onRequest({ chance, fault: { kind: "lateError", status: 500 } }));
  some(0.5, (chance) => faults.onRequest({ chance, fault: { kind: "answerLost" } }));
  some(0.2, (chance) =>
    faults.onRequest({
      chance: chance / 3,
      fault: { kind: "secondaryLimit", retryAfterSeconds: 1 + dice.below(60) },
    }),
  );
  some(0.4, () =>
    faults.onRequest({ method: "GET", fault: { kind: "unseen", ms: dice.below(20_000) } }),
  );
  some(0.5, (chance) => breakEngine(world, dice, chance));
  some(0.3, (chance) => {
    world.losesNotice = () => dice.chance(chance);
  });
  const mishaps: Mishaps = { dies: 0, storeFails: 0, meanwhile: 0 };
  some(0.7, (chance) => {
    mishaps.dies = chance / 2;
  });
  some(0.3, (chance) => {
    mishaps.storeFails = chance / 20;
  });
  some(0.7, (chance) => {
    mishaps.meanwhile = chance / 2;
  });
  return mishaps;
}

function breakEngine(world: World, dice: Dice, chance: number): void {
  world.engine.chance = (method) => {
    if (!dice.chance(chance)) return null;
    if (method === "stop") return dice.pick(["answer_lost", "failed", "refused", "late"]) ?? null;
    // A refusal is final, so it is rare.
    if (method === "start" && dice.chance(0.1)) return "refused";
    return dice.pick(["answer_lost", "failed"]) ?? null;
  };
}

export function mendThings(world: World, mishaps: Mishaps): void {
  world.github.faults.stop();
  world.engine.chance = () => null;
  world.losesNotice = () => false;
  Object.assign(mishaps, { dies: 0, storeFails: 0, meanwhile: 0 });
}
