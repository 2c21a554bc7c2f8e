// What a person's request is known by, and when it was made, from what is signed of its delivery.

/** The parts are GitHub's own words, none of which holds what stands between them. */
export function keyOf(...parts: readonly (string | number | null | undefined)[]): string {
  return parts.map((part) => String(part ?? "").replaceAll("|", "")).join(":");
}

/** GitHub tells whole seconds: at the end of that one it was written for sure. */
export function endOfSecond(time: string | null): number | null {
  return time === null ? null : Date.parse(time) + 999;
}
