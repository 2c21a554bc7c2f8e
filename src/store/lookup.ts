// Finds subjects by the names that people give them, in whatever case they write them.

import type { Lookup } from "../ports/inquiry.ts";
import type { Database } from "./database.ts";

export function openLookup(database: Database): Lookup {
  return {
    async subjects(name) {
      const rows = await database.query<{ key: string }>(
        `select key from interlock.subject
          where kind = $1 and lower(owner) = lower($2) and lower(name) = lower($3)
            and (kind <> 'pull' or number = $4)
            and (kind <> 'commit' or (starts_with(sha, $5) and ($6::text is null or branch = $6)))
          order by touched_at desc, position desc`,
        [
          name.kind,
          name.owner,
          name.name,
          name.kind === "pull" ? name.number : null,
          name.kind === "commit" ? name.sha : null,
          name.kind === "commit" ? name.branch : null,
        ],
      );
      return rows.map(({ key }) => key);
    },

    async repository(owner, name) {
      const [row] = await database.query<{ owner: string; name: string }>(
        `select owner, name from interlock.repository
          where lower(owner) = lower($1) and lower(name) = lower($2) limit 1`,
        [owner, name],
      );
      return row === undefined ? null : `${row.owner}/${row.name}`;
    },
  };
}
