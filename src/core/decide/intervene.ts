// What people ask of what runs in production, or is about to: a rollback of a release, an approval of a stage.

import { isAskedBy } from "../command/asked.ts";
import type { PendingCommand } from "../command/request.ts";
import { isProductionCommand } from "../model/command.ts";
import type { Decision } from "../model/decision.ts";
import type { RollbackWanted } from "../model/effect.ts";
import type { Execution, Facts, Rollback } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import type { Part, Plan } from "../model/plan.ts";
import { isSamePlace, productionPlace } from "../model/production-place.ts";
import { code, prose } from "../render/markdown.ts";
import { approve } from "./approve.ts";
import { isLive, placeOf } from "./attempt.ts";
import {
  type Ask,
  authorship,
  isCalled,
  keyOf,
  noPipeline,
  noStage,
  nothing,
  type ProductionCommand,
  refused,
  short,
  stageCalled,
} from "./production-command.ts";

/** For each granted request of the kind what it comes to. They are about pipelines, not about the head. */
export function productionCommands(question: {
  readonly facts: Facts;
  /** The plan that says which pipelines there are and who may act on them. */
  readonly plan: Plan;
  readonly pendingCommands: readonly PendingCommand[];
}): readonly ProductionCommand[] {
  const { facts, plan } = question;
  // Until the engines and GitHub were asked, it is not known which of two equal ones will stand.
  const isQuestion = facts.targets === undefined || facts.authors === undefined;
  const asked = new Set<string>();
  return question.pendingCommands.flatMap((pendingCommand) => {
    if (pendingCommand.authorization.kind !== "granted") return [];
    const { command } = pendingCommand;
    if (!isProductionCommand(command)) return [];
    const answer =
      command.kind === "rollback"
        ? rollback(facts, plan, { pendingCommand, command })
        : approve(facts, plan, { pendingCommand, command: command as Ask<"approve">["command"] });
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

function isAsked({ requests }: Facts, key: string): boolean {
  return requests.some(
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
export function effectsOf(
  all: readonly ProductionCommand[],
): Pick<Decision, "approvals" | "rollbacks"> {
  return {
    approvals: all.flatMap(({ approval }) => (approval === null ? [] : [approval])),
    rollbacks: all.flatMap((one) => (one.rollback === null ? [] : [one.rollback])),
  };
}

function rollback(
  facts: Facts,
  plan: Plan,
  { pendingCommand, command }: Ask<"rollback">,
): ProductionCommand {
  const refuse = (why: string) => refused(pendingCommand, why);
  const { request } = pendingCommand;
  const key = keyOf(pendingCommand);
  const there = facts.rollbacks.find((one) => one.key === key);
  if (there !== undefined) return ongoing(facts, pendingCommand, there);
  const pipeline = plan.pipelines.find(({ name }) => isCalled(name, command.pipeline));
  if (pipeline === undefined) return refuse(noPipeline(plan, command.pipeline));
  const { name, release: spec } = pipeline;
  if (spec === null) return refuse(`${name} has no release, so there is nothing to roll back.`);
  if (!facts.engineCapabilities.rollback.includes(spec.engine))
    return refuse(
      `The engine ${spec.engine} of ${name} does not roll back. Revert the change and release that.`,
    );
  const releases = releasesOf(facts, name, spec);
  const [newest] = releases;
  if (newest === undefined) return refuse(`${name} has released nothing yet.`);
  if (newest.createdAt > request.askedAt)
    return refuse(
      `${short(newest.sha)} was released by ${name} since; repeat it if it is meant for that.`,
    );
  const stage =
    command.stage === null ? lastReached(spec, newest) : stageCalled(spec, command.stage);
  if (stage === null)
    return refuse(
      command.stage === null
        ? `The newest release of ${name} has not started any stage of the plan. Name the stage that is meant.`
        : noStage(name, spec, command.stage),
    );
  const place = productionPlace(name, spec);
  const other = facts.rolledBack.find(
    (back) => isLive(back) && isSamePlace(place, productionPlace(back.pipeline, back.spec)),
  );
  if (other !== undefined) return refuse(alreadyBack(other));
  const present = presentIn(facts, { pendingCommand, name, stage, releases });
  if ("why" in present) return refuse(present.why);
  // A button stands on the check of one commit, and is about no other.
  if (request.source === "button" && request.sha !== present.release.sha)
    return refuse(
      `In ${stage} of ${name} is ${short(present.release.sha)}, not ${short(request.sha ?? "")}.`,
    );
  const { key: execution, sha: from } = present.release;
  const { actor } = request;
  const among = amongOf(facts, { pipeline: name, spec, stage });
  const wanted = { key, pipeline: name, spec, stage, execution, from, among, actor };
  if (facts.targets === undefined)
    return { ...nothing(pendingCommand), rollback: { ...wanted, to: command.to } };
  const target = facts.targets.find((one) => one.key === key)?.reading;
  if (target?.kind === "refused") return refuse(target.why);
  if (target?.kind !== "known") return nothing(pendingCommand);
  // What is recorded and sent is the very commit that was found, whatever is the one before by then.
  const to = target.value;
  const own = authorship(facts, plan, { pendingCommand, verb: "rollback", sha: to });
  return own ?? { ...nothing(pendingCommand), rollback: { ...wanted, to } };
}

function alreadyBack({ pipeline, stage, actor }: Rollback): string {
  return `${pipeline} is being rolled back in ${stage} already, as ${actor} asked.`;
}

/** What became of a request that is in the ledger. */
function ongoing(facts: Facts, pendingCommand: PendingCommand, there: Rollback): ProductionCommand {
  const { state, pipeline, stage, from, sha, why } = there;
  if (state === "intended" && isStale(facts, there))
    return refused(
      pendingCommand,
      `The engine of ${pipeline} could not be asked for ${Math.round(limit.command.age_ms / 3_600_000)} hours, so this is not carried out any more. Give it once more if it is still meant.`,
    );
  if (state === "intended") return { ...nothing(pendingCommand), rollback: again(facts, there) };
  if (state === "refused") return refused(pendingCommand, why);
  const back = code(short(sha ?? ""));
  const text = `Rolling ${prose(`${pipeline} back from ${short(from)} to`)} ${back} in its stage ${prose(stage)}.`;
  return { ...nothing(pendingCommand), become: { kind: "done", text, sha: from } };
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
    readonly pendingCommand: PendingCommand;
    readonly name: string;
    readonly stage: string;
    readonly releases: readonly Execution[];
  },
): { readonly release: Execution } | { readonly why: string } {
  const { pendingCommand, name, stage, releases } = of;
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
  const { command, request } = pendingCommand;
  const to = command.kind === "rollback" ? command.to : null;
  const settled = (since.endedAt ?? 0) + limit.look.settle_ms;
  if (to === null && settled > request.askedAt)
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
    ({ key, outOfBandChanges, stages }) =>
      outOfBandChanges.length === 0 &&
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

/** The last stage of the part that the release has started; the first that failed is the last one too. */
function lastReached(spec: Part, release: Execution): string | null {
  return spec.stages.findLast(({ name }) => hasReached(release, name))?.name ?? null;
}

function hasReached(release: Execution, stage: string): boolean {
  return release.stages.some(({ name, startedAt }) => name === stage && startedAt !== null);
}
