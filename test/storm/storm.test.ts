// A short storm with every run of the tests; `npm run storm` makes long ones.

import { expect, test, vi } from "vitest";
import { emptyUrl } from "../store/databases.ts";
import { runStorms } from "./storm.ts";

// Whole processes start, pause and end here; how long that takes is the machine's affair.
vi.setConfig({ testTimeout: 300_000 });

test("no gate shows green after a red that was decided while its replica was paused or killed", async () => {
  const report = await runStorms({
    databaseUrl: await emptyUrl(),
    replicas: 2,
    storms: 2,
    seed: 3,
    tell: () => {},
  });
  expect(report.problems).toEqual([]);
  expect(report.pauses).toBeGreaterThanOrEqual(2);
});
