// What thresholds, alarms, a service's own past and the budget make of a metric, and the metrics of a stage.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { calibrate, windowsOf } from "../../../src/core/detect/calibrate.ts";
import { normalCumulative, normalQuantile } from "../../../src/core/detect/normal.ts";
import { increases } from "../../../src/core/detect/sample.ts";
import {
  type AlarmReading,
  judgeAlarm,
  judgeThreshold,
  observeAlarm,
  observeThreshold,
  startAlarm,
  startThreshold,
} from "../../../src/core/detect/threshold.ts";
import { foldVerdicts, limitsOf, share, type Verdict } from "../../../src/core/detect/verdict.ts";
import { randomOf } from "../../bench/detect-noise.ts";
import { minute, pointsOf } from "./made.ts";

describe("a threshold", () => {
  const threshold = { worse: "higher", value: 10, points: 3, of: 5 } as const;
  const judge = (values: readonly (number | null)[], now = values.length) => {
    const points = pointsOf(values.map((value) => value ?? Number.NaN));
    const state = observeThreshold(startThreshold(threshold, minute, 0), points, now * minute);
    return judgeThreshold(JSON.parse(JSON.stringify(state)), now * minute);
  };

  test("is passed by values up to it", () => {
    expect(judge([10, 9, 10, 10, 10, 1]).kind).toBe("not_worse");
  });

  test("is broken by three of five points beyond it, for good", () => {
    expect(judge([1, 11, 1, 11, 11, 1, 1, 1, 1, 1])).toEqual({
      kind: "worse",
      evidence: { value: 3, limit: 3 },
    });
    expect(judge([11, 1, 1, 11, 1, 11, 1, 1, 1, 1]).kind).toBe("not_worse");
  });

  test("is not passed without data", () => {
    expect(judge([], 20)).toMatchObject({ lack: "gaps" });
    expect(judge([1, 1, 1])).toMatchObject({ lack: "points" });
    expect(judge([1, null, null, 1, null, 1, 1, null, null])).toMatchObject({ lack: "gaps" });
  });

  test("does not count breaches together that gaps keep apart", () => {
    expect(judge([11, null, 11, null, null, 11]).kind).not.toBe("worse");
  });
});

describe("an alarm", () => {
  const ok = { state: "OK", muted: "heard" } as const;
  const alarm = { state: "ALARM", muted: "heard" } as const;
  const unclear = { state: "INSUFFICIENT_DATA", muted: "heard" } as const;
  const muted = { state: "OK", muted: "muted" } as const;
  const judge = (before: AlarmReading, ...readings: readonly AlarmReading[]) =>
    judgeAlarm(readings.reduce(observeAlarm, startAlarm(before)));

  test.each([
    ["is OK before and after", [ok, ok, ok], "not_worse"],
    ["had no data before, as that of a new service", [unclear, ok], "not_worse"],
    ["goes off", [ok, ok, alarm, ok], "worse"],
    ["goes off at the first reading", [ok, alarm], "worse"],
    ["goes off again after it had ended", [alarm, ok, alarm], "worse"],
    ["was in alarm before and still is", [alarm, alarm], "alarm_before"],
    ["was in alarm before and ended", [alarm, alarm, ok], "not_worse"],
    ["could not be read before, and is in alarm", [null, alarm], "alarm_before"],
    ["could not be read before", [null, ok], "alarm_unknown"],
    ["cannot be read", [ok, ok, null], "alarm_unknown"],
    ["was never read", [ok], "alarm_unknown"],
    ["has insufficient data", [ok, ok, unclear], "alarm_data"],
    ["has insufficient data all the time", [ok, unclear], "alarm_data"],
    ["was muted for a while", [ok, muted, ok], "alarm_muted"],
  ] as const)("that %s", (_, [before, ...readings], expected) => {
    const verdict = judge(before, ...readings);
    expect(verdict.kind === "not_enough_data" ? verdict.lack : verdict.kind).toBe(expected);
  });
});

describe("the limit from a service's own past", () => {
  test("is the nominal one where the past was quiet, or is too short to tell", () => {
    const quiet = Array.from({ length: 200 }, () => 1);
    expect(calibrate(quiet, 0.01).limit).toBe(100);
    expect(calibrate([1e9, 1e9, null], 0.01)).toEqual({ limit: 100, windows: 2, chance: 1 });
  });

  test("is above all but as many false alarms as two budgets allow", () => {
    const loud = Array.from({ length: 199 }, (_, at) => 1_000 + at);
    const { limit, windows, chance } = calibrate(loud, 0.01);
    expect(loud.filter((peak) => peak >= limit)).toHaveLength(3);
    expect([windows, chance]).toEqual([199, 4 / 200]);
  });

  test("keeps its promise for any noise that stays as it was", () => {
    let alarms = 0;
    const runs = 2_000;
    for (let run = 0; run < runs; run++) {
      const random = randomOf(run);
      // Far heavier than any e-value may be.
      const peak = () => random.uniform() ** -3;
      const past = Array.from({ length: 99 }, peak);
      if (peak() >= calibrate(past, 0.01).limit) alarms++;
    }
    expect(alarms / runs).toBeLessThan(0.02 + 2 * Math.sqrt((0.02 * 0.98) / runs));
  });

  test("comes from bakes that do not overlap, newest first, and not across gaps", () => {
    const times = [...Array(10).keys(), 12, 13, 14, 15, 16, 17, 40, 41, 42, 43];
    const history = times.map((at) => ({ at: at * minute }));
    const size = { period_ms: minute, control_points: 3, bake_points: 2 };
    const minutes = windowsOf(history, size).map(({ control, bake }) =>
      [...control, ...bake].map(({ at }) => at / minute),
    );
    expect(minutes).toEqual([
      [13, 14, 15, 16, 17],
      [5, 6, 7, 8, 9],
      [3, 4, 5, 6, 7],
      [1, 2, 3, 4, 5],
    ]);
  });
});

describe("a stage", () => {
  const verdict = (kind: Verdict["kind"], value = 2): Verdict => {
    const evidence = { value, limit: 100 };
    return kind === "not_enough_data" ? { kind, lack: "gaps", evidence } : { kind, evidence };
  };
  const kinds = fc.constantFrom<Verdict["kind"]>("worse", "not_worse", "not_enough_data");

  test("is worse where one metric is, and passes only where all do", () => {
    fc.assert(
      fc.property(fc.array(kinds), (all) => {
        const { kind } = foldVerdicts(all.map((one) => verdict(one)));
        if (all.includes("worse")) expect(kind).toBe("worse");
        else if (all.length === 0 || all.includes("not_enough_data"))
          expect(kind).toBe("not_enough_data");
        else expect(kind).toBe("not_worse");
      }),
    );
  });

  test("shows the metric that is closest to its limit", () => {
    const closest = verdict("not_worse", 10);
    expect(foldVerdicts([verdict("not_worse"), closest, verdict("not_worse", 3)])).toBe(closest);
    expect(share(closest)).toBeCloseTo(0.5);
  });

  test("spends its budget on its metrics by weight, and no more of it", () => {
    expect(limitsOf(0.01, { errors: 1, latency: 1 })).toEqual({ errors: 200, latency: 200 });
    const limits = limitsOf(0.01, { errors: 3, latency: 1, load: 0.5 });
    const spent = Object.values(limits).reduce((sum, limit) => sum + 1 / limit, 0);
    expect(spent).toBeCloseTo(0.01);
    expect(limits.latency / limits.errors).toBeCloseTo(3);
  });
});

test("a counter that begins again has counted what it shows", () => {
  const at = (minutes: number, total: number) => ({ at: minutes * minute, total });
  const readings = [
    at(0, 5),
    at(1, 8),
    at(2, 3),
    at(3, Number.NaN),
    at(4, 3),
    at(2, 9),
    at(5, -1),
    at(6, 4),
  ];
  expect(increases(readings)).toEqual([
    { at: 0, count: 3 },
    { at: minute, count: 3 },
    { at: 2 * minute, count: 0 },
    { at: 4 * minute, count: 1 },
  ]);
});

test("normal quantiles are those of the tables", () => {
  expect(normalQuantile(0.01)).toBeCloseTo(-2.3263478740408408, 12);
  expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 12);
  expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 9);
  for (const p of [1e-6, 0.02, 0.3, 0.5, 0.9])
    expect(normalCumulative(normalQuantile(p)) / p).toBeCloseTo(1, 12);
});
