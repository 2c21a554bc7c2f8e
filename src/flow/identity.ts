// Whose a name is: everything at GitHub is read by name, and a name can belong to another repository by now.

import type { Effect } from "../core/model/effect.ts";
import type { Repository } from "../core/model/event.ts";
import type { Facts } from "../core/model/fact.ts";
import { isGateName } from "../core/render/checks.ts";
import type { Read } from "../ports/github.ts";
import type { Moment } from "../ports/readings.ts";
import type { Ports } from "./ports.ts";

/**
 * `same`: the name is that of the repository whose ledger is looked at. `told`: it was not known before which
 * one that is, or which branch is its default one, and is now. `other`: it is another one's, or the repository has another name.
 */
export type Whose = "same" | "told" | "other" | "unknown";

/** Asks GitHub. Where it says something else than the ledger, the ledger follows. */
async function whose(ports: Ports, repository: Repository): Promise<Whose> {
  const asked = await ports.store.moment();
  const read = await ports.github.identity(repository);
  const answer = compared(repository, read);
  if (read.kind !== "known" || answer === "same") return answer;
  return await follow(ports, repository, { answer, told: [read.value], asked });
}

/**
 * For something that is opened or started: the last reading of a look. What GitHub answers about a pull request
 * says whose it is, and is mostly unchanged, which costs less than to ask about the repository.
 */
export async function whoseSubject(ports: Ports, facts: Facts): Promise<Whose> {
  const { repository, ...of } = facts.subject;
  // Whose plan is in force was decided by it.
  const used =
    "pull" in facts && facts.pull.kind === "known"
      ? facts.pull.value.defaultBranch
      : repository.defaultBranch;
  let isUsed = isKnownAs(repository, used);
  if (of.kind === "pull" && repository.id !== undefined && isUsed) {
    const { number: since, at: now } = await ports.store.moment();
    const read = await ports.github.pull(repository, of.number, { since, bound: null, now });
    isUsed = read.kind !== "known" || read.value.defaultBranch === used;
    if (isUsed && read.kind === "known" && read.value.repository === repository.id) return "same";
  }
  const answer = await whose(ports, repository);
  return answer === "same" && !isUsed ? "unknown" : answer;
}

/** Before something that GitHub says is gone is written once more: under a name that another one has, nothing of ours is there. */
export async function isStillOwn(ports: Ports, { subject }: Facts): Promise<boolean> {
  const answer = await whose(ports, subject.repository);
  return answer === "same" || answer === "told";
}

/**
 * The same for a repository of which events have told that another one has its name, or it another name:
 * all those names are asked about.
 */
export async function settleClaims(ports: Ports, repository: Repository): Promise<Whose> {
  const claims = await ports.store.claims(repository);
  if (claims.length === 0 && repository.id !== undefined) return "same";
  const asked = await ports.store.moment();
  const names = new Map([repository, ...claims].map((one) => [slug(one), one]));
  const reads = await Promise.all([...names.values()].map((one) => ports.github.identity(one)));
  const told = reads.flatMap((read) => (read.kind === "known" ? [read.value] : []));
  const answer = compared(repository, reads[0] ?? { kind: "absent" });
  return await follow(ports, repository, { answer, told, asked });
}

/** Where another one has the name, the list says what its repository is called now: it is not taken for gone. */
async function follow(
  { github, store, log }: Ports,
  repository: Repository,
  of: { readonly answer: Whose; readonly told: readonly Repository[]; readonly asked: Moment },
): Promise<Whose> {
  const { answer, told, asked } = of;
  const { id } = repository;
  const isMissing = answer === "other" && !told.some((one) => one.id === id);
  const listed = isMissing ? await github.repositories(repository.installation) : null;
  if (listed?.kind === "unknown") return "unknown";
  const found = (listed?.value ?? []).map((one) => one.repository).filter((one) => one.id === id);
  if (answer === "other")
    log.warn(
      { repository: slug(repository), id, told },
      "A name belongs to another repository now",
    );
  await store.describe([...told, ...found], asked);
  return answer;
}

/** Whether something is opened or started by it, at GitHub or an engine. */
export function opens(effect: Effect): boolean {
  switch (effect.kind) {
    case "start":
    case "retry":
    case "approve":
    case "rollback":
      return true;
    case "create_check":
    case "update_check": {
      const { name, state } = effect.check;
      return isGateName(name) && state.status === "completed" && state.conclusion !== "failure";
    }
    default:
      return false;
  }
}

function compared(repository: Repository, read: Read<Repository>): Whose {
  // A repository that is gone may have another name now, or nobody lets us in.
  if (read.kind !== "known") return "unknown";
  const { id, ownerId, defaultBranch } = read.value;
  if (slug(read.value) !== slug(repository)) return "other";
  if (repository.id === undefined) return "told";
  const isOwn = repository.ownerId === undefined || repository.ownerId === ownerId;
  if (repository.id !== id || !isOwn) return "other";
  return isKnownAs(repository, defaultBranch) ? "same" : "told";
}

/** Where no default branch is known, GitHub itself was asked for its plan. */
function isKnownAs({ defaultBranch }: Repository, branch: string | undefined): boolean {
  return defaultBranch === undefined || defaultBranch === branch;
}

function slug({ owner, name }: Repository): string {
  return `${owner}/${name}`;
}
