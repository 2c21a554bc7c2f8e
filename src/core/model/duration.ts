// Durations as a plan writes them: a number and a unit.

import { limit } from "./limit.ts";

export const durationShape = /^[1-9][0-9]{0,6}[smhd]$/;

const unit_ms = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds; NaN for what has not the shape of a duration. */
export function durationMs(text: string): number {
  const unit = text.at(-1);
  if (!durationShape.test(text) || (unit !== "s" && unit !== "m" && unit !== "h" && unit !== "d"))
    return Number.NaN;
  return Number(text.slice(0, -1)) * unit_ms[unit];
}

/** The shortest way to write it; for whole seconds exact. */
export function durationText(ms: number): string {
  for (const unit of ["d", "h", "m"] as const)
    if (ms >= unit_ms[unit] && ms % unit_ms[unit] === 0) return `${ms / unit_ms[unit]}${unit}`;
  return `${ms / unit_ms.s}s`;
}

/** What is wrong with a duration that has its shape, as a sentence. */
export function durationProblem(text: string, most_ms: number): string | null {
  const ms = durationMs(text);
  if (ms < limit.plan.duration_min_ms || ms > most_ms)
    return `This may last ${durationText(limit.plan.duration_min_ms)} to ${durationText(most_ms)}.`;
  return null;
}
