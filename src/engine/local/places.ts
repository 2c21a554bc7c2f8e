// A limited number of places, given out in the order in which they were asked for.

export interface Places {
  ask(): Place;
}

export interface Place {
  /** Whether somebody is in front. */
  readonly waits: boolean;
  readonly turn: Promise<void>;
  /** Gives the place back, or leaves the line. */
  leave(): void;
}

export function openPlaces(count: number): Places {
  let free = count;
  const line: (() => void)[] = [];
  return {
    ask() {
      const { promise: turn, resolve } = Promise.withResolvers<void>();
      const waits = free === 0;
      if (waits) line.push(resolve);
      else {
        free -= 1;
        resolve();
      }
      let left = false;
      return {
        waits,
        turn,
        leave() {
          if (left) return;
          left = true;
          const position = line.indexOf(resolve);
          if (position >= 0) line.splice(position, 1);
          else {
            const next = line.shift();
            if (next === undefined) free += 1;
            else next();
          }
        },
      };
    },
  };
}
