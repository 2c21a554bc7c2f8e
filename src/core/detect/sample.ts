// Points of a metric as they arrive, whatever they look like: which of them count, and how far apart they are.

import { limit } from "../model/limit.ts";

/** The order of a metric's points, and what was not used of them. */
export interface Line {
  readonly period_ms: number;
  /** When the watch began; points before are not of it. */
  readonly from: number;
  /** The last point that counted; null before the first. */
  readonly last: number | null;
  readonly points: number;
  /** Not numbers, negative counts, more errors than requests. */
  readonly invalid: number;
  /** A second point for the same period; the first one counts. */
  readonly duplicate: number;
  /** Earlier than a point that has counted. */
  readonly late: number;
}

export function startLine(period_ms: number, from: number): Line {
  return { period_ms, from, last: null, points: 0, invalid: 0, duplicate: 0, late: 0 };
}

export interface Placed<Point> {
  readonly point: Point;
  /** Periods since the point before: 1 where nothing is missing. */
  readonly steps: number;
}

/**
 * Sorts out which points count. A point is named by the beginning of its period, in ms, and counts once that
 * is over; until then it may be offered again. `valid` says whether its numbers can be used.
 */
export function admit<Point extends { readonly at: number }>(
  line: Line,
  points: readonly Point[],
  now: number,
  valid: (point: Point) => boolean,
): { readonly line: Line; readonly placed: readonly Placed<Point>[] } {
  let { last, invalid, duplicate, late } = line;
  const placed: Placed<Point>[] = [];
  const known = points.filter(({ at }) => Number.isFinite(at));
  invalid += points.length - known.length;
  for (const point of [...known].sort((a, b) => a.at - b.at)) {
    if (point.at + line.period_ms > now || point.at < line.from) continue;
    // Before the first point stands the period that ended when the watch began.
    const before = last ?? line.from - line.period_ms;
    const steps = Math.round((point.at - before) / line.period_ms);
    if (last !== null && steps <= 0) {
      if (steps < 0) late++;
      else duplicate++;
    } else if (valid(point)) {
      placed.push({ point, steps: Math.max(1, steps) });
      last = point.at;
    } else invalid++;
  }
  return {
    line: { ...line, last, points: line.points + placed.length, invalid, duplicate, late },
    placed,
  };
}

/** Which points of the time before a watch count, in order: those whose period ended before it began. */
export function admitBefore<Point extends { readonly at: number }>(
  points: readonly Point[],
  { period_ms, from }: { readonly period_ms: number; readonly from: number },
  valid: (point: Point) => boolean,
): readonly Placed<Point>[] {
  const first = points.reduce(
    (least, { at }) => Math.min(least, Number.isFinite(at) ? at : least),
    from,
  );
  return admit(startLine(period_ms, first), points, from, valid).placed;
}

/** Whether more of the points that should be there by `now` are missing than a pass allows. */
export function hasGaps(line: Line, now: number): boolean {
  const expected = Math.floor((now - line.from) / line.period_ms);
  return expected - line.points > expected * limit.detect.missing_share;
}

export interface Reading {
  readonly at: number;
  /** Since the process began to count. */
  readonly total: number;
}

/**
 * What a counter has counted between two readings, named by the earlier one. Where the counter has fallen,
 * its process began again, and what it shows was counted since. Readings that are no counts are left out, and
 * so are those that do not come after the one before.
 */
export function increases(readings: readonly Reading[]): readonly { at: number; count: number }[] {
  const found: { at: number; count: number }[] = [];
  let before: Reading | null = null;
  for (const reading of readings) {
    if (!Number.isFinite(reading.at) || !isCount(reading.total)) continue;
    if (before !== null) {
      if (reading.at <= before.at) continue;
      const count = reading.total - before.total;
      found.push({ at: before.at, count: count < 0 ? reading.total : count });
    }
    before = reading;
  }
  return found;
}

export function isCount(value: number): boolean {
  return value >= 0 && value <= limit.detect.count;
}

export function isValue(value: number): boolean {
  return Math.abs(value) <= limit.detect.value_abs;
}
