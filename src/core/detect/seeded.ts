// Numbers that look random and are not: the same words and indexes always give the same one.

/**
 * A number above 0 and below 1. Where a rule asks for chance and the core may have none, it comes from here;
 * `seed` names what must not share its numbers.
 * Source: FNV-1a over the words, finished by the mixer of MurmurHash3.
 */
export function seededUniform(seed: string, ...indexes: readonly number[]): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < seed.length; at++) hash = Math.imul(hash ^ seed.charCodeAt(at), 0x01000193);
  for (const index of indexes) hash = Math.imul(mixed(hash ^ index), 0x01000193);
  return (mixed(hash) + 0.5) / 2 ** 32;
}

function mixed(hash: number): number {
  let bits = hash >>> 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
