// Leaves out of a seed that fails every step that it fails without.

import { type Setting, type Simulated, simulate, steps } from "./simulate.ts";

export interface Shrunk extends Simulated {
  /** The steps that it takes. */
  readonly needed: readonly number[];
}

export async function shrink(setting: Setting, seed: number, failed: Simulated): Promise<Shrunk> {
  const all = Array.from({ length: steps }, (_, step) => step);
  const without = new Set<number>();
  let last = failed;
  const wanted = kindOf(failed);
  const holdsWithout = async (left: readonly number[]): Promise<boolean> => {
    const again = await simulate(setting, seed, new Set([...without, ...left]));
    if (kindOf(again) !== wanted) return true;
    last = again;
    for (const step of left) without.add(step);
    return false;
  };
  // In large pieces first, since most of the steps have nothing to do with it.
  for (let size = 8; size >= 1; size = Math.floor(size / 2))
    for (let from = steps - size; from > -size; from -= size) {
      const piece = all.slice(Math.max(0, from), from + size).filter((step) => !without.has(step));
      if (piece.length > 0) await holdsWithout(piece);
    }
  return { ...last, needed: all.filter((step) => !without.has(step)) };
}

/** The first problem, whatever commits and numbers it names. */
function kindOf({ problems }: Simulated): string {
  return (problems[0] ?? "").replace(/[0-9a-f]{7,40}|\d+/g, "#").split("\n")[0] ?? "";
}
