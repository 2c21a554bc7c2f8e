// What a stage can be rolled back to. AWS's own refusals show no way out, so each reason is looked for before.

import type { AwsFailure, Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { again } from "../../aws/shared-readings.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { PipelineRun, PipelineRuns } from "../../ports/run.ts";
import type { Summary } from "./execution.ts";
import { type Executions, executionsBackTo, shaIn, succeededIn } from "./executions.ts";
import { type Present, presentIn } from "./present.ts";
import { isBeforeTheEnd } from "./rolled-back.ts";
import { findSource } from "./source.ts";
import { readState, type StageNow } from "./state.ts";
import { noStage, type Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";

export interface Target {
  readonly id: string;
  readonly sha: string;
  /** The newest execution of the pipeline at this moment; null where there is none. */
  readonly newest: string | null;
  /** The stage is before the one where the plan ends. */
  readonly stays?: true;
}

export type ChosenTarget =
  | { readonly kind: "chosen"; readonly target: Target }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export interface TargetTools {
  readonly runs: PipelineRuns;
  readonly structures: Structures;
  readonly executions: Executions;
}

export interface TargetWanted {
  readonly spec: CodePipelinePart;
  readonly stage: string;
  /** The commit that has to be in the stage. */
  readonly from: string;
  /** A commit, or the beginning of its name; null for the one before what is there. */
  readonly to: string | null;
  /** Commits that may come back. */
  readonly among: readonly string[];
}

/** The state is read last of all, and again: anyone who acts on it acts on what is in the stage now. */
export async function chooseTarget(
  tools: TargetTools,
  session: Session,
  wanted: TargetWanted,
): Promise<ChosenTarget> {
  const { spec, stage, from } = wanted;
  const structure = await tools.structures.current(session, spec, 0);
  if (structure.kind === "trouble") return not(structure);
  const unfit = unfitness(wanted, structure.value);
  if (unfit !== null) return refuse(unfit);
  const page = await tools.executions.since(session, spec, again);
  if (page.kind === "trouble") return not(page);
  const succeeded = await succeededIn(session, spec, stage);
  if (succeeded.kind === "trouble") return not(succeeded);
  const state = await readState(session, spec);
  if (state.kind === "trouble") return not(state);
  const now = state.value.stages.find(({ name }) => name === stage);
  const { summaries } = page.value.value;
  const known = await reaching(session, spec, { now, known: [...summaries, ...succeeded.value] });
  if (known.kind === "trouble") return not(known);

  const ledger = await tools.runs.known(known.value.map(({ id }) => id));
  const shaOf = commitsBy(wanted, structure.value, ledger);
  const present = presentIn({ now, known: known.value, shaOf, ledger });
  const meant = present.find(({ sha }) => sha === from);
  if (meant === undefined) return refuse(notMeant(wanted, now, present[0]));
  const busy = obstacle(wanted, now);
  if (busy !== null) return refuse(busy);
  const found = pick(wanted, {
    shaOf,
    succeeded: succeeded.value,
    // What others started has not passed what Interlock's plan asks for, even where it is the same commit.
    candidates: succeeded.value.filter(({ id }) => ledger.get(id)?.request.kind === "start"),
    present: meant,
  });
  if (typeof found === "string") return refuse(found);
  const planned = spec.stages.map(({ name }) => name);
  const stays = isBeforeTheEnd({ structure: structure.value, planned }, stage);
  const newest = summaries[0]?.id ?? null;
  return { kind: "chosen", target: { ...found, newest, ...(stays && { stays }) } };
}

/** With what is in the stage now, however long ago it began. */
async function reaching(
  session: Session,
  spec: CodePipelinePart,
  of: { readonly now: StageNow | undefined; readonly known: readonly Summary[] },
): Promise<Reply<readonly Summary[]>> {
  const id = of.now?.execution?.id;
  if (id === undefined || of.known.some((summary) => summary.id === id))
    return { kind: "ok", value: of.known };
  const further = await executionsBackTo(session, spec, id);
  if (further.kind === "trouble") return further;
  return { kind: "ok", value: [...further.value, ...of.known] };
}

/** As AWS tells them; where it does not, as they were asked for. */
function commitsBy(
  { spec }: TargetWanted,
  structure: Structure,
  ledger: ReadonlyMap<string, PipelineRun>,
): (summary: Summary) => string | null {
  const source = findSource(spec, structure);
  const name = source.kind === "chosen" ? source.source.name : null;
  return (summary) => {
    const request = ledger.get(summary.id)?.request;
    const asked = request?.kind === "rollback" ? request.sha : null;
    return shaIn(summary, name) ?? (request?.kind === "start" ? request.start.run.sha : asked);
  };
}

function unfitness({ spec, stage }: TargetWanted, { stages, mode }: Structure): string | null {
  const declared = stages.find(({ name }) => name === stage);
  if (declared === undefined) return noStage(spec, stages, stage);
  if (declared.actions.some(({ category }) => category === "Source"))
    return `The stage ${stage} only takes the source, so there is nothing in it to roll back.`;
  if (mode === "PARALLEL")
    return `The pipeline ${spec.pipeline} runs in PARALLEL mode, in which AWS rolls no stage back. ${instead}`;
  return null;
}

/** Why the stage is left alone where something else is in it than the commit that is to be taken out. */
function notMeant(
  { spec, stage, from }: TargetWanted,
  now: StageNow | undefined,
  present: Present | undefined,
): string {
  if (present !== undefined)
    return `In the stage ${stage} is ${short(present.sha)} by now, not ${short(from)}. Repeat it if it is meant for that.`;
  if ((now?.execution ?? null) === null)
    return `Nothing has come into the stage ${stage} of the pipeline ${spec.pipeline} yet, so there is nothing to take out of it.`;
  return `AWS does not tell which commit is in the stage ${stage} now, so nothing is taken out of it. ${instead}`;
}

function obstacle({ spec, stage }: TargetWanted, now: StageNow | undefined): string | null {
  const status = now?.execution?.status;
  if (status === "InProgress" || status === "Stopping")
    return `The stage ${stage} is running at this moment. Stop it first with \`/interlock stop\`, or wait for its end.`;
  if (status === "Skipped")
    return `A condition of the pipeline ${spec.pipeline} skipped the stage ${stage} the last time, and AWS does not roll back a stage that was skipped. ${instead}`;
  return null;
}

interface Choice {
  readonly shaOf: (summary: Summary) => string | null;
  /** All that succeeded in the stage, newest first, and those of them that may be gone back to. */
  readonly succeeded: readonly Summary[];
  readonly candidates: readonly Summary[];
  readonly present: Present;
}

/** Or why there is none. */
function pick(
  wanted: TargetWanted,
  choice: Choice,
): { readonly id: string; readonly sha: string } | string {
  const { spec, stage, to, among } = wanted;
  const { shaOf, candidates, present } = choice;
  const since = `since the pipeline ${spec.pipeline} was last changed`;
  if (to === null) {
    const before = candidates.find((summary) => {
      const sha = shaOf(summary) ?? "";
      const { startedAt } = present;
      return (
        sha !== present.sha &&
        among.includes(sha) &&
        startedAt !== null &&
        summary.startedAt <= startedAt
      );
    });
    if (before !== undefined) return { id: before.id, sha: shaOf(before) ?? "" };
    return `No earlier release of Interlock's own has passed the stage ${stage} ${since}, so there is nothing to go back to. ${instead}`;
  }
  const named = new Set([present.sha, ...among].filter((sha) => sha.startsWith(to.toLowerCase())));
  const [sha, ...more] = named;
  if (sha === undefined)
    return `The commit ${to} was not released by Interlock through the stage ${stage}, or was taken out of it again, so it does not come back. ${instead}`;
  if (more.length > 0)
    return `Several commits begin with ${to}: ${[...named].join(", ")}. Name the whole one.`;
  if (sha === present.sha) return `The commit ${to} is in the stage ${stage} already.`;
  const found = candidates.find((summary) => shaOf(summary) === sha);
  if (found !== undefined) return { id: found.id, sha };
  const there = choice.succeeded.filter((summary) => shaOf(summary) === sha);
  if (there.length > 0 && there.every(({ type }) => type === "ROLLBACK"))
    return `The commit ${to} came into the stage ${stage} by a rollback alone, and AWS does not go back to a rollback. ${instead}`;
  return `No release of the commit ${to} by Interlock has passed the stage ${stage} ${since}, so AWS cannot go back to it. ${instead}`;
}

const instead = "Revert the change and release that instead.";

function short(sha: string): string {
  return sha.slice(0, 7);
}

function refuse(why: string): ChosenTarget {
  return { kind: "refused", why };
}

function not({ is, why }: AwsFailure): ChosenTarget {
  return { kind: is === "later" ? "failed" : "refused", why };
}
