// Metrics made up for the detectors' bench and tests: noise of several kinds, from seeds.

export interface Random {
  /** Above 0 and below 1. */
  uniform(): number;
  normal(): number;
  poisson(mean: number): number;
}

/** SplitMix32; polar normals, and Poisson counts by Knuth's product, in parts where the mean is large. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let bits = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
    return (((bits ^ (bits >>> 15)) >>> 0) + 0.5) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const poisson = (mean: number): number => {
    if (mean > 20) return poisson(mean / 2) + poisson(mean / 2);
    let count = 0;
    for (let left = uniform(); left > Math.exp(-mean); left *= uniform()) count++;
    return count;
  };
  return { uniform, normal, poisson };
}

export type Noise = (random: Random, points: number) => number[];

/** Around a level of 1, with a standard deviation of about 0.15. */
export const noises = {
  normal: each((random) => 1 + 0.15 * random.normal()),
  lognormal: each((random) => Math.exp(0.15 * random.normal())),
  /** Student's t with three degrees of freedom. */
  "heavy-tailed": each(({ normal }) => {
    const square = normal() ** 2 + normal() ** 2 + normal() ** 2;
    return 1 + (0.15 * normal()) / Math.sqrt(square);
  }),
  /** Up and down by a fifth over a day, started at any hour. */
  "daily cycle": (random, points) => {
    const begin = random.uniform();
    return Array.from(
      { length: points },
      (_, minute) =>
        (1 + 0.2 * Math.sin(2 * Math.PI * (begin + minute / 1440))) * (1 + 0.15 * random.normal()),
    );
  },
  "AR(1) 0.3": autoregression(0.3),
  "AR(1) 0.7": autoregression(0.7),
  "AR(1) 0.9": autoregression(0.9),
  /** Steps of 0.1, so that most values are tied. */
  "tied values": each((random) => Math.round(10 + 1.5 * random.normal()) / 10),
  /** 1 in one minute of ten. */
  "mostly 0": each(({ uniform }) => (uniform() < 0.1 ? 1 : 0)),
} satisfies Readonly<Record<string, Noise>>;

function each(one: (random: Random) => number): Noise {
  return (random, points) => Array.from({ length: points }, () => one(random));
}

function autoregression(phi: number): Noise {
  return (random, points) => {
    let state = random.normal();
    return Array.from({ length: points }, () => {
      const value = 1 + 0.15 * state;
      state = phi * state + Math.sqrt(1 - phi * phi) * random.normal();
      return value;
    });
  };
}
