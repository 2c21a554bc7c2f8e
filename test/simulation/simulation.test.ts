// Seeded simulation: whatever happens in whatever order, no gate opens that should not, and all is well in the end.
// A seed always does the same. One that fails is told with the steps that it takes and what happened.
// `npm run simulate` runs as many as are asked for; these here are the first of them.

import { expect, test } from "vitest";
import { storeFor } from "../store/databases.ts";
import { shrink } from "./shrink.ts";
import { simulate } from "./simulate.ts";
import { switchesOf } from "./switches.ts";

const count = 120;
const together = 10;
const groups = Array.from({ length: count / together }, (_, group) => 1 + group * together);
const store = storeFor("memory");
test.each(groups)(
  "10 seeds from %i on",
  async (first) => {
    const setting = { store: store(), way: "direct", switches: switchesOf() } as const;
    for (let seed = first; seed < first + together; seed += 1) {
      const simulated = await simulate(setting, seed);
      if (simulated.problems.length === 0) continue;
      const { needed, problems, scenario } = await shrink(setting, seed, simulated);
      expect(problems, `SEED=${seed} with the steps ${needed}\n${scenario.join("\n")}`).toEqual([]);
    }
  },
  600_000,
);
