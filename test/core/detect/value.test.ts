// The test of values: what it promises about false alarms, what it finds, and what it does with points that are no points.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { differences } from "../../../src/core/detect/noise.ts";
import {
  judgeValues,
  observeValues,
  startValues,
  type ValueState,
  visibleShift,
} from "../../../src/core/detect/value.ts";
import { noises, randomOf } from "../../bench/detect-noise.ts";
import { minute, pointsOf, watchValues } from "./made.ts";

const runs = 300;
const limit = 100;

function peaks(name: keyof typeof noises, change: (value: number, at: number) => number) {
  return Array.from({ length: runs }, (_, run) => {
    const values = noises[name](randomOf(7_000 + run), 120);
    return (
      watchValues({ control: values.slice(0, 60), bake: values.slice(60).map(change) })?.peak ?? 0
    );
  });
}

/** Minutes that are 1 with a chance, and else 0. */
function sparse(seed: number, usual: number, now: number) {
  const random = randomOf(seed);
  const minutes = (chance: number) =>
    Array.from({ length: 60 }, () => (random.uniform() < chance ? 1 : 0));
  return { control: minutes(usual), bake: minutes(now) };
}

const share = (all: readonly number[], least: number) =>
  all.filter((peak) => peak >= least).length / all.length;

describe("a release that changes nothing", () => {
  const names = [
    "normal",
    "lognormal",
    "heavy-tailed",
    "tied values",
    "AR(1) 0.3",
    "AR(1) 0.7",
  ] as const;
  for (const name of names)
    test(`is called worse as rarely as promised, with a look each minute: ${name}`, () => {
      const all = peaks(name, (value) => value);
      // Two standard errors of the share of so many runs.
      const most = (chance: number) => chance + 2 * Math.sqrt((chance * (1 - chance)) / runs);
      expect(share(all, 10)).toBeLessThanOrEqual(most(0.1));
      expect(share(all, limit)).toBeLessThanOrEqual(most(0.01));
    });

  test("is no fault where the metric is constant", () => {
    const same = Array.from({ length: 60 }, () => 0.1 + 0.2);
    const state = watchValues({ control: same, bake: same.map((value) => value * (1 + 1e-12)) });
    expect(state?.peak).toBeLessThan(5);
    expect(watchValues({ control: same, bake: same })?.peak).toBeLessThan(5);
  });

  test("is called worse as rarely as promised where nearly all values are 0", () => {
    const all = Array.from(
      { length: runs },
      (_, run) => watchValues(sparse(run, 0.1, 0.1))?.peak ?? 0,
    );
    expect(share(all, 10)).toBeLessThanOrEqual(0.13);
  });
});

describe("a fault", () => {
  test("is found the more often the larger it is, and never missed for being large", () => {
    for (const name of ["normal", "AR(1) 0.7"] as const) {
      const sizes = [1, 1.1, 1.25, 1.5, 2, 3, 10, 1e3, 1e6];
      const shares = sizes.map((times) =>
        share(
          peaks(name, (value) => value * times),
          limit,
        ),
      );
      expect(shares).toEqual([...shares].sort((a, b) => a - b));
      expect(shares.at(-1)).toBe(1);
    }
  });

  test("stays found when it is larger, deployment by deployment", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.double({ min: 1, max: 5, noNaN: true }),
        fc.double({ min: 1, max: 5, noNaN: true }),
        fc.integer({ min: 0, max: 40 }),
        (seed, one, more, begin) => {
          const values = noises.normal(randomOf(seed), 120);
          const peak = (times: number) =>
            watchValues({
              control: values.slice(0, 60),
              bake: values.slice(60).map((value, at) => (at < begin ? value : value * times)),
            })?.peak ?? 0;
          if (peak(one) >= limit) expect(peak(one * more)).toBeGreaterThanOrEqual(limit);
        },
      ),
      { numRuns: 200, seed: 11 },
    );
  });

  test("that begins in the middle of the bake is found", () => {
    expect(
      share(
        peaks("normal", (value, at) => (at < 30 ? value : value * 1.5)),
        limit,
      ),
    ).toBe(1);
  });

  test("below is found where lower is worse, and is none where higher is", () => {
    const values = noises.normal(randomOf(3), 120);
    const fallen = {
      control: values.slice(0, 60),
      bake: values.slice(60).map((value) => value / 2),
    };
    expect(watchValues({ ...fallen, worse: "lower" })?.peak).toBeGreaterThan(limit);
    expect(watchValues({ ...fallen, worse: "higher" })?.peak).toBeLessThan(2);
  });

  test("of a metric that is mostly 0 is found", () => {
    const all = Array.from(
      { length: 50 },
      (_, run) => watchValues(sparse(run, 0.1, 0.6))?.peak ?? 0,
    );
    expect(share(all, limit)).toBeGreaterThan(0.9);
  });

  test("of a constant metric is found", () => {
    const control = Array.from({ length: 60 }, () => 0);
    expect(watchValues({ control, bake: control.map(() => 1) })?.peak).toBeGreaterThan(limit);
  });
});

describe("what says nothing about a change", () => {
  test("is the unit of the metric", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: -9, max: 9 }),
        fc.constantFrom("normal", "heavy-tailed", "AR(1) 0.7"),
        fc.double({ min: 0.5, max: 3, noNaN: true }),
        (seed, exponent, name, times) => {
          const values = noises[name as keyof typeof noises](randomOf(seed), 120);
          const peak = (unit: number) =>
            watchValues({
              control: values.slice(0, 60).map((value) => value * unit),
              bake: values.slice(60).map((value) => value * times * unit),
            })?.peak ?? 0;
          expect(peak(10 ** exponent) / peak(1)).toBeCloseTo(1, 6);
        },
      ),
      { numRuns: 200, seed: 12 },
    );
  });

  test("is the time of day", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e6 }),
        fc.integer({ min: 0, max: 1e12 }),
        (seed, since) => {
          const values = noises["AR(1) 0.7"](randomOf(seed), 120);
          const deployment = { control: values.slice(0, 60), bake: values.slice(60) };
          expect(watchValues({ ...deployment, since })?.peak).toBe(watchValues(deployment)?.peak);
        },
      ),
      { numRuns: 100, seed: 13 },
    );
  });

  test("is whether points come one by one, together, twice or in disorder", () => {
    const values = noises["AR(1) 0.3"](randomOf(5), 120);
    const start = watchValues({ control: values.slice(0, 60), bake: [] }) as ValueState;
    const started = { ...start, bake_points: 60 };
    const bake = pointsOf(values.slice(60), 60);
    const now = 120 * minute;
    const together = observeValues(started, bake, now);
    let single = started;
    for (const [index, point] of bake.entries()) {
      const known = bake.slice(Math.max(0, index - 5), index + 1);
      single = observeValues(JSON.parse(JSON.stringify(single)), known, point.at + minute);
    }
    const disordered = observeValues(started, [...bake].reverse(), now);
    expect(single.peak).toBe(together.peak);
    expect(single.line.duplicate + single.line.late).toBeGreaterThan(200);
    expect(disordered).toEqual(together);
  });
});

describe("a pass", () => {
  const values = noises.normal(randomOf(9), 120);
  const control = values.slice(0, 60);
  const demand = { limit, now: 120 * minute, data: "complete" } as const;

  test("says what size of fault would have been found, and such a one is found", () => {
    const state = watchValues({ control, bake: values.slice(60) }) as ValueState;
    expect(judgeValues(state, demand).kind).toBe("not_worse");
    const visible = visibleShift(state, limit);
    if (visible?.kind !== "shift") expect.fail("a fault can be seen after an hour");
    expect(visible.by / visible.level).toBeLessThan(0.3);
    const bake = values.slice(60).map((value) => value + 1.5 * visible.by);
    expect(watchValues({ control, bake })?.peak).toBeGreaterThan(limit);
  });

  test("needs data, whatever is sent instead", () => {
    const none = startValues({
      worse: "higher",
      period_ms: minute,
      from: 60 * minute,
      bake_points: 60,
      control: pointsOf(control),
    });
    const nothing = fc.record({
      at: fc.oneof(
        fc.integer({ min: -1e9, max: 59 * minute }),
        fc.constant(Number.NaN),
        fc.constant(1e15),
      ),
      value: fc.double(),
    });
    const junk = fc.record({
      at: fc.integer({ min: 60 * minute, max: 120 * minute }),
      value: fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e200),
    });
    fc.assert(
      fc.property(fc.array(fc.oneof(nothing, junk), { maxLength: 100 }), (points) => {
        const state = observeValues(none as ValueState, points, 120 * minute);
        expect(state.line.points).toBe(0);
        expect(judgeValues(state, demand).kind).toBe("not_enough_data");
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
      { numRuns: 200, seed: 14 },
    );
  });

  test.each([
    ["the control is missing", { control: [] as number[] }, {}, "control"],
    ["the control is short", { control: control.slice(0, 10) }, {}, "control"],
    ["the control holds no numbers", { control: control.map(() => Number.NaN) }, {}, "control"],
    ["the source says that data is partial", {}, { data: "partial" }, "gaps"],
    ["the metric has vanished", { bake: values.slice(60, 90) }, {}, "gaps"],
    ["there are too few points", { bake: values.slice(60, 63) }, { now: 63 * minute }, "points"],
    [
      "no fault could have been found with so few",
      { bake: values.slice(60, 65) },
      { now: 65 * minute, limit: 1e8 },
      "points",
    ],
  ] as const)("is refused where %s", (_, deployment, changed, lack) => {
    const length = "control" in deployment ? deployment.control.length : 60;
    const state = watchValues({ control, bake: values.slice(60), ...deployment });
    const now = demand.now - (60 - length) * minute;
    expect(judgeValues(state, { ...demand, now, ...changed })).toMatchObject({
      kind: "not_enough_data",
      lack,
    });
  });
});

describe("with the old fleet at the same time", () => {
  const random = randomOf(77);
  const old = pointsOf(noises.normal(random, 120).map((value, at) => value + at / 20));
  const watch = (values: readonly number[]) => {
    // The new fleet stands on smaller machines, and its clock is some seconds off.
    const points = pointsOf(values).map(({ at, value }) => ({
      at: at + 7_000,
      value: 1.2 + value + at / minute / 20,
    }));
    const all = differences(points, old, minute).map(({ at, value }) => ({
      at: at - 7_000,
      value,
    }));
    return watchValues({
      control: all.slice(0, 60).map(({ value }) => value),
      bake: all.slice(60).map(({ value }) => value),
    });
  };

  test("a drift of both is no fault, and a fault is one", () => {
    const values = noises.normal(random, 120);
    expect(watch(values)?.peak).toBeLessThan(limit);
    const bake = values.slice(60).map((value) => value + 0.7);
    expect(watch([...values.slice(0, 60), ...bake])?.peak).toBeGreaterThan(limit);
  });

  test("points without a counterpart are missing", () => {
    const points = pointsOf([1, 2, 3, 4]);
    const others = [
      { at: 0, value: 1 },
      { at: Number.NaN, value: 1 },
      { at: 3.4 * minute, value: 1 },
    ];
    expect(differences(points, others, minute)).toEqual([
      { at: 0, value: 0 },
      { at: 3 * minute, value: 3 },
    ]);
  });
});

test("a verdict of worse stays, also when the data ends or the fault does", () => {
  const values = noises.normal(randomOf(10), 120);
  const bake = values.slice(60).map((value, at) => (at < 10 ? value * 2 : value));
  const state = watchValues({ control: values.slice(0, 60), bake });
  expect(judgeValues(state, { limit, now: 1e12, data: "partial" }).kind).toBe("worse");
});

test("the state of a metric is small JSON, with a day of control and of bake", () => {
  const values = noises.lognormal(randomOf(8), 2_880).map((value) => -value * 1e-300);
  const state = watchValues({ control: values.slice(0, 1_440), bake: values.slice(1_440) });
  expect(Buffer.byteLength(JSON.stringify(state))).toBeLessThan(4_096);
});
