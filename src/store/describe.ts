// What GitHub has answered about repositories: whose each name is, and what was kept aside until it said so.

import type { Repository, SubjectHint } from "../core/model/event.ts";
import type { Moment } from "../ports/readings.ts";
import { shownIn, takeIn } from "./accept.ts";
import type { Connection } from "./database.ts";
import type { Enqueue } from "./jobs.ts";
import { followIdentities } from "./replaced.ts";
import { describeRepositories } from "./repositories.ts";
import { readOpenSubjects } from "./subjects.ts";
import { lockBounds } from "./told.ts";
import { release } from "./withheld.ts";

/** `asked` is a moment before GitHub was asked: what is known since then stays. */
export async function describe(
  tx: Connection,
  enqueue: Enqueue,
  { told, asked }: { readonly told: readonly Repository[]; readonly asked: Moment },
): Promise<void> {
  const { answers, replaced, renamed } = await followIdentities(tx, told, asked.number);
  const switched = await describeRepositories(tx, answers);
  const released = await release(tx, answers, asked.number);
  // What is open there by now, nobody may have told.
  const hints: SubjectHint[] = [...replaced, ...renamed].map((repository) => ({
    subject: { kind: "repository", repository },
    head: null,
    before: null,
  }));
  const seen = { guid: "", receivedAt: asked.at, event: { kind: "look", hints } } as const;
  const all = [...released, seen];
  const taken = await takeIn(tx, all, await lockBounds(tx, all.flatMap(shownIn)));
  await taken.written;
  const jobs = [...taken.jobs];
  // Whose plan is in force is said by the default branch.
  for (const repository of [...renamed, ...switched])
    for (const { key, subject } of await readOpenSubjects(tx, repository))
      jobs.push({ key, installation: subject.repository.installation });
  await enqueue(tx, jobs);
}
