// The intake: deliveries, the subjects and runs they speak of, the requests they carry and the jobs, in one transaction.

import { byStoreClock } from "../core/model/arrival.ts";
import {
  type CommandRequestDraft,
  type Moved,
  type Repository,
  removalKey,
  type Subject,
  type SubjectHint,
  subjectKey,
} from "../core/model/event.ts";
import type { Accepted, Delivery } from "../ports/store.ts";
import { type Connection, type Database, Overtaken, storableText, storeNow } from "./database.ts";
import type { Enqueue, JobData } from "./jobs.ts";
import { noteTold } from "./pipeline-runs.ts";
import { keepReadings, takeMoment } from "./readings.ts";
import { letIn } from "./repositories.ts";
import { sendSeen } from "./seen.ts";
import { SeenSubjects } from "./seen-subjects.ts";
import { type Bounds, lockBounds, type ToldNow, writeTold } from "./told.ts";
import { later } from "./transaction.ts";
import { readDoubts, type WithheldEvent, withhold } from "./withheld.ts";

export async function accept(
  database: Database,
  enqueue: Enqueue,
  deliveries: readonly Delivery[],
  time: number | null,
): Promise<ReadonlyMap<string, Accepted>> {
  const fresh = await database.transaction(async (tx) => {
    // What can be asked for without an answer is: each wait takes longer than the statements themselves.
    const [{ known, now }, doubts, bounds] = await Promise.all([
      readKnown(tx, deliveries, time),
      readDoubts(tx, deliveries),
      lockBounds(tx, deliveries.flatMap(shownIn)),
    ]);
    // A delivery that is twice in this group counts once.
    const left = new Set(deliveries.map(guidOf).filter((guid) => !known.has(guid)));
    const added = new Set(left);
    const once = deliveries.filter((delivery) => left.delete(guidOf(delivery)));
    const inserting = later(insertDeliveries(tx, once));
    const told = once.map((delivery) => byStoreClock(delivery, now));
    const { jobs, written } = await takeIn(tx, await withhold(tx, told, doubts), bounds);
    // The jobs last: anyone who has one of them already waits for the subject, which is locked by now.
    await Promise.all([inserting, written, enqueue(tx, jobs)]);
    return added;
  });
  return new Map(
    deliveries.map((delivery) => [delivery.guid, fresh.has(guidOf(delivery)) ? "new" : "known"]),
  );
}

export interface TakenIn {
  /** What it makes necessary. */
  readonly jobs: readonly JobData[];
  /** Resolves once it is written; rejects with `Overtaken` where the transaction has to run again. */
  readonly written: Promise<void>;
}

/** Writes what was told, in its order. `bounds` are those of all that is told, or of more. */
export async function takeIn(
  tx: Connection,
  all: readonly WithheldEvent[],
  bounds: Bounds,
): Promise<TakenIn> {
  const jobs: JobData[] = [];
  const moved: { what: Moved; at: number; guid: string }[] = [];
  let batch = new Batch();
  for (const { event, receivedAt, guid } of all)
    switch (event.kind) {
      case "look":
        for (const hint of event.hints) batch.seen.add(hint, receivedAt, guid);
        break;
      case "intend":
        if (event.target.kind === "head") {
          // Which subjects have this head is only known once the earlier deliveries are written.
          batch = await batch.flush(tx, jobs);
          const { target, request: draft } = event;
          await intendForHead(tx, { ...target, draft, receivedAt, guid, jobs });
        } else {
          batch.intend(event.target, event.request, { receivedAt, guid });
        }
        break;
      case "forget":
        batch = await batch.flush(tx, jobs);
        // It can be sent again by anyone who has kept it: anyone who looks at the repository asks GitHub.
        for (const repository of await letIn(tx, event.repositories)) {
          const moment = await takeMoment(tx, receivedAt);
          const reading = { etag: null, moment, value: guid };
          await keepReadings(tx, [{ key: removalKey(repository), reading }]);
          const subject = { kind: "repository", repository } as const;
          batch.seen.add({ subject, head: null, before: null }, receivedAt, guid);
        }
        break;
      case "moved":
        moved.push({ what: event.what, at: receivedAt, guid });
        break;
      case "ignored":
        break;
    }
  await batch.flush(tx, jobs);
  const written = later(writeTold(tx, all.flatMap(shownIn), bounds));
  await noteTold(
    tx,
    moved.flatMap(({ what }) =>
      what.kind === "run" ? [{ token: what.key, line: what.told }] : [],
    ),
  );
  const [first, ...more] = moved;
  // Of several nobody says which subject is whose.
  const told = first !== undefined && more.length === 0 ? { delivery: first.guid } : {};
  const woken = await jobsForMoved(tx, moved);
  return { jobs: [...jobs, ...woken.map((job) => ({ ...job, ...told }))], written };
}

/** What an event tells of branches and pull requests themselves. */
export function shownIn({
  event,
  receivedAt,
}: Pick<WithheldEvent, "event" | "receivedAt">): readonly ToldNow[] {
  return event.kind === "look" ? event.hints.flatMap((hint) => toldIn(hint, receivedAt)) : [];
}

function toldIn({ subject, told }: SubjectHint, at: number): readonly ToldNow[] {
  const { repository } = subject;
  if (told === undefined || subject.kind === "repository") return [];
  const of =
    subject.kind === "pull"
      ? { kind: subject.kind, number: subject.number }
      : { kind: "branch" as const, branch: subject.branch };
  return [{ repository, of, told, at }];
}

/** As the store has it. */
function guidOf({ guid }: Delivery): string {
  return storableText(guid);
}

async function readKnown(
  tx: Connection,
  deliveries: readonly Delivery[],
  time: number | null,
): Promise<{ readonly known: ReadonlySet<string>; readonly now: number }> {
  const rows = await tx.read<{ now: number; guid: string | null }>(
    `select now, guid
       from (select ${storeNow(2)} as now) as clock
            left join interlock.delivery on guid = any($1::text[])`,
    [deliveries.map(({ guid }) => guid), time],
  );
  const now = Math.max(...rows.map((row) => row.now));
  return { known: new Set(rows.flatMap(({ guid }) => guid ?? [])), now };
}

/** Rejects with `Overtaken` where another process has stored one of them since they were looked for. */
async function insertDeliveries(tx: Connection, deliveries: readonly Delivery[]): Promise<void> {
  if (deliveries.length === 0) return;
  // In one order everywhere, so that two processes with the same deliveries never wait for each other.
  const rows = await tx.query(
    `insert into interlock.delivery (guid, event, action, received_at, outcome)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
            as given (guid, event, action, received_at, outcome)
      order by guid
         on conflict do nothing
     returning 1`,
    [
      deliveries.map(({ guid }) => guid),
      deliveries.map(({ name }) => name),
      deliveries.map(({ action }) => action),
      deliveries.map(({ receivedAt }) => receivedAt),
      deliveries.map(({ event }) =>
        event.kind === "ignored" ? `ignored: ${event.reason}` : event.kind,
      ),
    ],
  );
  if (rows.length < deliveries.length) throw new Overtaken();
}

interface PendingCommand {
  readonly subject: string;
  readonly draft: CommandRequestDraft;
  readonly receivedAt: number;
  readonly guid: string;
  /** The head that an earlier delivery of the same batch told; null leaves it to the database. */
  readonly head: string | null;
}

/** Deliveries that can be written together. */
class Batch {
  readonly seen = new SeenSubjects();
  readonly pendingCommands: PendingCommand[] = [];

  intend(
    subject: Subject,
    draft: CommandRequestDraft,
    { receivedAt, guid }: { readonly receivedAt: number; readonly guid: string },
  ): void {
    const key = subjectKey(subject);
    const head = this.seen.headOf(key);
    this.seen.add({ subject, head: null, before: null }, receivedAt, guid);
    this.pendingCommands.push({ subject: key, draft, receivedAt, guid, head });
  }

  async flush(tx: Connection, jobs: JobData[]): Promise<Batch> {
    const subjects = this.seen.all();
    const { heads } = await sendSeen(tx, subjects);
    for (const { key, subject, delivery } of subjects) {
      const { installation } = subject.repository;
      jobs.push({ key, installation, ...(delivery !== null && { delivery }) });
    }
    if (this.pendingCommands.length === 0) return new Batch();
    const known = await heads;
    await insertRequests(
      tx,
      this.pendingCommands.map((pendingCommand) => ({
        ...pendingCommand,
        head:
          pendingCommand.draft.sha ??
          pendingCommand.head ??
          known.get(pendingCommand.subject) ??
          null,
      })),
    );
    return new Batch();
  }
}

/** The subjects that the runs or the requests for them belong to, and those whose head is one of the commits. */
async function jobsForMoved(
  tx: Connection,
  moved: readonly { readonly what: Moved; readonly at: number }[],
): Promise<readonly JobData[]> {
  if (moved.length === 0) return [];
  const commits = moved.flatMap(({ what, at }) =>
    what.kind === "commit" ? [{ ...what, at }] : [],
  );
  const resumed = moved.flatMap(({ what, at }) =>
    what.kind === "run" && what.resumed ? [{ key: what.key, at }] : [],
  );
  // What others do for a commit was not asked for by us, so whatever was read of it before is old.
  await tx.query(
    `with told as (
       select owner, name, sha, max(at) as at
         from unnest($1::text[], $2::text[], $3::text[], $4::bigint[]) as given (owner, name, sha, at)
        group by owner, name, sha
     ), own as materialized (
       select subject.key, told.at from interlock.subject join told
           on subject.owner = told.owner and subject.name = told.name and subject.head = told.sha
        where subject.open or subject.kind = 'commit'
       union all
       select execution.subject_key, resumed.at
         from unnest($5::text[], $6::bigint[]) as resumed (key, at)
         join interlock.execution using (key)
        where execution.ended_at is not null
     ), rows as materialized (
       select subject.key, (select max(at) from own where own.key = subject.key) as at
         from interlock.subject where key in (select key from own)
        order by key for update
     )
     update interlock.subject
        set heard_at = greatest(heard_at, rows.at), heard = nextval('interlock.moment')
       from rows where subject.key = rows.key`,
    [
      commits.map(({ owner }) => owner),
      commits.map(({ name }) => name),
      commits.map(({ sha }) => sha),
      commits.map(({ at }) => at),
      resumed.map(({ key }) => key),
      resumed.map(({ at }) => at),
    ],
  );
  return tx.query<JobData>(
    `select subject.key, repository.installation
       from (select subject_key as key from interlock.execution where key = any($1::text[])
             union
             select subject_key from interlock.rollback where key = any($1::text[])
             union
             -- Anyone who asked for a rollback may be gone by now.
             select execution.subject_key
               from interlock.rollback join interlock.execution on execution.key = execution_key
              where rollback.key = any($1::text[])
             union
             select key from interlock.subject
              where (open or kind = 'commit')
                and (owner, name, head) in (
                      select * from unnest($2::text[], $3::text[], $4::text[]))) as moved
            join interlock.subject using (key)
            join interlock.repository using (owner, name)`,
    [
      moved.flatMap(({ what }) => (what.kind === "run" ? [what.key] : [])),
      commits.map(({ owner }) => owner),
      commits.map(({ name }) => name),
      commits.map(({ sha }) => sha),
    ],
  );
}

interface HeadRequest {
  readonly repository: Repository;
  readonly sha: string;
  readonly draft: CommandRequestDraft;
  readonly receivedAt: number;
  readonly guid: string;
  readonly jobs: JobData[];
}

/** A landed commit can be asked to run again long after it was settled; a closed pull request cannot. */
async function intendForHead(tx: Connection, pendingCommand: HeadRequest): Promise<void> {
  const { repository, sha, draft, receivedAt, guid, jobs } = pendingCommand;
  const rows = await tx.query<{ key: string }>(
    `update interlock.subject
        set open = true, heard_at = greatest(heard_at, $4), heard = nextval('interlock.moment'),
            touched_at = greatest(touched_at, $4)
      where key in (select key from interlock.subject
                     where owner = $1 and name = $2 and head = $3 and (open or kind = 'commit')
                     order by key for update)
     returning key`,
    [repository.owner, repository.name, sha, receivedAt],
  );
  const { installation } = repository;
  for (const { key } of rows) jobs.push({ key, installation, delivery: guid });
  await insertRequests(
    tx,
    rows.map(({ key }) => ({ subject: key, draft, receivedAt, guid, head: draft.sha ?? sha })),
  );
}

async function insertRequests(
  tx: Connection,
  pendingCommands: readonly PendingCommand[],
): Promise<void> {
  if (pendingCommands.length === 0) return;
  await tx.query(
    `insert into interlock.intention
            (subject_key, key, source, actor, comment, commands, sha, received_at, origin, delivery)
     select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[],
                          $6::text[], $7::text[], $8::bigint[], $9::text[], $10::text[])
         on conflict do nothing`,
    [
      pendingCommands.map(({ subject }) => subject),
      pendingCommands.map(({ draft }) => draft.key),
      pendingCommands.map(({ draft }) => draft.source),
      pendingCommands.map(({ draft }) => draft.actor),
      pendingCommands.map(({ draft }) => draft.comment),
      pendingCommands.map(({ draft }) => JSON.stringify(draft.commands)),
      pendingCommands.map(({ head }) => head),
      pendingCommands.map(({ draft, receivedAt }) =>
        Math.min(draft.writtenAt ?? receivedAt, receivedAt),
      ),
      pendingCommands.map(({ draft }) => JSON.stringify(draft.origin)),
      pendingCommands.map(({ guid }) => guid),
    ],
  );
}
