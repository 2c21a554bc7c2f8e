// What goes wrong in a seed: each has some of the faults, and some have none.

import type { World } from "../world/world.ts";
import { calm, type Mishaps } from "./program.ts";
import type { Random } from "./random.ts";
import type { Switch } from "./switches.ts";

/** How old an answer of GitHub may be at most. */
export const stale_ms = 25_000;

/** The dice for how long a page is. */
const pages = 7;

export function breakThings(world: World, random: Random, switches: ReadonlySet<Switch>): Mishaps {
  const { faults } = world.github;
  const some = (likely: number, arm: (chance: number) => void) => {
    if (random.chance(likely)) arm(0.02 + random.next() * 0.15);
  };
  // A command that GitHub never sends is not known to anybody, so those are not lost.
  for (const event of ["pull_request", "push"])
    some(0.4, (chance) => faults.onWebhook({ event, chance, fault: { kind: "lost" } }));
  for (const kind of ["failed", "doubled", "unanswered", "reordered"] as const)
    some(0.4, (chance) => faults.onWebhook({ chance, fault: { kind } }));
  some(0.4, (chance) =>
    faults.onWebhook({ chance, fault: { kind: "delayed", ms: random.below(90_000) } }),
  );
  some(0.5, (chance) => faults.onRequest({ chance, fault: { kind: "error", status: 502 } }));
  some(0.5, (chance) => faults.onRequest({ chance, fault: { kind: "lateError", status: 500 } }));
  some(0.5, (chance) => faults.onRequest({ chance, fault: { kind: "answerLost" } }));
  some(0.2, (chance) =>
    faults.onRequest({
      chance: chance / 3,
      fault: { kind: "secondaryLimit", retryAfterSeconds: 1 + random.below(60) },
    }),
  );
  some(0.4, () =>
    faults.onRequest({ method: "GET", fault: { kind: "unseen", ms: random.below(20_000) } }),
  );
  some(0.5, (chance) => breakEngine(world, random, chance));
  some(0.3, (chance) => {
    world.losesNotice = () => random.chance(chance);
  });
  const mishaps: Mishaps = { ...calm };
  if (switches.has("pages")) world.github.world.pageSize = 4 + random.fork(pages).below(5);
  some(0.7, (chance) => {
    mishaps.dies = chance / 2;
  });
  some(0.3, (chance) => {
    mishaps.storeFails = chance / 20;
  });
  some(0.7, (chance) => {
    mishaps.meanwhile = chance / 2;
  });
  // Each with dice of its own, so that to leave one out changes nothing about the others.
  const may = (name: Switch, arm: (own: Random, chance: number) => void) => {
    const own = random.fork(name.length * 31 + name.charCodeAt(0));
    const [isArmed, chance] = [own.chance(0.6), 0.02 + own.next() * 0.15];
    if (switches.has(name) && isArmed) arm(own, chance);
  };
  may("fencing", (_, chance) => {
    mishaps.losesLease = chance / 8;
  });
  may("production", (_, chance) => {
    mishaps.losesMail = chance;
  });
  may("clocks", (_, chance) => {
    mishaps.setsClock = chance;
  });
  may("engineOff", (_, chance) => {
    mishaps.engineOff = chance * 2;
  });
  may("stale", (own, chance) =>
    faults.onRequest({
      method: "GET",
      chance,
      fault: { kind: "stale", ms: own.below(stale_ms) },
    }),
  );
  may("lateWrites", (own, chance) => {
    const fault = { kind: "late", ms: own.below(60_000) } as const;
    for (const method of ["POST", "PATCH"]) faults.onRequest({ method, chance, fault });
  });
  may("foreign", (own, chance) => {
    faults.onRequest({ chance: chance / 2, fault: { kind: "cut" } });
    const status = own.pick([200, 403, 502]) ?? 200;
    const page = { type: "text/html", body: "<html>proxy</html>" };
    faults.onRequest({ chance: chance / 2, fault: { kind: "foreign", status, ...page } });
  });
  may("refusals", (own, chance) => {
    const status = own.pick([403, 404, 422]) ?? 403;
    const message = "Resource not accessible by integration";
    for (const method of ["POST", "PATCH"])
      faults.onRequest({
        method,
        chance: chance / 2,
        times: 4,
        fault: { kind: "refused", status, message },
      });
  });
  return mishaps;
}

function breakEngine(world: World, random: Random, chance: number): void {
  const chosen: typeof world.engine.chance = (method) => {
    if (!random.chance(chance)) return null;
    if (method === "stop") return random.pick(["answer_lost", "failed", "refused", "late"]) ?? null;
    // A refusal is final, so it is rare.
    if (method === "start" && random.chance(0.1)) return "refused";
    return random.pick(["answer_lost", "failed"]) ?? null;
  };
  for (const engine of [world.engine, world.sharedEngine]) engine.chance = chosen;
}

export function stopFaults(world: World): void {
  world.github.faults.stop();
  for (const engine of [world.engine, world.sharedEngine]) engine.chance = () => null;
  world.losesNotice = () => false;
}
