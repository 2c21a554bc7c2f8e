// The fast way of the simulation is worth what the slow one is: the same seed lives the same life on both.

import { expect, test } from "vitest";
import { storeFor } from "../store/databases.ts";
import { simulate } from "./simulate.ts";
import { switchesOf } from "./switches.ts";

// What comes from somebody else is not as GitHub describes it, so that HTTP has none of it.
const switches = switchesOf({ without: "foreign" });
const memory = storeFor("memory");
const pglite = storeFor("pglite");
const { FIRST = "1", SAME = "1" } = process.env;

test.each(Array.from({ length: Number(SAME) }, (_, at) => Number(FIRST) + at))(
  "seed %i is the same in memory as on a database and over HTTP",
  async (seed) => {
    const fast = await simulate({ store: memory(), way: "direct", switches }, seed);
    const slow = await simulate({ store: pglite(), way: "http", switches }, seed);
    expect(withoutGeneration(fast)).toEqual(withoutGeneration(slow));
  },
  600_000,
);

/** Each database has a generation of its own at the end of the keys of runs. */
function withoutGeneration(life: unknown): unknown {
  const text = JSON.stringify(life).replaceAll(
    /(\|\d+)\|(?:memory\d+|[0-9a-f]{12})(?:\.\d+)*/g,
    "$1",
  );
  return JSON.parse(text);
}
