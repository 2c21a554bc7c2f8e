// What people ask of what runs in production, or is about to: a rollback of a release, an approval of a stage.

import { isLive } from "./attempt.ts";
import type { Command } from "./command.ts";
import type { Decision } from "./decision.ts";
import type { ApprovalWanted, RollbackWanted } from "./effect.ts";
import type { Execution, Facts, Outcome } from "./fact.ts";
import { code, prose } from "./page/markdown.ts";
import type { Part, Plan } from "./plan.ts";
import type { Wish } from "./wish.ts";

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
  readonly plan: Plan;
  readonly wishes: readonly Wish[];
}): readonly Intervention[] {
  const { facts, plan } = question;
  const asked = new Set<string>();
  return question.wishes.flatMap((wish) => {
    if (wish.ruling.kind !== "granted") return [];
    const { command } = wish;
    if (command.kind === "rollback") return [rollback(facts, plan, { wish, command })];
    if (command.kind !== "approve") return [];
    const answer = approve(facts, plan, { wish, command });
    // Two who approve the same at the same time are both answered, one after the other.
    const place = `${answer.approval?.execution} ${answer.approval?.stage}`;
    if (answer.approval !== null && asked.has(place)) return [{ ...answer, approval: null }];
    asked.add(place);
    return [answer];
  });
}

/** Commands that are carried out on a pull request that is closed as well. */
export function isIntervention({ kind }: Command): boolean {
  return kind === "rollback" || kind === "approve";
}

/** Whether the wish is behind the effect with that key. */
export function isAskedBy(key: string, intention: string): boolean {
  return key.startsWith(`${intention}|`);
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

function rollback(facts: Facts, plan: Plan, { wish, command }: Ask<"rollback">): Intervention {
  const refuse = (why: string) => refused(wish, why);
  const pipeline = plan.pipelines.find(({ name }) => isCalled(name, command.pipeline));
  if (pipeline === undefined) return refuse(noPipeline(plan, command.pipeline));
  const { name, release: spec } = pipeline;
  const key = `${wish.intention.key}|${name}|${command.stage ?? ""}|${command.to ?? ""}`;
  const there = facts.rollbacks.find((one) => one.key === key);
  if (there !== undefined && there.state !== "intended") {
    if (there.state === "refused") return refuse(there.why);
    const back = code((there.sha ?? "").slice(0, 7));
    const text = `Rolling ${prose(`${name} back from ${there.from.slice(0, 7)} to`)} ${back} in its stage ${prose(there.stage)}.`;
    return { ...nothing(wish), become: { kind: "done", text, sha: there.from } };
  }
  if (there !== undefined) {
    // Asked of the engine, and the answer was lost: the same key asks for the same.
    const { stage, execution, from, to, actor } = there;
    const again = { key, pipeline: name, spec: there.spec, stage, execution, from, to, actor };
    return { ...nothing(wish), rollback: again };
  }
  if (spec === null) return refuse(`${name} has no release, so there is nothing to roll back.`);
  if (!facts.able.rollback.includes(spec.engine))
    return refuse(
      `The engine ${spec.engine} of ${name} does not roll back. Revert the change and release that.`,
    );
  const releases = facts.releases.filter((one) => one.pipeline === name);
  const [newest] = releases;
  if (newest === undefined) return refuse(`${name} has released nothing yet.`);
  if (newest.createdAt > wish.intention.receivedAt)
    return refuse(
      `${newest.sha.slice(0, 7)} was released by ${name} since; repeat it if it is meant for that.`,
    );
  const stage =
    command.stage === null ? lastReached(spec, newest) : stageCalled(spec, command.stage);
  if (stage === null)
    return refuse(
      command.stage === null
        ? `The newest release of ${name} has not begun any stage of the plan. Name the stage that is meant.`
        : noStage(name, spec, command.stage),
    );
  const inIt = releases.find((one) => hasReached(one, stage));
  if (inIt === undefined)
    return refuse(`No release of ${name} has reached the stage ${stage}, as far as is known here.`);
  const { to } = command;
  const { actor } = wish.intention;
  return {
    ...nothing(wish),
    rollback: {
      key,
      pipeline: name,
      spec,
      stage,
      execution: inIt.key,
      from: inIt.sha,
      to,
      actor,
    },
  };
}

function approve(facts: Facts, plan: Plan, { wish, command }: Ask<"approve">): Intervention {
  const refuse = (why: string) => refused(wish, why);
  const { intention } = wish;
  const pipeline = plan.pipelines.find(({ name }) => isCalled(name, command.pipeline));
  if (pipeline === undefined) return refuse(noPipeline(plan, command.pipeline));
  const { name } = pipeline;
  const all = [...facts.executions, ...facts.releases].filter((one) => one.pipeline === name);
  const key = `${intention.key}|${name}|${command.stage ?? ""}`;
  for (const execution of all) {
    const answer = execution.approvals.find((approval) => approval.key === key);
    if (answer?.state === "refused") return refuse(answer.why);
    if (answer !== undefined) {
      const text = `Approved ${prose(answer.stage)} of ${prose(`${name}/${execution.part}`)} for ${code(execution.sha.slice(0, 7))}, attempt ${execution.attempt}.`;
      return { ...nothing(wish), become: { kind: "done", text, sha: execution.sha } };
    }
  }
  const candidates = all.flatMap((execution) => {
    if (!isLive(execution) || execution.engineId === null) return [];
    const stage =
      command.stage === null
        ? (execution.stages.find(({ state }) => state === "waiting")?.name ?? null)
        : stageCalled(execution.spec, command.stage);
    return stage === null ? [] : [{ execution, stage }];
  });
  const waiting = candidates.filter(({ execution, stage }) =>
    execution.stages.some((fact) => fact.name === stage && fact.state === "waiting"),
  );
  const [chosen, other] = waiting.length > 0 ? waiting : candidates;
  if (chosen === undefined)
    return refuse(
      `Nothing of ${name} runs that has a stage ${command.stage ?? "waiting for an approval"}, so there is nothing to approve.`,
    );
  const { execution, stage } = chosen;
  if (other !== undefined && other.execution.key !== execution.key)
    return refuse(
      `${execution.pipeline}/${execution.part} and ${other.execution.pipeline}/${other.execution.part} both wait in ${stage}. Approve with the button on the check of the one that is meant.`,
    );
  if (!facts.able.approve.includes(execution.spec.engine))
    return refuse(`The engine ${execution.spec.engine} knows no approvals.`);
  // What is approved is what the person could see, and no execution that began after.
  if (execution.createdAt > intention.receivedAt)
    return refuse(
      `The execution that waits in ${stage} began after this was asked for; repeat it if it is meant for ${execution.sha.slice(0, 7)}.`,
    );
  const approval = { key, execution: execution.key, stage, actor: intention.actor };
  return { ...nothing(wish), approval };
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

function nothing(wish: Wish): Intervention {
  return { wish, become: null, rollback: null, approval: null };
}

function refused(wish: Wish, why: string): Intervention {
  return { ...nothing(wish), become: { kind: "refused", text: prose(why), sha: null } };
}
