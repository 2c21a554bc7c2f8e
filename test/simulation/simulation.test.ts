// Seeded simulation: whatever happens in whatever order, no gate opens that should not, and all is well in the end.
// A seed always does the same. One that fails is told with the steps that it takes and what happened.
//
// SEED=n npx vitest run test/simulation              one seed, with its story
// FIRST=m SEEDS=n npx vitest run test/simulation     n seeds from the m-th on; about one a second

import { expect, test } from "vitest";
import { storeFor } from "../store/databases.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";

const { SEED, FIRST = "1", SEEDS = "8" } = process.env;
const first = Number(SEED ?? FIRST);
const seeds = Array.from({ length: SEED === undefined ? Number(SEEDS) : 1 }, (_, at) => first + at);
const store = storeFor("pglite");

test.each(seeds)(
  "seed %i",
  async (seed) => {
    const simulated = await simulate(store(), seed);
    if (simulated.problems.length > 0) {
      const { needed, problems, story } = await shrink(store(), seed, simulated);
      const told = `SEED=${seed} with the steps ${needed}\n${story.join("\n")}`;
      expect(problems, told).toEqual([]);
    } else if (SEED !== undefined) console.log(simulated.story.join("\n"));
  },
  600_000,
);
