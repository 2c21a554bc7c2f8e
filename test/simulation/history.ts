// Where branches and pull requests pointed, and when: a verdict may rest on a reading that is a little old.

interface Since<T> {
  readonly at: number;
  readonly value: T;
}

export class History<K, T> {
  readonly #byKey = new Map<K, Since<T>[]>();

  /** Returns what was there before, where that was something else. */
  note(key: K, value: T, at: number): T | undefined {
    const all = this.#byKey.get(key) ?? [];
    const last = all.at(-1)?.value;
    if (last === value) return undefined;
    this.#byKey.set(key, [...all, { at, value }]);
    return last;
  }

  /** The values that held at some time since then. */
  since(key: K, at: number): readonly T[] {
    const all = this.#byKey.get(key) ?? [];
    return all
      .filter((_, index) => (all[index + 1]?.at ?? Number.POSITIVE_INFINITY) >= at)
      .map(({ value }) => value);
  }

  /** When the newest value came; null where there is none. */
  latestAt(key: K): number | null {
    return this.#byKey.get(key)?.at(-1)?.at ?? null;
  }

  /** When the value came last; null where it never did. */
  at(key: K, value: T): number | null {
    return this.#byKey.get(key)?.findLast((one) => one.value === value)?.at ?? null;
  }

  ever(key: K, which: (value: T) => boolean): boolean {
    return this.#byKey.get(key)?.some(({ value }) => which(value)) ?? false;
  }
}
