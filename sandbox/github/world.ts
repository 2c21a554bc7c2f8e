// An empty world: nobody, no repository, and the rules that refuse merges and pushes.
import { type Clock, wallClock } from "./clock.ts";
import { createOutbox } from "./delivery.ts";
import { createFaults } from "./faults.ts";
import type { World } from "./model.ts";
import { createPast } from "./past.ts";
import { protectedMerge, protectedPush } from "./protection.ts";
import { seededRandom } from "./random.ts";
import { createRequestLog } from "./request-log.ts";

export function createWorld(options: { clock?: Clock; authClock?: Clock; seed?: number }): World {
  const clock = options.clock ?? wallClock;
  const random = seededRandom(options.seed ?? 1);
  const past = createPast(() => world);
  const faults = createFaults(random, past);
  let lastId = 1_000;
  const nextId = () => {
    lastId += 1;
    return lastId;
  };
  const world: World = {
    clock,
    authClock: options.authClock ?? clock,
    random,
    faults,
    past,
    nextId,
    urls: { api: "https://api.github.com", html: "https://github.com" },
    accounts: new Map(),
    apps: new Map(),
    installations: new Map(),
    tokens: new Map(),
    repositories: new Map(),
    formerNames: new Map(),
    rules: { merge: [protectedMerge], push: [protectedPush] },
    outbox: createOutbox({ clock, faults }),
    log: createRequestLog(),
    ignoresDeliveryStatus: false,
    pageSize: 100,
  };
  return world;
}
