// What is counted for the operator. Anyone who counts knows nothing of how it is shown.

import type { GateState } from "../core/model/fact.ts";
import type { Urgency } from "./github.ts";
import type { LaneKind } from "./queue.ts";

/**
 * `ignored`: signed, and about nothing that concerns us. `known`: it came before. `unsigned`: without our
 * signature. `refused`: not in the form of a delivery, or too large. `failed`: it could not be stored, and
 * GitHub was told so.
 */
export type DeliveryOutcome = "stored" | "ignored" | "known" | "unsigned" | "refused" | "failed";

/** No method throws, waits, or takes a name that others choose. */
export interface Meter {
  delivery(outcome: DeliveryOutcome): void;
  /** One look at a subject; `failed` where it is repeated. */
  reconciled(kind: LaneKind, outcome: "done" | "lost" | "failed", seconds: number): void;
  /** A gate has another verdict, or is about another commit. */
  gate(verdict: GateState): void;
  /** Points of GitHub's rate limit that a request took. */
  githubPoints(use: "read" | Urgency, points: number): void;
  /** A request that was not sent, because a budget or GitHub itself said to wait. */
  githubWait(use: "read" | Urgency): void;
  /** What became of a write at GitHub. */
  githubWrite(outcome: "sent" | "deferred" | "failed" | "refused" | "withheld"): void;
  /** One call, by the name that AWS gives its service in permissions. */
  aws(service: string, outcome: "ok" | "throttled" | "refused" | "failed"): void;
  notification(outcome: "sent" | "failed" | "given_up"): void;
}
