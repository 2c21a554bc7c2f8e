// Finds the word that was probably meant.

/** The first of the nearest words, with at most two letters added, left out or changed. */
export function nearestWord<T extends string>(word: string, words: readonly T[]): T | null {
  const near = words
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate) }))
    .filter(({ distance }) => distance <= 2)
    .sort((one, other) => one.distance - other.distance);
  return near[0]?.candidate ?? null;
}

/** Levenshtein's distance; 3 stands for any that is larger than 2. */
function distance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > 2) return 3;
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1];
    for (const [column, wanted] of [...other].entries()) {
      const changed = (row[column] ?? 0) + (letter === wanted ? 0 : 1);
      const removed = (row[column + 1] ?? 0) + 1;
      const added = (next[column] ?? 0) + 1;
      next.push(Math.min(changed, removed, added));
    }
    row = next;
  }
  return row.at(-1) ?? 3;
}
