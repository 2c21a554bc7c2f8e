// What each query of the store costs in blocks of 8 kB, from a thousand subjects to a hundred thousand.

import pg from "pg";
import type { Repository, Subject } from "../../src/core/model/event.ts";
import type { Store } from "../../src/ports/store.ts";
import { openStore } from "../../src/store/open.ts";
import { silent } from "../store/silent.ts";

/** What is in the store: half of the subjects are open pull requests, half landed commits of one branch. */
export interface Row {
  readonly name: string;
  /** Blocks of one call, hit or read, by the number of subjects. */
  readonly blocks: ReadonlyMap<number, number>;
}

const busy: Repository = { installation: 1, owner: "busy", name: "shop" };
const calm: Repository = { installation: 2, owner: "calm", name: "shop" };

/** Runs on a server that counts by pg_stat_statements. */
export async function measureQueries(
  newDatabase: () => Promise<string>,
  sizes: readonly number[],
): Promise<readonly Row[]> {
  const rows = new Map<string, Map<number, number>>();
  for (const size of sizes) {
    const url = await newDatabase();
    const { store, pipelineRuns, close } = await openStore({
      databaseUrl: url,
      dataDir: null,
      log: silent,
    });
    const client = new pg.Client(url);
    await client.connect();
    try {
      await client.query("create extension if not exists pg_stat_statements");
      await fill(client, size);
      for (const [name, call] of Object.entries(callsOf(store, pipelineRuns, size))) {
        const of = rows.get(name) ?? new Map<number, number>();
        of.set(size, await blocksOf(client, call));
        rows.set(name, of);
      }
    } finally {
      await client.end();
      await close();
    }
  }
  return [...rows].map(([name, blocks]) => ({ name, blocks }));
}

/** So often that a plan for all parameters is what serves, as in a program that runs for long. */
const calls = 12;

async function blocksOf(client: pg.Client, call: () => Promise<unknown>): Promise<number> {
  for (let turn = 0; turn < calls; turn += 1) await call();
  await client.query("select pg_stat_statements_reset()");
  for (let turn = 0; turn < calls; turn += 1) await call();
  const { rows } = await client.query<{ blocks: string }>(
    `select coalesce(sum(shared_blks_hit + shared_blks_read), 0) as blocks from pg_stat_statements
      where query like '%interlock.%' and query not like '%pg_stat_statements%'`,
  );
  return Number(rows[0]?.blocks ?? 0) / calls;
}

function callsOf(
  store: Store,
  runs: { since(time: number, count: { each: number; all: number }): Promise<unknown> },
  size: number,
): Readonly<Record<string, () => Promise<unknown>>> {
  const commit = (number: number) =>
    ({ kind: "commit", repository: busy, branch: "main", sha: shaOf(number) }) as const;
  const [first, middle] = [commit(0), commit(Math.floor(size / 4))];
  const key = `commit:busy/shop@${middle.sha}:main`;
  const read = async (subject: Extract<Subject, { kind: "commit" }>) => {
    await store.newer(subject);
    await store.waiting(subject);
    await store.carried(subject);
    await store.busy(subject);
  };
  return {
    "a landed commit: later, earlier, carried, busy": () => read(middle),
    "– the oldest of the branch": () => read(first),
    "– its branch's pull requests": () => store.openPulls(busy, { base: "other", most: 1 }),
    openSubjects: () => store.openSubjects(calm),
    previousReleases: () => store.previousReleases(key),
    releases: () => store.releases(busy, "main"),
    see: () =>
      store.see(
        [{ subject: { kind: "pull", repository: busy, number: 1 }, head: shaOf(1), before: null }],
        1,
      ),
    unfinishedSubjects: () => store.unfinishedSubjects(),
    "runs.since": () => runs.since(0, { each: 10, all: 100 }),
    prune: () => store.prune(2_000),
  };
}

/** As the database makes them below. */
function shaOf(number: number): string {
  return number.toString(16).padStart(40, "0");
}

export async function fill(client: pg.Client, size: number): Promise<void> {
  const half = size / 2;
  await client.query(`
    insert into interlock.repository (owner, name, installation, present)
    values ('busy', 'shop', 1, true), ('calm', 'shop', 2, true);
    insert into interlock.subject (key, kind, owner, name, number, head, base, open, created_at,
                                   heard_at, touched_at, verdict, verdict_sha)
    select 'pull:busy/shop#' || n, 'pull', 'busy', 'shop', n, lpad(to_hex(n), 40, '0'), 'main', true,
           1000, 1000, 1000, case when n <= 20 then 'in_progress' else 'success' end,
           lpad(to_hex(n), 40, '0')
      from generate_series(1, ${half}) as n;
    insert into interlock.subject (key, kind, owner, name, branch, sha, head, open, created_at,
                                   heard_at, touched_at, verdict, verdict_sha)
    select 'commit:busy/shop@' || lpad(to_hex(n), 40, '0') || ':main', 'commit', 'busy', 'shop',
           'main', lpad(to_hex(n), 40, '0'), lpad(to_hex(n), 40, '0'), n > ${half} - 20,
           1000, 1000, 1000, case when n > ${half} - 20 then 'in_progress' else 'success' end,
           lpad(to_hex(n), 40, '0')
      from generate_series(0, ${half} - 1) as n order by n;
    insert into interlock.execution (key, subject_key, owner, name, pipeline, part, sha, attempt,
                                     cause, spec, engine_id, state, created_at, ended_at, branch, landed)
    select key || '|run', key, owner, name, 'shop', 'release', sha, 1, 'landed', '{}', 'e' || position,
           'succeeded', 1000 + position, 1000 + position, branch, position
      from interlock.subject where kind = 'commit' and position % 2 = 0;
    insert into interlock.pipeline_run (token, request, execution_id, started_at, place)
    select key, '{}', key, 3000 + position, '["busy"]' from interlock.execution;
    insert into interlock.delivery (guid, event, received_at, outcome)
    select n::text, 'push', 1000000, 'look' from generate_series(1, ${size}) as n;
    analyze;
  `);
}
