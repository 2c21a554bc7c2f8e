// From the sending of a message of SNS to the request that brings the check at GitHub up to date.

import { setTimeout as sleep } from "node:timers/promises";
import { type Times, timesOf } from "./gate.ts";
import { idle } from "./measure.ts";
import {
  addRepository,
  executionsOf,
  openReleaseBench,
  pass,
  quiet,
  type ReleaseBench,
} from "./release-bench.ts";
import type { Bench } from "./scene.ts";

export type NoticeTimes = Readonly<Record<"postgres" | "pglite", Times>>;

/**
 * A stage fails, which ends the execution and so the gate: such news is not paced. The first of the
 * three messages about it counts, which sends Interlock to AWS for the state, the build and its log.
 */
export async function measureNotices(bench: Bench): Promise<NoticeTimes> {
  const [postgres, pglite] = await Promise.all([
    openRunning(bench, "postgres"),
    openRunning(bench, "pglite"),
  ]);
  return { postgres: await measure(postgres), pglite: await measure(pglite) };
}

interface Running {
  readonly releases: ReleaseBench;
  /** Each with the head whose gate waits for it. */
  readonly executions: readonly { readonly id: string; readonly sha: string }[];
}

/** A few, which compile what they run through. */
const before = 10;

async function openRunning(bench: Bench, store: "postgres" | "pglite"): Promise<Running> {
  const databaseUrl = store === "postgres" ? await bench.newDatabase() : null;
  const releases = await openReleaseBench(bench, {
    name: `notice-${store}`,
    databaseUrl,
    clock: null,
  });
  const { aws, program } = releases;
  const teams = 10;
  const each = Math.ceil((before + bench.size.alone) / teams);
  const owners = Array.from({ length: teams }, (_, turn) => `team-${turn}`);
  // In an account each, since Interlock's own pace in one would be what is measured otherwise.
  for (const [turn, owner] of owners.entries()) {
    const account = String(222233334444 + turn);
    const stages = ["Build", "Test"];
    await addRepository(releases, { owner, part: "verify", account, stages, pulls: 0 });
  }
  const shas: string[] = [];
  for (let turn = 0; turn < each; turn++)
    shas.push(...(await program.github.call.open({ owners, turn })));
  const started = [...(await executionsOf(releases, shas)).values()];
  await aws.call.act(started.map(({ id }) => ({ execution: id, kind: "pass", stage: "Source" })));
  await quiet(releases);
  // One account after the other.
  const order = new Map(shas.map((sha, turn) => [sha, turn]));
  started.sort((one, other) => (order.get(one.sha) ?? 0) - (order.get(other.sha) ?? 0));
  return { releases, executions: started };
}

async function measure({ releases, executions }: Running): Promise<Times> {
  const { program, aws } = releases;
  // What was put off for the pace of pages comes before, and the next look at each a minute later.
  await pass(releases, 61_000);
  await idle([program.pid, program.github.pid, aws.pid]);
  const times: number[] = [];
  for (const { id, sha } of executions) {
    const sentAt = await aws.call.act([{ execution: id, kind: "fail", stage: "Build" }]);
    times.push((await program.github.call.verdictOf(sha)) - sentAt);
    // The looks that the other two messages cause.
    await sleep(100);
  }
  await program.stop();
  return timesOf(times.slice(before));
}
