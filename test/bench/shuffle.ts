// The same releases told twice: each event once and in order, and each doubled and out of order. What is left at the end?

import pg from "pg";
import { seededRandom } from "../../sandbox/github/random.ts";
import type { Act } from "./aws.ts";
import { idle } from "./measure.ts";
import {
  addRepository,
  executionsOf,
  openReleaseBench,
  quiet,
  type ReleaseBench,
} from "./release-bench.ts";
import type { Bench } from "./scene.ts";

export interface Shuffled {
  /** Different ones, each of which is sent once to one program and twice to the other. */
  readonly events: number;
  readonly executions: number;
  readonly end: "equal" | "different";
  /** Until all was sent and Interlock had come to rest, in seconds. */
  readonly orderedS: number;
  readonly shuffledS: number;
}

const seed = 20_300_501;
/** After Source; with it, as many as a plan may have. */
const stages = Array.from({ length: 29 }, (_, turn) => `Stage-${turn + 1}`);
/** Stages that an execution passes before anybody hears of them. */
const step = 3;

export async function measureShuffled(bench: Bench): Promise<Shuffled> {
  const clock = Date.now();
  const [ordered, shuffled] = await Promise.all([
    follow(bench, { name: "ordered", clock, schedule: inOrder() }),
    follow(bench, { name: "shuffled", clock, schedule: outOfOrder() }),
  ]);
  if (ordered.events !== shuffled.events) throw new Error("Not the same was told");
  const end = ordered.left === shuffled.left ? "equal" : "different";
  const { events, executions } = ordered;
  return { events, executions, end, orderedS: ordered.seconds, shuffledS: shuffled.seconds };
}

/** Which messages are sent in this wave, of those that have come about in it and before. */
interface Schedule {
  wave(fresh: readonly number[], last: "last" | "more"): readonly number[];
}

function inOrder(): Schedule {
  return { wave: (fresh) => fresh };
}

/** Each twice, a few waves late, and in any order. */
function outOfOrder(): Schedule {
  const random = seededRandom(seed);
  let waiting: { readonly number: number; readonly late: number }[] = [];
  return {
    wave(fresh, last) {
      for (const number of [...fresh, ...fresh])
        waiting.push({ number, late: Math.floor(random.next() * 4) });
      const due = waiting.filter(({ late }) => late === 0 || last === "last");
      waiting = waiting
        .filter(({ late }) => late > 0)
        .map(({ number, late }) => ({ number, late: late - 1 }));
      return due
        .map(({ number }) => ({ number, turn: random.next() }))
        .sort((one, other) => one.turn - other.turn)
        .map(({ number }) => number);
    },
  };
}

async function follow(
  bench: Bench,
  order: { readonly name: string; readonly clock: number; readonly schedule: Schedule },
) {
  const { name, clock, schedule } = order;
  const databaseUrl = await bench.newDatabase();
  const releases = await openReleaseBench(bench, { name, databaseUrl, clock });
  const { program, aws } = releases;
  const teams = bench.size.teams;
  const owners = Array.from({ length: teams }, (_, turn) => `team-${turn}`);
  // In an account each, since Interlock's own pace in one would hold all of them up.
  for (const [turn, owner] of owners.entries()) {
    const account = String(222233334444 + turn);
    await addRepository(releases, { owner, part: "verify", account, stages, pulls: 0 });
  }
  await aws.call.hold();
  const heads = [
    ...(await program.github.call.open({ owners, turn: 0 })),
    ...(await program.github.call.open({ owners, turn: 1 })),
  ];
  const started = await executionsOf(releases, heads);
  const fates = fatesOf(heads);
  // Its record of the start comes after it.
  await quiet(releases);

  const began = performance.now();
  let told = 0;
  const waves = Math.ceil((1 + stages.length) / step);
  for (let wave = 0; wave < waves; wave++) {
    for (let stage = wave * step; stage < (wave + 1) * step; stage++) {
      await aws.call.turn(1_000);
      await aws.call.act(
        heads.flatMap((sha, turn) => actAt(started.get(sha)?.id ?? "", fates[turn], stage)),
      );
    }
    const count = await aws.call.heldCount();
    const fresh = Array.from({ length: count - told }, (_, turn) => told + turn);
    told = count;
    await aws.call.send(schedule.wave(fresh, wave === waves - 1 ? "last" : "more"));
  }
  await quiet(releases);
  await idle([program.pid]);
  const seconds = (performance.now() - began) / 1_000;
  const left = await leftOf(releases, { owners, heads, databaseUrl });
  await program.stop();
  return { events: told, executions: heads.length, seconds, left };
}

interface Fate {
  readonly kind: "pass" | "fail" | "stop";
  /** By its place in the pipeline; the last one where all pass. */
  readonly stage: number;
}

/** Most pass; one in five fails or is stopped somewhere. */
function fatesOf(heads: readonly string[]): readonly Fate[] {
  const random = seededRandom(seed);
  return heads.map((_, turn) => {
    const stage = 1 + Math.floor(random.next() * stages.length);
    if (turn % 10 === 3) return { kind: "fail", stage };
    if (turn % 10 === 7) return { kind: "stop", stage };
    return { kind: "pass", stage: stages.length };
  });
}

function actAt(execution: string, fate: Fate | undefined, stage: number): readonly Act[] {
  if (fate === undefined || stage > fate.stage) return [];
  const name = ["Source", ...stages][stage] ?? "";
  return [{ execution, stage: name, kind: stage === fate.stage ? fate.kind : "pass" }];
}

/** What people and the ledger see in the end. Ids that AWS and Git draw again are left out. */
async function leftOf(
  { program }: ReleaseBench,
  of: {
    readonly owners: readonly string[];
    readonly heads: readonly string[];
    readonly databaseUrl: string;
  },
): Promise<string> {
  const { owners, heads, databaseUrl } = of;
  const client = new pg.Client(databaseUrl);
  await client.connect();
  const ledger = await client.query(
    `select subject_key, state, why, stages, ended_at, verdict
       from interlock.execution join interlock.subject on subject.key = subject_key order by 1`,
  );
  const heard = await client.query(
    "select event, outcome, count(*) from interlock.delivery where guid like 'sns:%' group by 1, 2",
  );
  await client.end();
  const lines = [ledger, heard].flatMap(({ rows }) => rows.map((row) => JSON.stringify(row)));
  for (const [turn, head] of heads.entries()) {
    const owner = owners[turn % owners.length] ?? "";
    const pages = await program.github.call.pagesOf({ owner, head });
    lines.push(
      ...pages.map((page) => page.replaceAll(head, "HEAD").replaceAll(head.slice(0, 7), "HEAD")),
    );
  }
  return lines.join("\n").replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "ID");
}
