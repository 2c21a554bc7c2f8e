// Ports that break where a test says so: a store that throws, as one does when its process dies.

/** By method: how many calls go well before the one that throws. */
export interface Breaks {
  readonly planned: Map<string, number>;
  /** Methods that never go well. */
  readonly broken: Set<string>;
  /** From now on nothing works any more: the process is dead. */
  dead: boolean;
}

export class Broken extends Error {
  override name = "Broken";
}

/** The same object, with methods that throw once they are told to. */
export function breakable<T extends object>(inner: T, breaks: Breaks): T {
  return new Proxy(inner, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== "function") return member;
      return (...args: unknown[]) => {
        const left = breaks.planned.get(String(name));
        if (left !== undefined) breaks.planned.set(String(name), left - 1);
        if (left === 0) breaks.planned.delete(String(name));
        if (breaks.dead || left === 0 || breaks.broken.has(String(name)))
          throw new Broken(`${String(name)} broke`);
        const answer = (member as (...all: unknown[]) => unknown).apply(target, args);
        return name === "together" ? breakable(answer as object, breaks) : answer;
      };
    },
  });
}
