// What a seed may contain besides people, engines, lost messages and crashes. Each can be left out of a run.

import type { Random } from "./random.ts";

/** What is off is what the program is not yet held to. */
const on = {
  /** A process loses its lease while it stands still, and another one works on the same subject. */
  fencing: true,
  /** The clocks of two processes differ, jump and go back. */
  clocks: true,
  /** GitHub shows what was so some time ago. */
  stale: true,
  /** A write takes effect long after its connection has broken. */
  lateWrites: true,
  /** Somebody between GitHub and us answers, or cuts an answer off. */
  foreign: true,
  /** GitHub refuses for a moment. */
  refusals: true,
  /** Check runs disappear. */
  vanish: true,
  /** A protected branch is moved back, or to another line of commits. */
  force: true,
  /** The repository is archived for a while. */
  archive: true,
  /** The app is taken away and comes back. */
  reinstall: true,
  /** What had passed has failed when it is looked at again. */
  turns: true,
  /** The operator starts the program without its engine. */
  engineOff: true,
  /** Another branch becomes the default one. */
  defaults: true,
  /** Releases run on CodePipeline: rollbacks, approvals, and what others do there. */
  production: true,
  /** Lists come in short pages, each of which can fail, or be from before what the others show. */
  pages: true,
  /** The repository has another name, and others take the old one. */
  names: true,
  /** The repository goes to another owner. */
  owners: true,
};

export type Switch = keyof typeof on;

/** Each seed has about a third of what it may have: what hardly ever meets is met that way. */
export function someOf(switches: ReadonlySet<Switch>, random: Random): ReadonlySet<Switch> {
  return new Set(names.filter((name) => random.chance(0.35) && switches.has(name)));
}

const names = Object.keys(on) as readonly Switch[];

/** `without` and `only` are lists of names with commas; whatever is in neither is as above. */
export function switchesOf(
  given: { readonly without?: string | undefined; readonly only?: string | undefined } = {},
): ReadonlySet<Switch> {
  const read = (text: string | undefined) => (text ?? "").split(",").filter((name) => name !== "");
  const unknown = [...read(given.without), ...read(given.only)].filter(
    (name) => !names.some((known) => known === name),
  );
  if (unknown.length > 0) throw new Error(`There is no ${unknown}; there are ${names}`);
  const without = read(given.without);
  const only = given.only === undefined ? null : read(given.only);
  return new Set(
    names.filter((name) => !without.includes(name) && (only?.includes(name) ?? on[name])),
  );
}
