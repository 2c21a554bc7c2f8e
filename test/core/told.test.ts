// What events told, and which answers of GitHub are older than that.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import {
  type Bound,
  type EventHint,
  type PullBound,
  pullOutdated,
  type ShownPull,
  withTold,
} from "../../src/core/model/told.ts";

const push = (before: string | null, after: string): EventHint => ({ kind: "push", before, after });
const told = (...all: readonly EventHint[]) =>
  all.reduce<Bound | null>((bound, one, at) => withTold(bound, one, at), null);
const standsAt = (bound: Bound | null) => (bound?.kind === "branch" ? bound.head.now : undefined);

const shown = (head: string, second: number, more: Partial<ShownPull> = {}): ShownPull => ({
  head,
  base: "main",
  state: "open",
  updatedAt: second * 1000,
  ...more,
});
const pull = (of: ShownPull, left: { head?: string; base?: string } = {}): EventHint => ({
  kind: "pull",
  shown: of,
  left: { head: left.head ?? null, base: left.base ?? null },
});
const pullOf = (...all: readonly EventHint[]) => told(...all) as PullBound;

test("a branch stands where the last push left it, in whichever order the events come", () => {
  const pushes = [push("a", "b"), push("b", "c")] as const;
  expect(standsAt(told(...pushes))).toBe("c");
  expect(standsAt(told(pushes[1], pushes[0]))).toBe("c");
  expect(standsAt(told(...pushes, ...pushes))).toBe("c");
});

test("a branch can be put back, and an old event that is sent again does not do it", () => {
  const pushes = [push("a", "b"), push("b", "c")] as const;
  expect(standsAt(told(...pushes, push("c", "b")))).toBe("b");
  expect(standsAt(told(...pushes, push("a", "b")))).toBe("c");
  expect(standsAt(told(...pushes, push(null, "b")))).toBe("b");
});

test("an answer from before the last event is outdated", () => {
  const bound = pullOf(pull(shown("a", 1)), pull(shown("b", 3), { head: "a" }));
  expect(pullOutdated(shown("a", 1), bound, 2)).not.toBe(null);
  expect(pullOutdated(shown("b", 3), bound, 2)).toBe(null);
  expect(pullOutdated(shown("c", 4), bound, 2)).toBe(null);
  // Also where the time is a later one, or the same: it counts whole seconds.
  expect(pullOutdated(shown("a", 9), bound, 2)).not.toBe(null);
  expect(pullOutdated(shown("c", 3), bound, 2)).not.toBe(null);
  expect(pullOutdated(shown("b", 3, { base: "next" }), bound, 2)).not.toBe(null);
  expect(pullOutdated(shown("b", 3, { state: "closed" }), bound, 2)).not.toBe(null);
});

test("it is believed in the end, because a head can come back without our hearing of it", () => {
  const bound = pullOf(pull(shown("a", 1)), pull(shown("b", 3), { head: "a" }));
  expect(pullOutdated(shown("a", 9), bound, bound.at + limit.look.stale_ms)).not.toBe(null);
  expect(pullOutdated(shown("a", 9), bound, bound.at + limit.look.stale_ms + 1)).toBe(null);
  expect(pullOutdated(shown("a", 1), null, 2)).toBe(null);
});

test("events of one second are put in order by what each of them left", () => {
  const [first, second] = [pull(shown("b", 1), { head: "a" }), pull(shown("c", 1), { head: "b" })];
  for (const bound of [pullOf(first, second), pullOf(second, first)]) {
    expect(bound.head.now).toBe("c");
    expect(pullOutdated(shown("c", 1), bound, 2)).toBe(null);
    expect(pullOutdated(shown("b", 1), bound, 2)).not.toBe(null);
  }
});

test("a base that was left counts as outdated until the pull request comes back to it", () => {
  const away = pull(shown("a", 2, { base: "next" }), { base: "main" });
  const bound = pullOf(pull(shown("a", 1)), away);
  expect(pullOutdated(shown("a", 5), bound, 2)).not.toBe(null);
  const back = pullOf(pull(shown("a", 1)), away, pull(shown("a", 3), { base: "next" }));
  expect(pullOutdated(shown("a", 3), back, 2)).toBe(null);
});

test("what an older event told is no news, and an event without a trail leaves one", () => {
  const bound = pullOf(pull(shown("a", 1)), pull(shown("c", 5)), pull(shown("b", 3)));
  expect(bound.head).toEqual({ now: "c", left: ["a"] });
  const many = Array.from({ length: 40 }, (_, at) => push(String(at), String(at + 1)));
  const trail = told(...many);
  expect(trail?.kind === "branch" && trail.head.left).toHaveLength(limit.look.left);
});
