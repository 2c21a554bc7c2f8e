// The budget keeps every installation below GitHub's secondary limit, whatever is asked of it.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { openBudget } from "../../src/github/budget.ts";
import type { Urgency } from "../../src/ports/github.ts";

const { window_ms, points, write_points, read_points } = limit.github;
const here = 1;

/** A budget whose spending is recorded, and a clock to turn. */
function opened() {
  let now = 1_000_000;
  const budget = openBudget(() => now);
  const spent: { at: number; points: number }[] = [];
  return {
    budget,
    spent,
    now: () => now,
    turn: (to: number) => {
      now = Math.max(now, to);
    },
    read() {
      const until = budget.read(here);
      if (until === null) spent.push({ at: now, points: read_points });
      return until;
    },
    write(key: string, urgency: Urgency) {
      const until = budget.write(here, key, urgency);
      if (until === null) spent.push({ at: now, points: write_points });
      return until;
    },
    busiest() {
      return Math.max(
        ...spent.map(({ at }) =>
          spent
            .filter((other) => other.at > at - window_ms && other.at <= at)
            .reduce((sum, one) => sum + one.points, 0),
        ),
      );
    },
  };
}

/** Does everything of a kind, in the order of the times that the budget names. */
function finish(on: ReturnType<typeof opened>, keys: readonly string[], urgency: Urgency) {
  const times: number[] = [];
  let waiting = keys.map((key) => ({ key, at: on.now() }));
  while (waiting.length > 0) {
    waiting.sort((a, b) => a.at - b.at);
    const [first] = waiting;
    if (first === undefined) break;
    on.turn(first.at);
    const later: typeof waiting = [];
    for (const { key, at } of waiting) {
      if (at > on.now()) later.push({ key, at });
      else {
        const until = on.write(key, urgency);
        if (until === null) times.push(on.now());
        else later.push({ key, at: until });
      }
    }
    waiting = later;
  }
  return times;
}

const many = (count: number, name: string) =>
  Array.from({ length: count }, (_, index) => `${name} ${index}`);

test("six hundred writes at once all get there, and no minute is too full", () => {
  const on = opened();
  const began = on.now();
  const times = finish(on, many(600, "gate"), "gate");
  expect(times).toHaveLength(600);
  expect(on.busiest()).toBeLessThanOrEqual(points);
  // 160 of them fit into each minute.
  expect((times.at(-1) ?? 0) - began).toBeLessThanOrEqual(4 * window_ms);
});

test("reads are counted and held back like writes", () => {
  const on = opened();
  let until: number | null = null;
  for (let count = 0; count < 2_000 && until === null; count += 1) until = on.read();
  expect(until).toBe(on.now() + window_ms);
  expect(on.busiest()).toBe(points);
  expect(on.budget.readyAt(here)).toBe(on.now() + window_ms);
  on.turn(on.now() + window_ms);
  expect(on.read()).toBeNull();
});

test("writes leave room for the reads that come before them", () => {
  const on = opened();
  for (const key of many(300, "gate")) on.write(key, "gate");
  expect(on.read()).toBeNull();
});

test("a verdict finds room where pages have to wait", () => {
  const on = opened();
  const pages = many(400, "page").map((key) => on.write(key, "rest"));
  expect(pages.at(-1)).not.toBeNull();
  expect(on.write("gate", "gate")).toBeNull();
});

test("a verdict does not wait for what was promised to pages", () => {
  const on = opened();
  for (const key of many(200, "gate")) on.write(key, "gate");
  for (const key of many(1_000, "page")) on.write(key, "rest");
  expect(on.write("late", "gate")).toBeLessThanOrEqual(on.now() + window_ms);
});

test("anyone who was told a time is served then, before those who come then", () => {
  const on = opened();
  for (const key of many(300, "gate")) on.write(key, "gate");
  const until = on.write("gate 170", "gate") ?? 0;
  on.turn(until);
  for (const key of many(300, "late")) on.write(key, "gate");
  expect(on.write("gate 170", "gate")).toBeNull();
  expect(on.busiest()).toBeLessThanOrEqual(points);
});

test("those who come back late do not fill a minute that others were promised", () => {
  const on = opened();
  const keys = many(400, "gate");
  const times = keys.map((key) => on.write(key, "gate") ?? on.now());
  // Everybody oversleeps by half a minute.
  for (const at of [...new Set(times)].sort((a, b) => a - b)) {
    on.turn(at + window_ms / 2);
    for (const [index, key] of keys.entries()) if (times[index] === at) on.write(key, "gate");
  }
  expect(on.busiest()).toBeLessThanOrEqual(points);
});

test("a pause holds everything back, and other installations go on", () => {
  const on = opened();
  on.budget.pause(here, on.now() + 90_000);
  on.budget.pause(here, on.now() + 30_000);
  expect(on.read()).toBe(on.now() + 90_000);
  expect(on.write("gate", "gate")).toBe(on.now() + 90_000);
  expect(on.budget.readyAt(here)).toBe(on.now() + 90_000);
  expect(on.budget.read(2)).toBeNull();
  on.turn(on.now() + 90_000);
  expect(on.write("gate", "gate")).toBeNull();
});

test("a look at a pull request begins where there is room for its gate, and a commit's at any time", () => {
  const on = opened();
  expect(on.budget.roomAt(here, "pull")).toBeLessThanOrEqual(on.now());
  const room = points - limit.github.read_reserve_points - limit.github.look_points;
  for (let spent = 0; spent < room; spent += read_points) on.read();
  expect(on.budget.roomAt(here, "pull")).toBeLessThanOrEqual(on.now());
  on.read();
  expect(on.budget.roomAt(here, "pull")).toBe(on.now() + window_ms);
  expect(on.budget.roomAt(here, "repository")).toBe(on.now() + window_ms);
  expect(on.budget.roomAt(here, "commit")).toBeLessThanOrEqual(on.now());
  expect(on.budget.roomAt(2, "pull")).toBeLessThanOrEqual(on.now());
  // What GitHub itself says for long is met by looks that say so.
  on.budget.pause(here, on.now() + 2 * window_ms);
  expect(on.budget.roomAt(here, "pull")).toBeLessThanOrEqual(on.now());
});
