// The test of errors out of requests: what it promises about false alarms, what it finds, and what it refuses to say.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type CountDemand,
  type CountState,
  judgeCounts,
  observeCounts,
  startCount,
  visibleRatio,
} from "../../../src/core/detect/count.ts";
import { randomOf } from "../../bench/detect-noise.ts";
import { type CountDeployment, minute, watchCounts } from "./made.ts";

const runs = 300;

function sharesAbove(limits: readonly number[], deployment: CountDeployment): readonly number[] {
  const peaks = Array.from(
    { length: runs },
    (_, run) => watchCounts(randomOf(run), deployment)?.peak ?? 0,
  );
  return limits.map((least) => peaks.filter((peak) => peak >= Math.log(least)).length / runs);
}

const found = (deployment: CountDeployment) => sharesAbove([100], deployment)[0] ?? 0;

const controls = ["before", "same_time"] as const;

describe("a release that changes nothing", () => {
  // Where errors are rare, the control says least about their rate, and its end is furthest from an error.
  const rates = [0.005, 0.02, 0.1, 0.3, 2];
  for (const control of controls)
    test(`is called worse as rarely as promised at every rate, control ${control}`, () => {
      for (const usual of rates) {
        const deployment = { usual, now: usual, requests: 1_000, control };
        const [tenth = 1, hundredth = 1] = sharesAbove([10, 100], deployment);
        expect(tenth).toBeLessThanOrEqual(0.1);
        expect(hundredth).toBeLessThanOrEqual(0.022);
      }
    });

  test("is not called worse for errors that come in bursts before and after", () => {
    let alarms = 0;
    for (let run = 0; run < runs; run++) {
      const random = randomOf(run);
      const points = Array.from({ length: 120 }, (_, at) => ({
        at: at * minute,
        errors: 20 * random.poisson(0.1),
        requests: 200,
      }));
      if ((watched(points.slice(0, 60), points.slice(60))?.peak ?? 0) >= Math.log(100)) alarms++;
    }
    expect(alarms / runs).toBeLessThanOrEqual(0.022);
  });

  test("is not called worse for a wave of errors that the old fleet has too", () => {
    const wave = (at: number) => (at < 20 ? 1 : 40);
    let state = start("same_time");
    for (let at = 0; at < 60; at++)
      state = observeCounts(
        state,
        [
          {
            at: at * minute,
            errors: wave(at),
            requests: 200,
            control: { errors: wave(at), requests: 200 },
          },
        ],
        1e9,
      );
    expect(state.peak).toBeLessThan(1);
  });
});

describe("a fault", () => {
  for (const control of controls) {
    test(`of 0.1 % to 0.5 % at 200 requests a minute is found, control ${control}`, () => {
      expect(found({ usual: 0.2, now: 1, requests: 200, control })).toBeGreaterThan(0.97);
    });

    test(`is found the more often the larger it is, control ${control}`, () => {
      const shares = [1, 1.5, 2, 3, 5, 7, 20, 500].map((times) =>
        found({ usual: 0.2, now: 0.2 * times, requests: 1_000, control }),
      );
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.at(-1)).toBe(1);
    });
  }

  test("has more evidence with each error more, at the same requests", () => {
    const points = fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(points, points, fc.nat({ max: 29 }), (control, bake, extra) => {
        const at = (errors: number, index: number) => ({
          at: index * minute,
          errors,
          requests: 100,
        });
        const before = control.map((errors, index) => at(errors, index - 30));
        const peak = (all: readonly number[]) => watched(before, all.map(at), 0)?.peak ?? 0;
        const more = bake.with(extra, (bake[extra] ?? 0) + 1);
        expect(peak(more)).toBeGreaterThanOrEqual(peak(bake) - 1e-9);
      }),
      { numRuns: 200, seed: 21 },
    );
  });

  test("of a count for which lower is worse is found, and its opposite is none", () => {
    const orders = (count: number) => (_: unknown, at: number) => ({
      at: at * minute,
      errors: count,
      requests: null,
    });
    const before = Array.from({ length: 60 }, (_, at) => orders(10)(_, at - 60));
    const peak = (count: number, worse: "higher" | "lower") => {
      const state = startCount({ ...setting, worse, from: 0, before, control: "before" });
      const bake = Array.from({ length: 20 }, orders(count));
      return observeCounts(state as CountState, bake, 1e9).peak;
    };
    expect(peak(3, "lower")).toBeGreaterThan(Math.log(100));
    expect(peak(30, "lower")).toBeLessThan(1);
    expect(peak(30, "higher")).toBeGreaterThan(Math.log(100));
  });
});

test("minutes without requests change nothing", () => {
  const idle = { errors: 0, requests: 0 };
  const at = (index: number) => ({ at: index * minute });
  const before = Array.from({ length: 60 }, (_, index) => ({
    ...at(index - 60),
    errors: 1,
    requests: 100,
  }));
  for (const control of controls) {
    const state = startCount({ ...setting, from: 0, before, control }) as CountState;
    const points = Array.from({ length: 60 }, (_, index) => ({
      ...idle,
      ...at(index),
      control: idle,
    }));
    const watched = observeCounts(state, points, 1e9);
    expect(watched.peak).toBeCloseTo(0);
    expect(JSON.parse(JSON.stringify(watched))).toEqual(watched);
    expect(
      judgeCounts(watched, { limit: 100, now: 60 * minute, minimum: 0, data: "complete" }).kind,
    ).toBe("not_enough_data");
  }
});

test("a control that is told twice, in disorder, or after the deployment counts once", () => {
  const before = Array.from({ length: 60 }, (_, at) => ({
    at: at * minute,
    errors: at % 7,
    requests: 100,
  }));
  const later = { at: 61 * minute, errors: 90, requests: 100 };
  expect(watched([...before].reverse().concat(before, later), [])).toEqual(watched(before, []));
});

describe("a pass", () => {
  const demand: CountDemand = { limit: 100, now: 120 * minute, minimum: 100, data: "complete" };

  test("says what ratio would have been found, and such a one is found", () => {
    const state = watchCounts(randomOf(4), { usual: 2, now: 2, requests: 200, control: "before" });
    expect(judgeCounts(state, demand).kind).toBe("not_worse");
    const visible = visibleRatio(state as CountState, 100);
    if (visible?.kind !== "ratio") expect.fail("a fault can be seen after an hour");
    expect(visible.times).toBeGreaterThan(1.2);
    expect(visible.times).toBeLessThan(2.5);
    const fault = { usual: 2, now: 2.4 * visible.times, requests: 200, control: "before" } as const;
    expect(found(fault)).toBeGreaterThan(0.9);
  });

  test("needs data, whatever is sent instead", () => {
    const count = fc.constantFrom(Number.NaN, Infinity, -1, -1e9, 1e300);
    const junk = fc.record({
      at: fc.oneof(fc.integer({ min: 0, max: 120 * minute }), fc.constant(Number.NaN)),
      errors: count,
      requests: fc.oneof(count, fc.constant(100)),
    });
    const more = fc.record({
      at: fc.integer({ min: 0, max: 120 * minute }),
      errors: fc.constant(7),
      requests: fc.constant(6),
    });
    const none = watched(
      Array.from({ length: 60 }, (_, at) => ({ at: at * minute, errors: 1, requests: 100 })),
      [],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(junk, more), { maxLength: 100 }), (points) => {
        const state = observeCounts(none as CountState, points, 120 * minute);
        expect(state.line.points).toBe(0);
        expect(judgeCounts(state, demand).kind).toBe("not_enough_data");
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
      { numRuns: 200, seed: 22 },
    );
  });

  const usual = { usual: 2, now: 2, requests: 200, control: "before" } as const;
  test.each([
    ["requests are fewer than the plan's minimum", usual, { minimum: 1e6 }, "requests"],
    [
      "no fault could have been found with so few",
      { ...usual, usual: 0.2, now: 0.2, requests: 1, minutes: 6 },
      { minimum: 0, now: 66 * minute },
      "requests",
    ],
    ["points are missing", { ...usual, minutes: 30 }, {}, "gaps"],
    ["the source says that data is partial", usual, { data: "partial" }, "gaps"],
  ] as const)("is refused where %s", (_, deployment, changed, lack) => {
    const state = watchCounts(randomOf(6), deployment);
    expect(judgeCounts(state, { ...demand, ...changed })).toMatchObject({
      kind: "not_enough_data",
      lack,
    });
  });

  test("is refused without a control, from before or at the same time", () => {
    expect(judgeCounts(watched([], []), demand)).toMatchObject({ lack: "control" });
    const points = Array.from({ length: 60 }, (_, at) => ({
      at: at * minute,
      errors: 1,
      requests: 100,
    }));
    const alone = observeCounts(start("same_time"), points, 60 * minute);
    expect(judgeCounts(alone, { ...demand, now: 60 * minute }).kind).toBe("not_enough_data");
  });
});

test("the state of a metric is small JSON, after a day of bake", () => {
  for (const control of controls) {
    const state = watchCounts(randomOf(1), {
      usual: 5,
      now: 5,
      requests: 1e6,
      control,
      minutes: 1_440,
    });
    expect(Buffer.byteLength(JSON.stringify(state))).toBeLessThan(4_096);
  }
});

const setting = { worse: "higher", period_ms: minute, from: 60 * minute, bake_points: 60 } as const;

function watched(
  before: readonly { at: number; errors: number; requests: number }[],
  bake: readonly { at: number; errors: number; requests: number }[],
  from: number = setting.from,
): CountState | null {
  const state = startCount({ ...setting, from, before, control: "before" });
  return state === null ? null : observeCounts(state, bake, 1e9);
}

function start(control: "same_time"): CountState {
  return startCount({ ...setting, from: 0, before: [], control }) as CountState;
}
