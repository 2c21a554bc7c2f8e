// What people ask of what runs in production, or is about to: a rollback of a release, an approval of a stage.

import { isAskedBy } from "../command/asked.ts";
import type { Wish } from "../command/wish.ts";
import { type Command, isIntervention } from "../model/command.ts";
import type { Decision } from "../model/decision.ts";
import type { ApprovalWanted, RollbackWanted } from "../model/effect.ts";
import type { Execution, Facts, Outcome, Rollback } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import type { Part, Plan } from "../model/plan.ts";
import { isSamePlace, productionPlace } from "../model/production-place.ts";
import { code, prose } from "../render/markdown.ts";
import { isLive, placeOf } from "./attempt.ts";

export interface Intervention {
  readonly wish: Wish;
  /** Null while the engine has not answered. Its commit is the one that it is about, where there is one. */
  readonly become: Outcome | null;
  readonly rollback: RollbackWanted | null;
  readonly approval: ApprovalWanted | null;
}

/** For each granted wish of the kind what it comes to. They are about pipelines, not about the head. */
export function interventions(question: {
  readonly facts: Facts;
  /** The plan that says which pipelines there are and who may act on them. */
  readonly plan: Plan;
  readonly wishes: readonly Wish[];
}): readonly Intervention[] {
  const { facts, plan } = question;
  // Until the engines and GitHub were asked, it is not known which of two equal ones will stand.
  const isQuestion = facts.targets === undefined || facts.authors === undefined;
  const asked = new Set<string>();
  return question.wishes.flatMap((wish) => {
    if (wish.ruling.kind !== "granted") return [];
    const { command } = wish;
    if (!isIntervention(command)) return [];
    const answer =
      command.kind === "rollback"
        ? rollback(facts, plan, { wish, command })
        : approve(facts, plan, { wish, command: command as Ask<"approve">["command"] });
    const { approval, rollback: back } = answer;
    // Two who ask for the same at the same time are both answered, one after the other.
    const place = `${approval?.execution ?? back?.pipeline} ${approval?.stage ?? back?.stage}`;
    if ((approval === null && back === null) || isQuestion) return [answer];
    if (asked.has(place)) return [{ ...answer, approval: null, rollback: null }];
    asked.add(place);
    return [answer];
  });
}

/**
 * Rollbacks that the engine was asked for and of which it has not said what became, whatever happened to the plan
 * since. Only while it is still asked for by somebody who can write: the engine may have none of it yet.
 */
export function unfinished(facts: Facts): readonly RollbackWanted[] {
  return facts.rollbacks
    .filter((one) => one.state === "intended" && !isStale(facts, one) && isAsked(facts, one.key))
    .map((one) => again(facts, one));
}

function isAsked({ intentions }: Facts, key: string): boolean {
  return intentions.some(
    ({ key: own, outcome, role, readBack }) =>
      isAskedBy(key, own) &&
      outcome === null &&
      role.kind === "known" &&
      ["write", "maintain", "admin"].includes(role.value) &&
      readBack?.kind === "known" &&
      readBack.value === "same",
  );
}

/** Whether it waits for its engine for so long that what was right then may not be so now. */
function isStale({ now }: Facts, { createdAt }: Rollback): boolean {
  return now - createdAt > limit.command.age_ms;
}

/** What is to be done for them. */
export function effectsOf(all: readonly Intervention[]): Pick<Decision, "approvals" | "rollbacks"> {
  return {
    approvals: all.flatMap(({ approval }) => (approval === null ? [] : [approval])),
    rollbacks: all.flatMap((one) => (one.rollback === null ? [] : [one.rollback])),
  };
}

type Ask<K extends "rollback" | "approve"> = {
  readonly wish: Wish;
  readonly command: Extract<Wish["command"], { kind: K }>;
};

/** The same key asks for the same. */
function keyOf({ intention, command }: Wish): string {
  return `${intention.key}|${intention.commands.indexOf(command)}`;
}

function rollback(facts: Facts, plan: Plan, { wish, command }: Ask<"rollback">): Intervention {
  const refuse = (why: string) => refused(wish, why);
  const { intention } = wish;
  const key = keyOf(wish);
  const there = facts.rollbacks.find((one) => one.key === key);
  if (there !== undefined) return ongoing(facts, wish, there);
  const pipeline = plan.pipelines.find(({ name }) => isCalled(name, command.pipeline));
  if (pipeline === undefined) return refuse(noPipeline(plan, command.pipeline));
  const { name, release: spec } = pipeline;
  if (spec === null) return refuse(`${name} has no release, so there is nothing to roll back.`);
  if (!facts.able.rollback.includes(spec.engine))
    return refuse(
      `The engine ${spec.engine} of ${name} does not roll back. Revert the change and release that.`,
    );
  const releases = releasesOf(facts, name, spec);
  const [newest] = releases;
  if (newest === undefined) return refuse(`${name} has released nothing yet.`);
  if (newest.createdAt > intention.askedAt)
    return refuse(
      `${short(newest.sha)} was released by ${name} since; repeat it if it is meant for that.`,
    );
  const stage =
    command.stage === null ? lastReached(spec, newest) : stageCalled(spec, command.stage);
  if (stage === null)
    return refuse(
      command.stage === null
        ? `The newest release of ${name} has not begun any stage of the plan. Name the stage that is meant.`
        : noStage(name, spec, command.stage),
    );
  const place = productionPlace(name, spec);
  const other = facts.rolledBack.find(
    (back) => isLive(back) && isSamePlace(place, productionPlace(back.pipeline, back.spec)),
  );
  if (other !== undefined) return refuse(alreadyBack(other));
  const present = presentIn(facts, { wish, name, stage, releases });
  if ("why" in present) return refuse(present.why);
  // A button stands on the check of one commit, and is about no other.
  if (intention.source === "button" && intention.sha !== present.release.sha)
    return refuse(
      `In ${stage} of ${name} is ${short(present.release.sha)}, not ${short(intention.sha ?? "")}.`,
    );
  const { key: execution, sha: from } = present.release;
  const { actor } = intention;
  const among = amongOf(facts, { pipeline: name, spec, stage });
  const wanted = { key, pipeline: name, spec, stage, execution, from, among, actor };
  if (facts.targets === undefined)
    return { ...nothing(wish), rollback: { ...wanted, to: command.to } };
  const target = facts.targets.find((one) => one.key === key)?.reading;
  if (target?.kind === "refused") return refuse(target.why);
  if (target?.kind !== "known") return nothing(wish);
  // What is recorded and sent is the very commit that was found, whatever is the one before by then.
  const to = target.value;
  const own = authorship(facts, plan, { wish, verb: "rollback", sha: to });
  return own ?? { ...nothing(wish), rollback: { ...wanted, to } };
}

/** Nobody alone decides that what they wrote goes to production; null where nothing stands against it. */
function authorship(
  { authors }: Facts,
  plan: Plan,
  of: { readonly wish: Wish; readonly verb: "approve" | "rollback"; readonly sha: string },
): Intervention | null {
  const { wish, verb, sha } = of;
  if (authors === undefined || plan.byAuthor?.includes(verb) === true) return null;
  const reading = authors.find((one) => one.key === keyOf(wish))?.reading;
  if (reading === undefined) return nothing(wish);
  switch (reading.kind) {
    case "unknown":
      return nothing(wish);
    case "cut":
      return refused(
        wish,
        `Who wrote what would go out with ${short(sha)} cannot be told: ${reading.why}`,
        ` To go on whoever wrote it, let the plan say ${code("not_author: false")} for ${verb}.`,
      );
    case "known": {
      const { actor } = wish.intention;
      if (!reading.value.some((login) => login.toLowerCase() === actor.toLowerCase())) return null;
      return refused(
        wish,
        `${actor} wrote a part of what would go out with ${short(sha)}, so somebody else has to say ${verb}.`,
      );
    }
  }
}

function alreadyBack({ pipeline, stage, actor }: Rollback): string {
  return `${pipeline} is being rolled back in ${stage} already, as ${actor} asked.`;
}

/** What became of a wish that is in the ledger. */
function ongoing(facts: Facts, wish: Wish, there: Rollback): Intervention {
  const { state, pipeline, stage, from, sha, why } = there;
  if (state === "intended" && isStale(facts, there))
    return refused(
      wish,
      `The engine of ${pipeline} could not be asked for ${Math.round(limit.command.age_ms / 3_600_000)} hours, so this is not carried out any more. Give it once more if it is still meant.`,
    );
  if (state === "intended") return { ...nothing(wish), rollback: again(facts, there) };
  if (state === "refused") return refused(wish, why);
  const back = code(short(sha ?? ""));
  const text = `Rolling ${prose(`${pipeline} back from ${short(from)} to`)} ${back} in its stage ${prose(stage)}.`;
  return { ...nothing(wish), become: { kind: "done", text, sha: from } };
}

/** Asked of the engine, and the answer was lost: the same key asks for the same. */
function again(facts: Facts, there: Rollback): RollbackWanted {
  const { key, pipeline, spec, stage, execution, from, to, actor } = there;
  const among = amongOf(facts, { pipeline, spec, stage });
  return { key, pipeline, spec, stage, execution, from, to, among, actor };
}

/** The release whose commit is in the stage, by the ledger; the engine sees to it that it is so. */
function presentIn(
  { rolledBack }: Facts,
  of: {
    readonly wish: Wish;
    readonly name: string;
    readonly stage: string;
    readonly releases: readonly Execution[];
  },
): { readonly release: Execution } | { readonly why: string } {
  const { wish, name, stage, releases } = of;
  const release = releases.find((one) => hasReached(one, stage));
  if (release === undefined)
    return {
      why: `No release of ${name} has reached the stage ${stage}, as far as is known here.`,
    };
  const since = rolledBack.findLast(
    (back) =>
      back.pipeline === name &&
      back.stage === stage &&
      back.createdAt >= release.createdAt &&
      (isLive(back) || back.state === "succeeded"),
  );
  if (since === undefined) return { release };
  if (isLive(since)) return { why: alreadyBack(since) };
  const { command, intention } = wish;
  const to = command.kind === "rollback" ? command.to : null;
  const settled = (since.endedAt ?? 0) + limit.look.settle_ms;
  if (to === null && settled > intention.askedAt)
    return {
      why: `${since.actor} has just rolled ${name} back in ${stage}${since.sha === null ? "" : ` to ${short(since.sha)}`}; to go back still further, name the commit with \`to\`.`,
    };
  const restored = releases.find((one) => one.sha === since.sha && hasReached(one, stage));
  if (restored === undefined)
    return {
      why: `What is in ${stage} of ${name} was released too long ago to be known here. Roll it back at the engine itself.`,
    };
  return { release: restored };
}

/** Commits that passed the stage by themselves and that nobody took out of it since. */
function amongOf(
  facts: Facts,
  of: { readonly pipeline: string; readonly spec: Part; readonly stage: string },
): readonly string[] {
  const { pipeline, spec, stage } = of;
  const good = releasesOf(facts, pipeline, spec).filter(
    ({ key, marks, stages }) =>
      marks.length === 0 &&
      stages.some(({ name, state }) => name === stage && state === "succeeded") &&
      !facts.rolledBack.some(
        (back) => back.execution === key && back.stage === stage && back.state !== "refused",
      ),
  );
  return [...new Set(good.map(({ sha }) => sha))];
}

/** Releases in the place where the plan releases now: another pipeline of the engine is another production. */
function releasesOf({ releases }: Facts, name: string, spec: Part): readonly Execution[] {
  return releases.filter((one) => one.pipeline === name && placeOf(one.spec) === placeOf(spec));
}

function approve(facts: Facts, plan: Plan, { wish, command }: Ask<"approve">): Intervention {
  const refuse = (why: string) => refused(wish, why);
  const { intention } = wish;
  const pipeline = plan.pipelines.find(({ name }) => isCalled(name, command.pipeline));
  if (pipeline === undefined) return refuse(noPipeline(plan, command.pipeline));
  const { name } = pipeline;
  const all = [...facts.executions, ...facts.releases].filter((one) => one.pipeline === name);
  const key = keyOf(wish);
  for (const execution of all) {
    const answer = execution.approvals.find((approval) => approval.key === key);
    if (answer?.state === "refused") return refuse(answer.why);
    if (answer !== undefined) {
      const text = `Approved ${prose(answer.stage)} of ${prose(`${name}/${execution.part}`)} for ${code(short(execution.sha))}, attempt ${execution.attempt}.`;
      return { ...nothing(wish), become: { kind: "done", text, sha: execution.sha } };
    }
  }
  const candidates =
    "shown" in command ? shownIn(facts, command, intention.sha) : meantIn(all, command.stage);
  const waiting = candidates.filter(({ execution, stage }) =>
    execution.stages.some((fact) => fact.name === stage && fact.state === "waiting"),
  );
  const [chosen, other] = waiting.length > 0 ? waiting : candidates;
  if (chosen === undefined || ("shown" in command && waiting.length === 0))
    return refuse(
      "shown" in command
        ? "What the check showed does not wait for an approval any more."
        : `Nothing of ${name} runs that has a stage ${command.stage}, so there is nothing to approve.`,
    );
  const { execution, stage } = chosen;
  if (other !== undefined && other.execution.key !== execution.key)
    return refuse(
      `${execution.pipeline}/${execution.part} of ${short(execution.sha)} and ${other.execution.pipeline}/${other.execution.part} of ${short(other.execution.sha)} both wait in ${stage}. Approve with the button on the check of the one that is meant.`,
    );
  if (!facts.able.approve.includes(execution.spec.engine))
    return refuse(`The engine ${execution.spec.engine} knows no approvals.`);
  // What is approved is what the person could see, and no execution that began after.
  if (execution.createdAt > intention.askedAt)
    return refuse(
      `The execution that waits in ${stage} began after this was asked for; repeat it if it is meant for ${short(execution.sha)}.`,
    );
  const own = authorship(facts, plan, { wish, verb: "approve", sha: execution.sha });
  if (own !== null) return own;
  const approval = { key, execution: execution.key, stage, actor: intention.actor };
  return { ...nothing(wish), approval };
}

interface Waiting {
  readonly execution: Execution;
  readonly stage: string;
}

/** What the check with the button showed: of this very subject, commit and attempt. */
function shownIn(
  { executions }: Facts,
  { pipeline, shown }: Extract<Command, { shown: unknown }>,
  sha: string | null,
): readonly Waiting[] {
  return executions.flatMap((execution) => {
    const { part, attempt } = execution;
    const isShown = part === shown.part && attempt === shown.attempt && execution.sha === sha;
    const stage = execution.stages[shown.stage]?.name;
    if (!isShown || execution.pipeline !== pipeline || stage === undefined) return [];
    return isLive(execution) && execution.engineId !== null ? [{ execution, stage }] : [];
  });
}

function meantIn(all: readonly Execution[], named: string | null): readonly Waiting[] {
  return all.flatMap((execution) => {
    if (!isLive(execution) || execution.engineId === null || named === null) return [];
    // The engine may have more stages than the plan, and one of them may wait.
    const stage =
      stageCalled(execution.spec, named) ??
      execution.stages.find(({ name }) => isCalled(name, named))?.name;
    return stage === undefined ? [] : [{ execution, stage }];
  });
}

/** The last stage of the part that the release has begun; the first that failed is the last one too. */
function lastReached(spec: Part, release: Execution): string | null {
  return spec.stages.findLast(({ name }) => hasReached(release, name))?.name ?? null;
}

function hasReached(release: Execution, stage: string): boolean {
  return release.stages.some(({ name, startedAt }) => name === stage && startedAt !== null);
}

function stageCalled(spec: Part, named: string): string | null {
  return spec.stages.find(({ name }) => isCalled(name, named))?.name ?? null;
}

function isCalled(name: string, as: string): boolean {
  return name.toLowerCase() === as.toLowerCase();
}

function noPipeline({ pipelines }: Plan, named: string): string {
  return `The plan has no pipeline ${named}; it has ${pipelines.map(({ name }) => name).join(", ")}.`;
}

function noStage(pipeline: string, spec: Part, named: string): string {
  return `The release of ${pipeline} has no stage ${named}; it has ${spec.stages.map(({ name }) => name).join(", ")}.`;
}

function short(sha: string): string {
  return sha.slice(0, 7);
}

function nothing(wish: Wish): Intervention {
  return { wish, become: null, rollback: null, approval: null };
}

/** `next` is Markdown already. */
function refused(wish: Wish, why: string, next = ""): Intervention {
  return { ...nothing(wish), become: { kind: "refused", text: prose(why) + next, sha: null } };
}
