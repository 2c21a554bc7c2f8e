// Who wrote what would go out by an approval, or come back by a rollback: all that the stage does not have now.

import { placeOf } from "../core/decide/attempt.ts";
import { subjectKey } from "../core/model/event.ts";
import type { AuthorsOf, Execution, Facts } from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import type { Part } from "../core/model/plan.ts";
import { isFirst } from "./landing.ts";
import type { Ports } from "./ports.ts";

type Reading = AuthorsOf["reading"];

/** Of an execution all that is new in the stage, and in those after it, which follow by themselves. */
export async function authorsOfApproved(
  ports: Ports,
  facts: Facts,
  of: { readonly key: string; readonly stage: string; readonly execution: Execution },
): Promise<AuthorsOf> {
  const { key, execution, stage } = of;
  const { sha, spec } = execution;
  if (execution.part === "verify") {
    if (!("pull" in facts) || facts.pull.kind !== "known")
      return { key, reading: { kind: "unknown", why: "The pull request was not read." } };
    const since = [`refs/heads/${facts.pull.value.base.ref}`];
    return { key, reading: await authorsSince(ports, facts, { sha, since }) };
  }
  // One that is not in the plan may stand before all of them.
  const place = Math.max(
    0,
    spec.stages.findIndex(({ name }) => name === stage),
  );
  const stages = new Set([stage, ...spec.stages.slice(place).map(({ name }) => name)]);
  const there = [...stages].map((name) => presentBefore(facts, { execution, stage: name }));
  const since = there.flatMap(({ shas }) => shas);
  if (there.some(({ isWhole }) => !isWhole)) {
    const first = await firstBefore(ports, facts);
    if (first === null) {
      const why = `what ${execution.pipeline} has in ${stage} now is not known here.`;
      return { key, reading: { kind: "cut", why } };
    }
    since.push(first);
  }
  return { key, reading: await authorsSince(ports, facts, { sha, since }) };
}

/** Of a commit that comes back all that its release brought; where that is not known, the commit or its merge. */
export async function authorsOfBroughtBack(
  ports: Ports,
  facts: Facts,
  of: {
    readonly key: string;
    readonly pipeline: string;
    readonly spec: Part;
    readonly stage: string;
    readonly sha: string;
  },
): Promise<AuthorsOf> {
  const { key, pipeline, spec, stage, sha } = of;
  const brought = facts.releases.findLast(
    (one) => one.sha === sha && one.pipeline === pipeline && placeOf(one.spec) === placeOf(spec),
  );
  const there = brought && presentBefore(facts, { execution: brought, stage });
  const since = there?.shas ?? [];
  const first = brought && there?.isWhole === false ? await firstBefore(ports, facts) : null;
  const all = first === null ? since : [...since, first];
  return { key, reading: await authorsSince(ports, facts, { sha, since: all }) };
}

/** Since each of the commits, for it is not known which of them is there; without any, since its first parent. */
async function authorsSince(
  { github }: Ports,
  { subject }: Facts,
  { sha, since }: { readonly sha: string; readonly since: readonly string[] },
): Promise<Reading> {
  const asked: readonly (string | null)[] = since.length === 0 ? [null] : [...new Set(since)];
  const readings = await Promise.all(
    asked.map((one) => github.authors(subject.repository, sha, one)),
  );
  const unread = readings.find(({ kind }) => kind !== "known");
  if (unread !== undefined) return unread;
  const logins = readings.flatMap((one) => (one.kind === "known" ? one.value : []));
  return { kind: "known", value: [...new Set(logins)] };
}

/**
 * What the stage may have held before the execution: the last release that passed it, and what was brought
 * back since. Not whole where no such release is known, or not what was brought back.
 */
function presentBefore(
  { releases, rolledBack }: Facts,
  { execution, stage }: { readonly execution: Execution; readonly stage: string },
): { readonly shas: readonly string[]; readonly isWhole: boolean } {
  const { pipeline, spec, createdAt, sha } = execution;
  const isThere = (one: { readonly pipeline: string; readonly spec: Part; createdAt: number }) =>
    one.pipeline === pipeline && placeOf(one.spec) === placeOf(spec) && one.createdAt < createdAt;
  const passed = releases
    .filter(
      (one) =>
        isThere(one) &&
        one.sha !== sha &&
        one.stages.some(({ name, state }) => name === stage && state === "succeeded"),
    )
    // In the order in which they began, not in that in which their commits landed.
    .reduce<Execution | null>(
      (last, one) => (last === null || one.createdAt > last.createdAt ? one : last),
      null,
    );
  const since = passed?.createdAt ?? 0;
  const back = rolledBack.filter(
    (one) =>
      isThere(one) && one.stage === stage && one.state !== "refused" && one.createdAt >= since,
  );
  const shas = [passed, ...back].flatMap((one) =>
    one === null || one.sha === null ? [] : [one.sha],
  );
  return { shas, isWhole: passed !== null && back.every((one) => one.sha !== null) };
}

/**
 * The commit before the first one of the branch that Interlock knows. Null where that is not known, or where
 * older ones may have been forgotten.
 */
async function firstBefore({ store }: Ports, facts: Facts): Promise<string | null> {
  const { subject, now } = facts;
  const branch =
    subject.kind === "commit"
      ? subject.branch
      : "pull" in facts && facts.pull.kind === "known"
        ? facts.pull.value.base.ref
        : null;
  if (branch === null) return null;
  const first = await store.firstLanded(subject.repository, branch);
  if (first === null || first.before === null) return null;
  if (isFirst(first)) return first.before;
  const known = await store.subject(
    subjectKey({ kind: "repository", repository: subject.repository }),
  );
  const isWhole = known !== null && now - known.createdAt < limit.keep.subjects_ms;
  return isWhole ? first.before : null;
}
