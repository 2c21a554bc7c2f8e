// What events told of a branch or a pull request: GitHub may answer with a state from before its own event.

import { limit } from "./limit.ts";

/** What one event says. */
export type EventHint =
  | {
      readonly kind: "push";
      readonly after: string;
      /** Null where the branch is new. */
      readonly before: string | null;
    }
  | {
      readonly kind: "pull";
      readonly shown: ShownPull;
      /** What it had before, where the event is about that. */
      readonly left: { readonly head: string | null; readonly base: string | null };
    };

/** What changes about a pull request. */
export interface ShownPull {
  /** GitHub's time of its last change, in milliseconds since 1970. GitHub gives whole seconds. */
  readonly updatedAt: number;
  readonly head: string;
  /** Name of the branch. */
  readonly base: string;
  readonly state: "open" | "closed";
}

/** All that events told of one branch or pull request. `at` is when the last of them arrived. */
export type Bound = { readonly at: number } & (
  | { readonly kind: "branch"; readonly head: Trail }
  | {
      readonly kind: "pull";
      readonly updatedAt: number;
      readonly state: ShownPull["state"];
      readonly head: Trail;
      readonly base: Trail;
    }
);

export type PullBound = Extract<Bound, { kind: "pull" }>;

/** Something that events tell about, in a repository. */
export type ToldOf =
  | { readonly kind: "branch"; readonly branch: string }
  | { readonly kind: "pull"; readonly number: number };

/** What events told, with the number of the last of them in the store's order. */
export interface LowerBound {
  readonly bound: Bound;
  readonly heard: number;
}

/** What an answer about a pull request is held against. */
export interface PullKnown {
  /** A reading from before the event with this number is not good enough. */
  readonly since: number;
  readonly bound: PullBound | null;
  /** The store's clock, in milliseconds since 1970. */
  readonly now: number;
}

/** Where something stands, and where it stood before, oldest first. */
export interface Trail {
  readonly now: string;
  readonly left: readonly string[];
}

/** Events can arrive late, twice and in another order: an older one changes nothing. */
export function withTold(known: Bound | null, told: EventHint, at: number): Bound {
  switch (told.kind) {
    case "push": {
      const { after, before } = told;
      const trail = before === null || known?.kind !== "branch" ? null : known.head;
      const head = moved(trail, { to: after, from: before });
      return known?.kind === "branch" && head === known.head ? known : { kind: "branch", at, head };
    }
    case "pull": {
      const { shown, left } = told;
      const { updatedAt, state } = shown;
      const isKnown = known?.kind === "pull";
      if (isKnown && updatedAt < known.updatedAt) return known;
      const isLater = !isKnown || updatedAt > known.updatedAt;
      const step = (trail: Trail | null, to: string, from: string | null) =>
        moved(trail, { to, from: isLater ? (trail?.now ?? from) : from });
      const head = step(isKnown ? known.head : null, shown.head, left.head);
      const base = step(isKnown ? known.base : null, shown.base, left.base);
      // Within one second the times say nothing: an event that leads back is the older one.
      if (isKnown && (head.now !== shown.head || base.now !== shown.base)) return known;
      return { kind: "pull", at, updatedAt, state, head, base };
    }
  }
}

/** Why an answer about a pull request is older than what events told of it; null where it is not. */
export function pullOutdated(
  shown: ShownPull,
  bound: PullBound | null,
  now: number,
): string | null {
  if (bound === null || Math.abs(now - bound.at) > limit.look.stale_ms) return null;
  const { updatedAt, state, head, base } = bound;
  const isBefore =
    shown.updatedAt < updatedAt || head.left.includes(shown.head) || base.left.includes(shown.base);
  const differs = shown.head !== head.now || shown.base !== base.now || shown.state !== state;
  return isBefore || (differs && shown.updatedAt === updatedAt) ? outdated : null;
}

export const outdated = "GitHub still shows it as it was before its last event";

/** The same trail where the step is an old one. */
function moved(
  trail: Trail | null,
  { to, from }: { readonly to: string; readonly from: string | null },
): Trail {
  if (trail === null) return { now: to, left: from === null || from === to ? [] : [from] };
  if (to === trail.now || (trail.left.includes(to) && from !== trail.now)) return trail;
  const left = [...trail.left, trail.now, ...(from === null ? [] : [from])];
  const once = new Set(left.filter((one) => one !== to));
  return { now: to, left: [...once].slice(-limit.look.left) };
}
