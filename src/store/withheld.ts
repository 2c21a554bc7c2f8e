// Events that are kept aside until GitHub has said whose name it is, and which branch is its default one: an old
// event can be sent again.

import type { Event, Repository, SubjectHint } from "../core/model/event.ts";
import { contradictions, type Identified, identities, isIdentified } from "./contradiction.ts";
import type { Connection } from "./database.ts";

/** What is needed of a delivery to take it in. */
export interface WithheldEvent {
  readonly guid: string;
  readonly receivedAt: number;
  readonly event: Event;
}

/** A repository as it was told of, and one that is known otherwise. */
export interface Doubt {
  readonly of: Identified;
  readonly known: Repository;
}

/** What is told that contradicts the ids, names and default branches that are known. */
export async function readDoubts(
  tx: Connection,
  all: readonly Pick<WithheldEvent, "event">[],
): Promise<readonly Doubt[]> {
  // Events of one repository say the same of it, each of them again.
  const told = new Map<string, Identified>();
  for (const { event } of all)
    for (const one of repositoriesOf(event)) if (isIdentified(one)) told.set(identityOf(one), one);
  const distinct = [...told.values()];
  const found = await contradictions(tx, distinct);
  return found.flatMap(({ index, known: { replaced: _, ...known } }) => {
    const of = distinct[index];
    return of === undefined ? [] : [{ of, known }];
  });
}

/**
 * Puts aside what there are doubts about. Returns the rest, with the repositories that are known otherwise in its
 * place: anyone who looks at one of them asks GitHub.
 */
export async function withhold(
  tx: Connection,
  all: readonly WithheldEvent[],
  doubts: readonly Doubt[],
): Promise<readonly WithheldEvent[]> {
  if (doubts.length === 0) return all;
  // What is known already is not told once more.
  const named = new Set(all.flatMap(({ event }) => repositoriesOf(event).map(identityOf)));
  const found = doubts.filter(({ of }) => named.has(identityOf(of)));
  if (found.length === 0) return all;
  const doubted = new Map(found.map(({ of }) => [identityOf(of), of]));
  const isDoubted = (repository: Repository) => doubted.has(identityOf(repository));
  const asked: SubjectHint[] = found.map(({ known: repository }) => ({
    subject: { kind: "repository", repository },
    head: null,
    before: null,
  }));
  const taken: WithheldEvent[] = [];
  const kept: { readonly of: Identified; readonly told: WithheldEvent }[] = [];
  const keep = (repository: Repository, one: WithheldEvent) => {
    const of = doubted.get(identityOf(repository));
    if (of !== undefined) kept.push({ of, told: one });
  };
  for (const one of all) {
    const { event } = one;
    if (event.kind === "look") {
      for (const hint of event.hints)
        keep(hint.subject.repository, { ...one, event: { kind: "look", hints: [hint] } });
      const hints = event.hints.filter(({ subject }) => !isDoubted(subject.repository));
      if (hints.length > 0) taken.push({ ...one, event: { kind: "look", hints } });
    } else if (event.kind === "intend" && isDoubted(repositoryOf(event.target)))
      keep(repositoryOf(event.target), one);
    else taken.push(one);
  }
  await insertWithheld(tx, kept);
  const receivedAt = Math.max(...kept.map((one) => one.told.receivedAt));
  return [...taken, { guid: "", receivedAt, event: { kind: "look", hints: asked } }];
}

/**
 * What was kept aside and is of a repository that GitHub has told of, in the order in which it came, under the
 * name that it has now: one that was renamed has lost nothing by that. What was kept before GitHub was asked
 * and is otherwise is dropped: it is of a repository that has the name no more.
 */
export async function release(
  tx: Connection,
  answers: readonly Identified[],
  asked: number,
): Promise<readonly WithheldEvent[]> {
  const [any] = await tx.query("select from interlock.withheld limit 1");
  if (any === undefined || answers.length === 0) return [];
  const given =
    "unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[]) as given (owner, name, id, owner_id)";
  const rows = await tx.query<{ position: number; content: string; owner: string; name: string }>(
    `delete from interlock.withheld using ${given}
      where withheld.id = given.id and coalesce(withheld.owner_id = given.owner_id, true)
     returning position, content, withheld.owner, withheld.name`,
    identities(answers),
  );
  await tx.query(
    `delete from interlock.withheld using ${given}
      where moment < $5
        and (withheld.id = given.id
             or withheld.owner = given.owner and withheld.name = given.name
                -- Another one has the name, and its own is known by another name: that one is asked about too.
                and not exists (select from interlock.repository as known
                                 where known.id = withheld.id and known.present
                                   and (known.owner, known.name) <> (given.owner, given.name)))`,
    [...identities(answers), asked],
  );
  return [...rows]
    .sort((one, other) => one.position - other.position)
    .map(({ content, owner, name }) => {
      const told = JSON.parse(content) as WithheldEvent;
      const [first] = repositoriesOf(told.event);
      const now = answers.find(({ id }) => id === first?.id);
      const isRenamed = now !== undefined && (now.owner !== owner || now.name !== name);
      return isRenamed ? readdressed(told, now) : told;
    });
}

/** The same under the name that its repository has now. */
export function readdressed<T extends Pick<WithheldEvent, "event">>(
  told: T,
  repository: Repository,
): T {
  const { event } = told;
  switch (event.kind) {
    case "look": {
      const hints = event.hints.map((hint) => ({
        ...hint,
        subject: { ...hint.subject, repository },
      }));
      return { ...told, event: { ...event, hints } };
    }
    case "intend":
      return { ...told, event: { ...event, target: { ...event.target, repository } } };
    default:
      return told;
  }
}

/** What events that wait here say of the name, or of the id by another name. */
export async function readClaims(
  on: Connection,
  { owner, name, id }: Repository,
): Promise<readonly Repository[]> {
  return on.query<Repository>(
    `select distinct installation, owner, name from interlock.withheld
      where owner = $1 and name = $2 or id = $3`,
    [owner, name, id ?? null],
  );
}

async function insertWithheld(
  tx: Connection,
  kept: readonly { readonly of: Identified; readonly told: WithheldEvent }[],
): Promise<void> {
  await tx.query(
    `insert into interlock.withheld
            (owner, name, id, owner_id, installation, content, received_at)
     select owner, name, id, owner_id, installation, content, received_at
       from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::bigint[])
              with ordinality
         as given (owner, name, id, owner_id, installation, content, received_at, turn)
      order by turn`,
    [
      ...identities(kept.map(({ of }) => of)),
      kept.map(({ of }) => of.installation),
      kept.map(({ told: { guid, receivedAt, event } }) =>
        JSON.stringify({ guid, receivedAt, event } satisfies WithheldEvent),
      ),
      kept.map(({ told }) => told.receivedAt),
    ],
  );
}

function repositoriesOf(event: Event): readonly Repository[] {
  if (event.kind === "look") return event.hints.map(({ subject }) => subject.repository);
  return event.kind === "intend" ? [repositoryOf(event.target)] : [];
}

function repositoryOf(target: { readonly repository: Repository }): Repository {
  return target.repository;
}

function identityOf({ owner, name, id, ownerId, defaultBranch }: Repository): string {
  return JSON.stringify([owner, name, id, ownerId, defaultBranch]);
}
