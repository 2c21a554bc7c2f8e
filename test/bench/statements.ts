// Statements and transactions that a look at a subject takes on PostgreSQL, with its turn in the queue.

import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { LoadFunctions } from "./load.ts";
import { idle } from "./measure.ts";
import { type Program, startProgram } from "./program.ts";
import { startHelper } from "./remote.ts";
import type { Bench } from "./scene.ts";

export interface Statements {
  readonly name: string;
  readonly looks: number;
  /** Of one look. `begin` and `commit` are statements too. */
  readonly statements: number;
  readonly transactions: number;
}

interface Counted {
  readonly looks: number;
  readonly statements: number;
  readonly transactions: number;
}

export async function measureStatements(bench: Bench): Promise<readonly Statements[]> {
  const databaseUrl = await bench.newDatabase();
  const load = startHelper<LoadFunctions>("./load.ts", bench.output);
  const program = await startProgram({
    name: "statements",
    databaseUrl,
    localEngine: "off",
    counted: true,
    folder: bench.folder,
    output: bench.output,
  });
  const client = new pg.Client(databaseUrl);
  await client.connect();
  try {
    await program.github.call.quiet();
    const counter = await openCounter(program, client);
    const place = await program.github.call.pulls({ owner: "acme", count: pulls });
    const count = place.pulls.length;
    await load.call.aim(place);
    const opened = await counter.during(async () => {
      for (const from of place.pulls.keys()) {
        await load.call.deliver({
          port: program.port,
          connections: 1,
          count: 1,
          seconds: 10,
          from,
        });
        await sleep(apart_ms);
      }
    });
    const heads = place.pulls.map(({ number }) => number);
    /** Their time has come: of one after the other, or of all at once. */
    const due = async (groups: readonly (readonly number[])[], answers: "young" | "old") => {
      if (answers === "old")
        await client.query("update interlock.reading set read_at = read_at - 60000");
      for (const numbers of groups) {
        await client.query(
          "update interlock.subject set open = true, due_at = 0 where number = any($1::bigint[])",
          [numbers],
        );
        await sleep(apart_ms);
      }
    };
    const single = heads.map((number) => [number]);
    // So that the answers are young.
    await due([heads], "old");
    const young = await counter.during(() => due([heads], "young"));
    const old = await counter.during(() => due(single, "old"));
    const together = await counter.during(() => due([heads], "old"));
    return [
      of("a first look: from the delivery, which is stored, to its gate", opened, count),
      of("a look that finds nothing new, while GitHub's answers are young", young, count),
      of("– GitHub is asked, and each look is woken by itself", old, count),
      of("– GitHub is asked, all at once", together, count),
    ];
  } finally {
    await client.end();
    await program.stop();
  }
}

/** Fewer than an installation's budget holds. */
const pulls = 15;
/** A little more than the second within which what is due is found, so that each comes alone. */
const apart_ms = 1_200;

function of(name: string, { looks, statements, transactions }: Counted, least: number): Statements {
  if (looks < least) throw new Error(`Only ${looks} looks of ${least} were made: ${name}`);
  return {
    name,
    looks,
    statements: statements / looks,
    transactions: transactions / looks,
  };
}

/** What the program sends by itself is measured first, and taken off. */
async function openCounter(program: Program, client: pg.Client) {
  const read = async () => {
    const { rows } = await client.query<{ looks: string }>(
      "select coalesce(sum(epoch), 0) as looks from interlock.subject",
    );
    return {
      at: performance.now(),
      looks: Number(rows[0]?.looks),
      ...(await program.sent()),
    };
  };
  const between = async (act: () => Promise<unknown>) => {
    await idle([program.pid, program.github.pid]);
    const before = await read();
    await act();
    await idle([program.pid, program.github.pid]);
    const after = await read();
    return {
      ms: after.at - before.at,
      looks: after.looks - before.looks,
      statements: after.statements - before.statements,
      transactions: after.transactions - before.transactions,
    };
  };
  const rest = await between(() => sleep(10_000));
  return {
    async during(act: () => Promise<unknown>): Promise<Counted> {
      const all = await between(act);
      const part = all.ms / rest.ms;
      return {
        looks: all.looks,
        statements: all.statements - rest.statements * part,
        transactions: all.transactions - rest.transactions * part,
      };
    },
  };
}
