// The judge for teams that migrate says what NetflixACAJudge says, on the inputs of that judge's own tests.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  classifyKayenta,
  type KayentaClass,
  type KayentaMetric,
  kayentaDefaults,
  netflixTest,
} from "../../../src/core/detect/kayenta.ts";
import { scoreKayenta } from "../../../src/core/detect/kayenta-score.ts";
import { shiftBetween } from "../../../src/core/detect/mann-whitney.ts";

type Values = readonly (number | "NaN")[];

interface Vector {
  readonly name: string;
  readonly tolerance?: number;
  readonly confLevel?: number;
  readonly effectSizeThresholds?: readonly [number, number];
  readonly criticalThresholds?: readonly [number, number];
  readonly effectSizeMeasure: "meanRatio" | "cles";
  readonly direction: string;
  readonly nanStrategy?: string;
  readonly isCriticalMetric: boolean;
  readonly isDataRequired: boolean;
  readonly expected: {
    readonly classification?: KayentaClass;
    readonly critical?: boolean;
    readonly deviation?: number | "NaN";
    readonly reasonNotEmpty?: boolean;
  };
  readonly control: Values;
  readonly experiment: Values;
}

interface Report extends Pick<Vector, "nanStrategy" | "control" | "experiment"> {
  readonly issue: string;
  readonly effectSizeThresholds?: readonly [number, number];
  readonly criticalThresholds?: readonly [number, number];
  readonly kayentaVerdict: KayentaClass;
}

interface Score {
  readonly name: string;
  readonly groupWeights: Readonly<Record<string, number>>;
  readonly metrics: readonly {
    readonly classification: KayentaClass;
    readonly critical: boolean;
    readonly groups: readonly string[];
  }[];
  readonly expectedSummaryScore: number;
}

interface ShiftVector {
  readonly name: string;
  readonly confidence: number;
  readonly lower: number;
  readonly upper: number;
  readonly estimate: number;
  readonly estimateTolerance: number;
  readonly control: readonly number[];
  readonly experiment: readonly number[];
}

const { classifier, scorer, shifts, reports } = JSON.parse(
  readFileSync(new URL("../../fixtures/detect/kayenta.json", import.meta.url), "utf8"),
) as {
  readonly classifier: readonly Vector[];
  readonly scorer: readonly Score[];
  readonly shifts: readonly ShiftVector[];
  readonly reports: readonly Report[];
};

const numbers = (values: Values) => values.map(Number);

test("all inputs of the judge's own tests are there", () => {
  expect([classifier.length, scorer.length]).toEqual([34, 13]);
});

describe("the class of a metric", () => {
  for (const vector of classifier)
    test(vector.name, () => {
      const [decrease, increase] = vector.effectSizeThresholds ?? [1, 1];
      const [criticalDecrease, criticalIncrease] = vector.criticalThresholds ?? [1, 1];
      const metric: KayentaMetric = {
        ...kayentaDefaults,
        direction: vector.direction.toLowerCase() as KayentaMetric["direction"],
        nanStrategy: vector.nanStrategy?.toLowerCase() as KayentaMetric["nanStrategy"],
        critical: vector.isCriticalMetric,
        mustHaveData: vector.isDataRequired,
        measure: vector.effectSizeMeasure,
        allowedDecrease: decrease,
        allowedIncrease: increase,
        criticalDecrease,
        criticalIncrease,
      };
      const result = classifyKayenta(
        { control: numbers(vector.control), experiment: numbers(vector.experiment) },
        metric,
        { tolerance: vector.tolerance ?? 0.25, confidence: vector.confLevel ?? 0.95 },
      );
      const { classification, critical, deviation, reasonNotEmpty } = vector.expected;
      if (classification !== undefined) expect(result.classification).toBe(classification);
      if (critical !== undefined) expect(result.critical).toBe(critical);
      if (deviation !== undefined)
        expect(result.deviation).toBe(deviation === "NaN" ? null : deviation);
      if (reasonNotEmpty) expect(result.reason).not.toBeNull();
    });

  for (const report of reports)
    test(`the misjudged values of ${report.issue} are judged alike`, () => {
      const [allowedDecrease, allowedIncrease] = report.effectSizeThresholds ?? [1, 1];
      const result = classifyKayenta(
        { control: numbers(report.control), experiment: numbers(report.experiment) },
        {
          ...kayentaDefaults,
          nanStrategy: report.nanStrategy === "Replace" ? "replace" : "remove",
          allowedDecrease,
          allowedIncrease,
        },
        netflixTest,
      );
      expect(result.classification).toBe(report.kayentaVerdict);
    });

  test("outliers are left out where the config says so, and only far ones", () => {
    const quiet = Array.from({ length: 100 }, (_, at) => 100 + (at % 10));
    const judge = (experiment: readonly number[], strategy: "keep" | "remove") =>
      classifyKayenta(
        { control: quiet, experiment },
        {
          ...kayentaDefaults,
          outliers: strategy === "keep" ? { strategy } : { strategy, factor: 3 },
        },
      ).deviation;
    const spiked = quiet.with(0, 1e6).with(1, 90);
    expect(judge(spiked, "keep")).toBeGreaterThan(90);
    expect(judge(spiked, "remove")).toBeCloseTo(0.999, 2);
  });
});

describe("the shift between control and experiment", () => {
  for (const vector of shifts)
    test(vector.name, () => {
      const { control, experiment, confidence } = vector;
      const shift = shiftBetween(experiment, control, confidence);
      expect(Math.abs((shift?.lower ?? Infinity) - vector.lower)).toBeLessThan(1e-6);
      expect(Math.abs((shift?.upper ?? Infinity) - vector.upper)).toBeLessThan(1e-6);
      expect(Math.abs((shift?.estimate ?? Infinity) - vector.estimate)).toBeLessThan(
        vector.estimateTolerance,
      );
    });
});

describe("the score of a canary", () => {
  for (const { name, groupWeights, metrics, expectedSummaryScore } of scorer)
    test(name, () => {
      const { score, classification } = scoreKayenta(
        metrics.map((metric) => ({ ...metric, muted: false })),
        groupWeights,
        { pass: 95, marginal: 75 },
      );
      expect(score).toBe(expectedSummaryScore);
      expect(classification).toBe(score >= 95 ? "Pass" : score >= 75 ? "Marginal" : "Fail");
    });

  test("muted metrics are left out", () => {
    const metric = {
      classification: "Pass",
      critical: false,
      groups: ["a"],
      muted: false,
    } as const;
    const bad = { classification: "High", critical: true, groups: ["a"], muted: true } as const;
    expect(scoreKayenta([metric, bad], {}, { pass: 95, marginal: 75 })).toEqual({
      score: 100,
      classification: "Pass",
      groups: { a: 100 },
      reason: null,
    });
  });

  test("no metric at all does not pass", () => {
    expect(scoreKayenta([], {}, { pass: 95, marginal: 75 }).classification).toBe("Fail");
  });
});
