// A repository that has another name now: all that is known of it goes on under the new one.

import type { Repository } from "../core/model/event.ts";
import type { Connection } from "./database.ts";

/**
 * The new name must be free. Keys of executions stay: engines know them. Anyone who looks at a subject meanwhile
 * loses it, because its key is another one, also where the old name comes back.
 */
export async function moveRepository(
  tx: Connection,
  from: Repository,
  to: Repository,
): Promise<void> {
  const names = [from.owner, from.name, to.owner, to.name];
  // Kinds of keys hold no colon, and neither do names.
  const moved = (key: string) => `
    split_part(${key}, ':', 1) || ':' || $3::text || '/' || $4::text
      || substr(${key}, length(split_part(${key}, ':', 1)) + length($1::text || $2::text) + 3)`;
  await tx.query(
    `update interlock.rollback
        set owner = $3, name = $4, subject_key = ${moved("subject_key")}
      where owner = $1 and name = $2`,
    names,
  );
  // Subjects carry the name by their reference, and what belongs to a subject carries its key.
  await tx.query(
    `update interlock.subject set key = ${moved("key")}, epoch = epoch + 1
      where owner = $1 and name = $2`,
    names,
  );
  for (const table of ["repository", "tip", "gated_plan", "execution", "check_run"])
    await tx.query(
      `update interlock.${table} set owner = $3, name = $4 where owner = $1 and name = $2`,
      names,
    );
  // Whose a check is it says by the subject's key. Quotes within a text are written as \", so that only this begins so.
  const told = (kind: string, ends: string, [owner, name]: readonly string[]) =>
    `'"externalId":"${kind}:' || ${owner}::text || '/' || ${name}::text || '${ends}'`;
  const readdressed = (column: string) =>
    [["pull", "#"] as const, ["commit", "@"] as const].reduce(
      (text, [kind, ends]) =>
        `replace(${text}, ${told(kind, ends, ["$1", "$2"])}, ${told(kind, ends, ["$3", "$4"])})`,
      column,
    );
  await tx.query(
    `update interlock.check_run
        set content = ${readdressed("content")}, intended = ${readdressed("intended")}
      where owner = $3 and name = $4`,
    names,
  );
  await tx.query(
    `delete from interlock.reading
      where split_part(key, '|', 2) in ($1::text || '/' || $2::text, $3::text || '/' || $4::text)`,
    names,
  );
  await tx.query(
    `update interlock.repository set replaced = nextval('interlock.moment')
      where owner = $1 and name = $2`,
    [to.owner, to.name],
  );
  await tx.query(
    `insert into interlock.audit (kind, repository, source, detail, outcome)
     values ('repository', $1, 'interlock', $2, 'renamed')`,
    [
      `${to.owner}/${to.name}`,
      JSON.stringify({ from: `${from.owner}/${from.name}`, id: to.id ?? null }),
    ],
  );
}
