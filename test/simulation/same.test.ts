// The fast way of the simulation is worth what the slow one is: the same seed lives the same life on both.

import { expect, test } from "vitest";
import { storeFor } from "../store/databases.ts";
import { simulate } from "./simulate.ts";

const memory = storeFor("memory");
const pglite = storeFor("pglite");
const { FIRST = "1", SAME = "1" } = process.env;

test.each(Array.from({ length: Number(SAME) }, (_, at) => Number(FIRST) + at))(
  "seed %i is the same in memory as on a database and over HTTP",
  async (seed) => {
    const fast = await simulate({ store: memory(), way: "direct" }, seed);
    const slow = await simulate({ store: pglite(), way: "http" }, seed);
    expect(fast).toEqual(slow);
  },
  600_000,
);
