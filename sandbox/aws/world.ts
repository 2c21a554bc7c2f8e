// An empty AWS: no pipeline, no role, and one key that may do everything.
import { createHash } from "node:crypto";
import { type Clock, wallClock } from "../github/clock.ts";
import { seededRandom } from "../github/random.ts";
import { createAgenda } from "./agenda.ts";
import { createBus } from "./bus.ts";
import { createFaults } from "./faults.ts";
import type { SourceOf, World } from "./model.ts";
import { createRateLimits } from "./rate-limit.ts";
import { createRequestLog } from "./request-log.ts";

export type WorldOptions = {
  clock?: Clock;
  /** Judges temporary credentials; by default `clock`. The SDK keeps them by the wall clock. */
  authClock?: Clock;
  seed?: number;
  account?: string;
  region?: string;
  /** The commits that source actions find; by default every commit there is asked for. */
  sources?: SourceOf;
  /** Endpoints of emulators that answer for SNS and SQS. */
  forward?: { sns?: string; sqs?: string };
};

export function createWorld(options: WorldOptions = {}): World {
  const clock = options.clock ?? wallClock;
  const random = seededRandom(options.seed ?? 1);
  const faults = createFaults(random);
  return {
    clock,
    authClock: options.authClock ?? clock,
    random,
    account: options.account ?? "111122223333",
    region: options.region ?? "eu-west-1",
    faults,
    rates: createRateLimits(clock),
    log: createRequestLog(),
    agenda: createAgenda(clock),
    bus: createBus({ clock, faults }),
    forward: { ...options.forward },
    pipelines: new Map(),
    sources: options.sources ?? anyCommit,
    builds: new Map(),
    batches: new Map(),
    reports: new Map(),
    logs: new Map(),
    buckets: new Map(),
    keys: new Map(),
    roles: new Map(),
  };
}

const anyCommit: SourceOf = ({ repository, branch, sha }) => {
  const id = sha ?? createHash("sha1").update(`${repository}@${branch}`).digest("hex");
  const url = `https://github.com/${repository}/commit/${id}`;
  return { id, summary: `Commit ${id.slice(0, 7)}`, url, branch, repository };
};
