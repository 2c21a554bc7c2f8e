// Many notices, doubled and out of order: the same subjects are looked at as when each comes once and in order.

import { expect, test } from "vitest";
import { ingestInto } from "../../../src/engine/codepipeline/ingest.ts";
import { openReceive } from "../../../src/flow/receive.ts";
import { storeFor } from "../../store/databases.ts";
import { commit, held, hint, look, pull, run, sha, shop } from "../../store/make.ts";
import { silent } from "../../store/silent.ts";
import { event, pushTrigger } from "./events.ts";
import { ingestedRuns, runOf } from "./ingested-runs.ts";

const at = storeFor("pglite");

const subjects = 40;
const executionOf = (number: number) =>
  `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`;
const types = ["Pipeline", "Stage", "Action"] as const;

interface Notice {
  readonly id: string;
  readonly text: string;
}

/** Of executions that are ours, of some that are nobody's, and of one that a push started. */
function notifications(): readonly Notice[] {
  return Array.from({ length: 10_000 }, (_, number) => {
    const execution = number % (2 * subjects);
    const type = types[number % 3] ?? "Stage";
    const pushed = number % 1_000 === 999 ? pushTrigger("octo/shop", sha("f")) : {};
    const more = { executionId: executionOf(execution), type, detail: pushed };
    return { id: `sns:${number}`, text: JSON.stringify(event(more)) };
  });
}

/** Always the same order, and not that of before. */
function shuffled<T>(items: readonly T[]): readonly T[] {
  let seed = 20_300_501;
  return items
    .map((item) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return { item, turn: seed };
    })
    .sort((one, other) => one.turn - other.turn)
    .map(({ item }) => item);
}

async function heardOf(messages: readonly Notice[]): Promise<{
  readonly woken: readonly string[];
  readonly stored: number;
  /** How often something was told of each run. */
  readonly told: readonly number[];
}> {
  const { store, pipelineRuns, database, clear, clearJobs } = at();
  await clear();
  // The executions of the first half are ours. One commit has none, and one pull request sees nothing of it.
  await store.accept([look(hint(commit("f"))), look(hint(pull(1_000), sha("9")))]);
  for (let number = 0; number < subjects; number += 1) {
    await store.accept([look(hint(pull(number + 1), sha("a")))]);
    const key = `pull:octo/shop#${number + 1}`;
    await store.intendRun(held(key), run(`run-${number}`), 1);
    await store.recordExecution(held(key), `run-${number}`, {
      state: "running",
      engineId: executionOf(number),
    });
    await pipelineRuns.add(runOf(`run-${number}`, executionOf(number)));
  }
  await clearJobs();
  const { receive } = openReceive({ store, log: silent });
  const tokens = Array.from({ length: subjects }, (_, number) => `run-${number}`);
  const ours = new Map(tokens.map((token, number) => [executionOf(number), token]));
  const runs = ingestedRuns(ours);
  const ingest = ingestInto({ receive, suspect: () => {}, clock: () => 2, runs });
  await Promise.all(messages.map((message) => ingest(message)));
  const jobs = await database.query<{ key: string }>(
    "select distinct data ->> 'key' as key from pgboss.job order by 1",
  );
  const [row] = await database.query<{ count: number }>(
    "select count(*) as count from interlock.delivery where guid like 'sns:%'",
  );
  const ledger = await Promise.all(tokens.map((token) => pipelineRuns.get(token)));
  return {
    woken: jobs.map(({ key }) => key),
    stored: row?.count ?? 0,
    told: ledger.map((run) => run?.heard.count ?? 0),
  };
}

test("10,000 notices leave the same behind, however often and in which order they come", {
  timeout: 300_000,
}, async () => {
  const once = notifications();
  const ordered = await heardOf(once);
  expect(ordered.woken).toHaveLength(subjects + 1);
  expect(ordered.woken).toContain(`commit:${shop.owner}/${shop.name}@${sha("f")}:main`);
  expect(ordered.woken).not.toContain("pull:octo/shop#1000");
  expect(ordered.told).toEqual(Array.from({ length: subjects }, () => 125));
  expect(await heardOf(shuffled([...once, ...once]))).toEqual(ordered);
});
