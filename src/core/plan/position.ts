// A document with the place of everything in it, and the way from a path to its place.

export interface Place {
  /** Both 1-based. */
  readonly line: number;
  readonly column: number;
}

/** A value as written, with its place. `size` counts the values in it, aliases spelled out. */
export type Located = { readonly place: Place; readonly size: number } & (
  | { readonly kind: "scalar"; readonly value: unknown }
  | { readonly kind: "list"; readonly items: readonly Located[] }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Entry> }
);

export interface Entry {
  readonly key: Place;
  readonly value: Located;
}

export type Path = readonly (string | number)[];

/** What stands at the path, or undefined where nothing does. */
export function find(root: Located, path: Path): Located | undefined {
  let at: Located | undefined = root;
  for (const step of path) at = at === undefined ? undefined : child(at, step)?.value;
  return at;
}

/** The place of the value at the path; where there is none, of the nearest key or item around it. */
export function placeOf(root: Located, path: Path): Place {
  let at = root;
  let place = root.place;
  for (const step of path) {
    const next = child(at, step);
    if (next === undefined) return place;
    at = next.value;
    // A key without a value has its value nowhere, and a map begins at its first key; so for both
    // the key says more.
    const said = at.kind === "scalar" && at.value !== null ? at.place : next.key;
    place = said;
  }
  return place;
}

/** The place of the last key itself; for what is not there, as `placeOf`. */
export function keyPlaceOf(root: Located, path: Path): Place {
  const last = path.at(-1);
  const parent = find(root, path.slice(0, -1));
  const entry = parent === undefined || last === undefined ? undefined : child(parent, last);
  return entry?.key ?? placeOf(root, path);
}

/** The path as a person would write it: `pipelines.shop.verify.stages[1].run`. */
export function spell(path: Path): string {
  return path
    .map((step, index) => {
      if (typeof step === "number") return `[${step}]`;
      if (!/^[A-Za-z0-9_-]+$/.test(step)) return `[${JSON.stringify(step)}]`;
      return index === 0 ? step : `.${step}`;
    })
    .join("");
}

/** The document as plain values; maps without a prototype, so that every key is only a key. */
export function toPlain(root: Located): unknown {
  switch (root.kind) {
    case "scalar":
      return root.value;
    case "list":
      return root.items.map(toPlain);
    case "map": {
      const plain: Record<string, unknown> = Object.create(null);
      for (const [key, entry] of root.entries) plain[key] = toPlain(entry.value);
      return plain;
    }
  }
}

function child(parent: Located, step: string | number): Entry | undefined {
  if (parent.kind === "map") return parent.entries.get(String(step));
  if (parent.kind !== "list" || typeof step !== "number") return undefined;
  const value = parent.items[step];
  return value === undefined ? undefined : { key: value.place, value };
}
