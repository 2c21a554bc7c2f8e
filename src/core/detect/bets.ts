// Evidence as money that is bet against "no change": on several sizes of a fault, and on every start of it.

/** JSON. One unit of money in all at the beginning; what there is now is the e-value. */
export interface Bets {
  /** On a fault that began with the deployment, by size. */
  readonly first: readonly number[];
  /** On faults that began later, by size. */
  readonly later: readonly number[];
  /** Not bet yet: kept for faults that have not started. */
  readonly rest: number;
}

export interface Factors {
  /** What a unit of money becomes with this point, by size: where the fault was there before, … */
  readonly lasting: readonly number[];
  /** … and where this point is the first to show it. */
  readonly onset: readonly number[];
}

export function startBets(sizes: number, fromStart: number): Bets {
  return {
    first: Array.from({ length: sizes }, () => fromStart / sizes),
    later: Array.from({ length: sizes }, () => 0),
    rest: 1 - fromStart,
  };
}

/**
 * Bets on the point at `index` (the first is 0). Where the factors of a size are an average of 1 under no
 * change, whatever came before, the e-value is a nonnegative martingale with expectation 1. Later starts are
 * spread evenly over `planned` points; the sum over all of them needs one number for each size (the recursion
 * of Shiryaev and Roberts; as e-detector: Shin, Ramdas and Rinaldo, arXiv 2203.03532).
 */
export function advance(bets: Bets, factors: Factors, index: number, planned: number): Bets {
  const { first, later, rest } = bets;
  if (index === 0)
    return { ...bets, first: first.map((money, size) => multiply(money, factors.onset[size])) };
  const left = Math.max(1, planned - index);
  const stake = index < planned ? rest / left : 0;
  return {
    first: first.map((money, size) => multiply(money, factors.lasting[size])),
    later: later.map(
      (money, size) =>
        multiply(money, factors.lasting[size]) +
        multiply(stake / later.length, factors.onset[size]),
    ),
    rest: rest - stake,
  };
}

export function eValue({ first, later, rest }: Bets): number {
  const sum = (total: number, money: number) => total + money;
  return first.reduce(sum, later.reduce(sum, rest));
}

/** Far above every limit, and far below what does not fit a number. */
const enough = 1e150;

function multiply(money: number, factor = 0): number {
  return Math.min(enough, money * factor);
}
