// Durations as tests write them: "90s", "10m", "2h".

const units = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export function ms(duration: string): number {
  const match = /^(\d+)(ms|s|m|h|d)$/.exec(duration);
  if (match === null) throw new Error(`${duration} is no duration`);
  const [, count, unit] = match;
  return Number(count) * units[unit as keyof typeof units];
}
