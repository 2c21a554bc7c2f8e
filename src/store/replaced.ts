// Follows what GitHub says of repositories: a name that belongs to another one now brings nothing of its
// past, and one that was renamed keeps its own.

import type { Repository } from "../core/model/event.ts";
import {
  type Contradiction,
  contradictions,
  type Identified,
  isIdentified,
  type KnownRepository,
} from "./contradiction.ts";
import type { Connection } from "./database.ts";
import { moveRepository } from "./renamed.ts";

/**
 * Before what GitHub answered is written, in its transaction. `asked` is the moment before it was asked.
 * Returns the answers that are not older than what is known, and what became of the names.
 */
export async function followIdentities(
  tx: Connection,
  told: readonly Repository[],
  asked: number,
): Promise<{
  readonly answers: readonly Identified[];
  readonly replaced: readonly Identified[];
  readonly renamed: readonly Identified[];
}> {
  const all = told.filter(isIdentified);
  const found = await contradictions(tx, all);
  const late = new Set(
    found.filter(({ known }) => known.replaced > asked).map(({ index }) => index),
  );
  const answers = all.filter((_, index) => !late.has(index));
  const valid = found.filter(({ index }) => !late.has(index));
  const at = ({ index }: Contradiction) => all[index] as Identified;
  const taken = valid.filter(({ by }) => by === "name");
  // Another owner decides by other rules what may go to production: it begins there without a past.
  const moves: Move[] = valid
    .filter((one) => one.by === "id" && sameOwner(one.known, at(one)))
    .map((one) => ({ from: one.known, to: at(one) }));
  const moving = new Set(moves.map(({ from }) => placeOf(from)));
  // Two can have changed their names at once.
  for (const move of moves)
    if (moving.has(placeOf(move.to))) {
      const aside = { ...move.from, name: `~${move.to.id}` };
      await moveRepository(tx, move.from, aside);
      move.from = aside;
    }
  const replaced = taken.filter(({ known }) => !moving.has(placeOf(known)));
  for (const one of replaced) await forgetHistory(tx, one.known, at(one));
  const renamed: Identified[] = [];
  for (const { from, to } of moves)
    if (await makeRoom(tx, to)) {
      await moveRepository(tx, from, to);
      renamed.push(to);
    }
  return { answers, replaced: replaced.map(at), renamed };
}

interface Move {
  from: Repository;
  readonly to: Identified;
}

/** False where something is known under the new name already: the old one is left to the resync. */
async function makeRoom(tx: Connection, { owner, name }: Repository): Promise<boolean> {
  const used = await tx.query(
    "select from interlock.subject where owner = $1 and name = $2 limit 1",
    [owner, name],
  );
  if (used.length > 0) return false;
  for (const table of ["tip", "gated_plan", "repository"])
    await tx.query(`delete from interlock.${table} where owner = $1 and name = $2`, [owner, name]);
  return true;
}

async function forgetHistory(
  tx: Connection,
  { owner, name, id }: KnownRepository,
  by: Identified,
): Promise<void> {
  // Runs on this machine are stopped. Those at AWS are left alone: they are not the new repository's to stop.
  const own = `(select key from interlock.execution where owner = $1 and name = $2
                 union select key from interlock.rollback where owner = $1 and name = $2)`;
  for (const text of [
    `update interlock.local_run set stop_requested = 'repository_replaced'
      where ended_at is null and stop_requested is null and token in ${own}`,
    `delete from interlock.local_run
      where ended_at is not null and workspace is null and token in ${own}`,
    `delete from interlock.pipeline_run where token in ${own}`,
    "delete from interlock.rollback where owner = $1 and name = $2",
    // What belongs to a subject goes with it.
    `delete from interlock.subject
      where key in (select key from interlock.subject where owner = $1 and name = $2
                     order by key for update)`,
    "delete from interlock.tip where owner = $1 and name = $2",
    "delete from interlock.told where owner = $1 and name = $2",
    "delete from interlock.gated_plan where owner = $1 and name = $2",
    // Their keys are what was read, then the repository, then the rest.
    "delete from interlock.reading where split_part(key, '|', 2) = $1::text || '/' || $2::text",
  ])
    await tx.query(text, [owner, name]);
  await tx.query(
    `update interlock.repository set id = null, owner_id = null, default_branch = null,
            replaced = nextval('interlock.moment')
      where owner = $1 and name = $2`,
    [owner, name],
  );
  await tx.query(
    `insert into interlock.audit (kind, repository, source, detail, outcome)
     values ('repository', $1, 'interlock', $2, 'replaced')`,
    [
      `${owner}/${name}`,
      JSON.stringify({ from: id ?? null, to: by.id, owner: by.ownerId ?? null }),
    ],
  );
}

function sameOwner(known: Repository, told: Repository): boolean {
  return known.ownerId === undefined || known.ownerId === told.ownerId;
}

function placeOf({ owner, name }: Repository): string {
  return `${owner}/${name}`;
}
