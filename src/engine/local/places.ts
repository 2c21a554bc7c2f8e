// A limited number of places for runs, shared fairly between the installations that ask for them.

export interface Places {
  ask(asking: Asking): Place;
}

export interface Asking {
  readonly installation: number;
  /** Called at most once: the place was held for so long that it is another installation's turn. */
  readonly giveUp: () => void;
}

export interface Place {
  /** Whether somebody is in front. */
  readonly waits: boolean;
  readonly turn: Promise<void>;
  /** Gives the place back, or leaves the line. */
  leave(): void;
}

export interface PlacesOrder {
  readonly count: number;
  /** Of one installation. The others are kept for the rest. */
  readonly each: number;
  /** A place is held at least this long before it is another one's turn. */
  readonly hold_ms: number;
}

/**
 * The next place goes to the installation that holds the fewest, among those to the one that was
 * served longest ago, and there to who asked first. Where an installation that holds none waits, a
 * place that was held for `hold_ms` is given up: one of the installation that holds the most.
 */
export function openPlaces(order: PlacesOrder): Places {
  return new FairPlaces(order);
}

interface Seat {
  readonly asking: Asking;
  readonly serve: () => void;
  /** When it got its place, by the clock of `performance`. */
  since_ms: number;
  givenUp: boolean;
}

class FairPlaces implements Places {
  readonly #order: PlacesOrder;
  readonly #waiting: Seat[] = [];
  readonly #held = new Set<Seat>();
  /** Installations in the order in which they were served last. */
  readonly #served = new Map<number, true>();
  #timer: NodeJS.Timeout | undefined;

  constructor(order: PlacesOrder) {
    this.#order = order;
  }

  ask(asking: Asking): Place {
    const { promise: turn, resolve } = Promise.withResolvers<void>();
    const seat: Seat = { asking, serve: resolve, since_ms: 0, givenUp: false };
    this.#waiting.push(seat);
    this.#serve();
    return { waits: !this.#held.has(seat), turn, leave: () => this.#leave(seat) };
  }

  #leave(seat: Seat): void {
    const position = this.#waiting.indexOf(seat);
    if (position >= 0) this.#waiting.splice(position, 1);
    this.#held.delete(seat);
    this.#serve();
  }

  #serve(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { installation } = next.asking;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#held.add(next);
      this.#served.delete(installation);
      this.#served.set(installation, true);
      next.since_ms = performance.now();
      next.serve();
    }
    this.#watch();
  }

  /** Who gets a place now. */
  #next(): Seat | undefined {
    const { count, each } = this.#order;
    if (this.#held.size >= count) return undefined;
    const served = [...this.#served.keys()];
    const rank = ({ asking: { installation } }: Seat) =>
      [this.#holds(installation), served.indexOf(installation)] as const;
    return this.#waiting
      .filter(({ asking }) => this.#holds(asking.installation) < each)
      .toSorted((a, b) => {
        const [holdsA, servedA] = rank(a);
        const [holdsB, servedB] = rank(b);
        return holdsA - holdsB || servedA - servedB;
      })[0];
  }

  #holds(installation: number): number {
    return [...this.#held].filter(({ asking }) => asking.installation === installation).length;
  }

  /** Looks again when the place that was held longest is due, while somebody waits for it. */
  #watch(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const starved = new Set(
      this.#waiting
        .map(({ asking }) => asking.installation)
        .filter((installation) => this.#holds(installation) === 0),
    ).size;
    const leaving = [...this.#held].filter(({ givenUp }) => givenUp).length;
    // Those that are on their way out make room for as many.
    if (starved <= leaving) return;
    const staying = [...this.#held]
      .filter(({ givenUp }) => !givenUp)
      .toSorted((a, b) => a.since_ms - b.since_ms);
    const [oldest] = staying;
    if (oldest === undefined) return;
    const now = performance.now();
    const isDue = ({ since_ms }: Seat) => since_ms + this.#order.hold_ms <= now;
    const due = staying
      .filter(isDue)
      .toSorted(
        (a, b) => this.#holds(b.asking.installation) - this.#holds(a.asking.installation),
      )[0];
    if (due === undefined) {
      const left_ms = oldest.since_ms + this.#order.hold_ms - now;
      this.#timer = setTimeout(() => this.#watch(), Math.ceil(left_ms)).unref();
      return;
    }
    due.givenUp = true;
    due.asking.giveUp();
    this.#watch();
  }
}
