// How often AWS is called: for one release, and for what runs at the same time.

import type { Act } from "./aws.ts";
import {
  addRepository,
  executionsOf,
  openReleaseBench,
  pass,
  quiet,
  type ReleaseBench,
} from "./release-bench.ts";
import type { Bench } from "./scene.ts";

export interface ReleaseCalls {
  /** From the push to the end, by events. */
  readonly byEvents: Calls;
  readonly stages: number;
  /** Looks once a minute while stages run and nobody tells anything. */
  readonly between: Calls;
  readonly minutes: number;
}

export interface SweepCalls {
  /** Within some minutes in which nothing happens, the executions having started at all times of one. */
  readonly still: Calls;
  readonly minutes: number;
  /** From a start of the program until it knows all of them again. */
  readonly restart: Calls;
  readonly executions: number;
  readonly pipelines: number;
}

/** By "service:Operation". */
export type Calls = Readonly<Record<string, number>>;

const minute_ms = 60_000;
/** After so many, everything that is read from time to time has been read once. */
const minutes = 5;

export async function countRelease(bench: Bench): Promise<ReleaseCalls> {
  const releases = await openReleaseBench(bench, {
    name: "release",
    databaseUrl: null,
    clock: null,
  });
  const { program, aws } = releases;
  const owner = "acme";
  const stages = ["Build", "Test", "OneBox", "Production"];
  const account = "222233334444";
  await addRepository(releases, {
    owner,
    part: "release",
    account,
    stages,
    reports: ["Test"],
    pulls: 0,
  });
  // The sweep of the start is over before anything is counted.
  await quiet(releases);
  const byEvents: Calls[] = [];
  const between: Calls[] = [];
  const count = async (into: Calls[], act: () => Promise<unknown>) => {
    await aws.call.forget();
    await act();
    await quiet(releases);
    into.push(await aws.call.calls());
  };
  let sha = "";
  await count(byEvents, async () => {
    sha = await program.github.call.land(owner);
    await executionsOf(releases, [sha]);
  });
  const execution = (await executionsOf(releases, [sha])).get(sha)?.id ?? "";
  for (const stage of ["Source", ...stages]) {
    if (stage !== "Source")
      for (let minute = 0; minute < 2; minute++)
        await count(between, () => pass(releases, minute_ms));
    const act = passed(execution, stage);
    const files = { "junit.xml": junit };
    await count(byEvents, () => aws.call.act([stage === "Test" ? { ...act, files } : act]));
  }
  const end = await program.github.call.verdictOf(sha);
  if (!(end > 0)) throw new Error("The release did not end");
  await program.stop();
  return {
    byEvents: sum(byEvents),
    stages: 1 + stages.length,
    between: sum(between),
    minutes: between.length,
  };
}

const junit = '<testsuites><testsuite><testcase name="adds"/></testsuite></testsuites>';

/** Five pull requests of twenty repositories, each of which has a pipeline. */
export async function countSweep(bench: Bench): Promise<SweepCalls> {
  const releases = await openReleaseBench(bench, { name: "sweep", databaseUrl: null, clock: null });
  const { program, aws } = releases;
  const pipelines = 20;
  const each = 5;
  const owners = Array.from({ length: pipelines }, (_, turn) => `team-${turn}`);
  const shas: string[] = [];
  for (const [turn, owner] of owners.entries())
    await addRepository(releases, {
      owner,
      part: "verify",
      account: `2222333344${String(10 + (turn % 5))}`,
      stages: ["Build", "Test"],
      pulls: 0,
    });
  await quiet(releases);
  // One of each repository at a time, so that looks at them are due at all times of a minute.
  for (let turn = 0; turn < each; turn++) {
    const heads = await program.github.call.open({ owners, turn });
    shas.push(...heads);
    const started = await executionsOf(releases, heads);
    await aws.call.act([...started.values()].map(({ id }) => passed(id, "Source")));
    await pass(releases, minute_ms / each);
  }
  // Each says once more that it waits, and then there is nothing to tell any more.
  await passMinute(releases);
  await aws.call.forget();
  for (let minute = 0; minute < minutes; minute++) await passMinute(releases);
  const still = await aws.call.calls();
  await aws.call.forget();
  await program.restart();
  await quiet(releases);
  const restart = await aws.call.calls();
  await program.stop();
  return { still, minutes, restart, executions: shas.length, pipelines };
}

/** In steps, since what is due within one of them is looked at together. */
async function passMinute(releases: ReleaseBench): Promise<void> {
  for (let left = minute_ms; left > 0; )
    left -= await pass(releases, Math.min(left, minute_ms / 5));
}

function passed(execution: string, stage: string): Act {
  return { execution, stage, kind: "pass" };
}

export function total(calls: Calls): number {
  return Object.values(calls).reduce((all, count) => all + count, 0);
}

function sum(all: readonly Calls[]): Calls {
  const result: Record<string, number> = {};
  for (const calls of all)
    for (const [name, count] of Object.entries(calls)) result[name] = (result[name] ?? 0) + count;
  return result;
}
