// The lockfile installs on every platform: `npm ci` skips in silence what has no entry in it.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

interface Lock {
  readonly packages: Readonly<
    Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
  >;
}

const lock = JSON.parse(
  readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"),
) as Lock;

test("every optional dependency has its entry, on whatever platform the lockfile was written", () => {
  const wanted = Object.entries(lock.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).map((name) => ({ path, name })),
  );
  expect(wanted.length).toBeGreaterThan(10);
  const missing = wanted.filter(({ path, name }) => !placesFor(path, name).some(isThere));
  expect(missing).toEqual([]);
});

/** Where Node.js would look for it, nearest first. */
function placesFor(path: string, name: string): readonly string[] {
  const own = path === "" ? `node_modules/${name}` : `${path}/node_modules/${name}`;
  const at = path.lastIndexOf("/node_modules/");
  if (path === "" || at < 0) return [own, `node_modules/${name}`];
  return [own, ...placesFor(path.slice(0, at), name)];
}

function isThere(place: string): boolean {
  return Object.hasOwn(lock.packages, place);
}
