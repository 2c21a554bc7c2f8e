// Limits that people have set themselves: a threshold on a metric, and the alarms of CloudWatch.

import { limit } from "../model/limit.ts";
import type { ValuePoint } from "./noise.ts";
import { admit, hasGaps, isValue, type Line, startLine } from "./sample.ts";
import type { Lack, Verdict } from "./verdict.ts";

export interface Threshold {
  readonly worse: "higher" | "lower";
  /** A point breaches where it is beyond, not where it is equal. */
  readonly value: number;
  /** So many of the last `of` points breach: then it is worse. As CloudWatch's "M out of N" datapoints. */
  readonly points: number;
  readonly of: number;
}

/** JSON. */
export interface ThresholdState {
  readonly threshold: Threshold;
  readonly line: Line;
  /** Of the last `of` points, newest last. */
  readonly breaches: readonly boolean[];
  /** The most breaches among `of` points so far. */
  readonly most: number;
}

export function startThreshold(
  threshold: Threshold,
  period_ms: number,
  from: number,
): ThresholdState {
  return { threshold, line: startLine(period_ms, from), breaches: [], most: 0 };
}

/** Takes points in, in any order. A missing point is neither a breach nor its absence: it takes a place. */
export function observeThreshold(
  state: ThresholdState,
  points: readonly ValuePoint[],
  now: number,
): ThresholdState {
  const { worse, value, of } = state.threshold;
  const { line, placed } = admit(state.line, points, now, (point) => isValue(point.value));
  let { breaches, most } = state;
  for (const { point, steps } of placed) {
    const missing = Array.from({ length: Math.min(of, steps - 1) }, () => false);
    const breach = worse === "higher" ? point.value > value : point.value < value;
    breaches = [...breaches, ...missing, breach].slice(-of);
    most = Math.max(most, breaches.filter(Boolean).length);
  }
  return { ...state, line, breaches, most };
}

/** The evidence is the number of breaches, and its limit the number that makes it worse. */
export function judgeThreshold(state: ThresholdState, now: number): Verdict {
  const evidence = { value: state.most, limit: state.threshold.points };
  if (state.most >= state.threshold.points) return { kind: "worse", evidence };
  const lacking = (lack: Lack): Verdict => ({ kind: "not_enough_data", lack, evidence });
  if (hasGaps(state.line, now)) return lacking("gaps");
  const least = Math.max(state.threshold.of, limit.detect.bake_points_min);
  if (state.line.points < least) return lacking("points");
  return { kind: "not_worse", evidence };
}

/** An alarm as one reading of it showed; null where it could not be read. */
export type AlarmReading = {
  readonly state: "OK" | "ALARM" | "INSUFFICIENT_DATA";
  readonly muted: "muted" | "heard";
} | null;

/** JSON. What the readings of an alarm have come to. */
export interface AlarmState {
  /** The reading before the deployment. */
  readonly before: AlarmReading;
  /** The last reading since then; null also where there is none yet. */
  readonly last: AlarmReading;
  /** Whether it was OK once since the deployment, alarmed after that, and was muted. */
  readonly seen: readonly ("ok" | "alarm" | "muted")[];
}

export function startAlarm(before: AlarmReading): AlarmState {
  return { before, last: null, seen: [] };
}

export function observeAlarm(state: AlarmState, reading: AlarmReading): AlarmState {
  const seen = new Set(state.seen);
  if (reading?.muted === "muted") seen.add("muted");
  if (reading?.state === "OK") seen.add("ok");
  // An alarm that may be from before the deployment says something of it only after it has ended.
  const quiet = state.before !== null && state.before.state !== "ALARM";
  if (reading?.state === "ALARM" && (quiet || seen.has("ok"))) seen.add("alarm");
  return { ...state, last: reading, seen: [...seen] };
}

/** Only an alarm that is OK, was not in alarm, and could have been heard all the time, passes. */
export function judgeAlarm({ before, last, seen }: AlarmState): Verdict {
  const evidence = { value: seen.includes("alarm") ? 1 : 0, limit: 1 };
  if (seen.includes("alarm")) return { kind: "worse", evidence };
  const lacking = (lack: Lack): Verdict => ({ kind: "not_enough_data", lack, evidence });
  if (last === null || !seen.includes("ok")) {
    if (last === null) return lacking("alarm_unknown");
    return lacking(last.state === "ALARM" ? "alarm_before" : "alarm_data");
  }
  if (seen.includes("muted")) return lacking("alarm_muted");
  if (last.state === "INSUFFICIENT_DATA") return lacking("alarm_data");
  if (before === null) return lacking("alarm_unknown");
  return { kind: "not_worse", evidence };
}
