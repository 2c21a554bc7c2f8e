// What a stage can be rolled back to. AWS's own refusals show no way out, so each reason is looked for before.

import type { CodePipelinePart } from "../../core/plan.ts";
import { type Executions, type Summary, succeededIn } from "./executions.ts";
import { anew } from "./memory.ts";
import type { Session } from "./session.ts";
import { findSource } from "./source.ts";
import { readState, type StageNow } from "./state.ts";
import { noStage, type Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";
import type { Trouble } from "./trouble.ts";

export interface Target {
  readonly id: string;
  readonly sha: string;
  /** The newest execution of the pipeline at this moment; null where there is none. */
  readonly newest: string | null;
}

export type ChosenTarget =
  | { readonly kind: "chosen"; readonly target: Target }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string };

export interface TargetWanted {
  readonly spec: CodePipelinePart;
  readonly stage: string;
  /** A commit, or the beginning of its name; null for the one before what is there. */
  readonly to: string | null;
}

export async function chooseTarget(
  tools: { readonly structures: Structures; readonly executions: Executions },
  session: Session,
  wanted: TargetWanted,
): Promise<ChosenTarget> {
  const { spec, stage } = wanted;
  const structure = await tools.structures.current(session, spec, 0);
  if (structure.kind === "trouble") return not(structure);
  const state = await readState(session, spec);
  if (state.kind === "trouble") return not(state);
  const now = state.value.stages.find(({ name }) => name === stage);
  const why = obstacle(wanted, structure.value, now);
  if (why !== null) return { kind: "refused", why };
  const page = await tools.executions.since(session, spec, anew);
  if (page.kind === "trouble") return not(page);
  const succeeded = await succeededIn(session, spec, stage);
  if (succeeded.kind === "trouble") return not(succeeded);

  const source = findSource(spec, structure.value);
  const { summaries } = page.value.value;
  const known = [...summaries, ...succeeded.value];
  const shaOf = (summary: Summary) =>
    shaIn(summary, source.kind === "chosen" ? source.source.name : null);
  const found = pick(wanted, {
    shaOf,
    // AWS refuses to go back to a rollback; what that brought back is there under its own number.
    candidates: succeeded.value.filter(({ type }) => type === "STANDARD"),
    present: presentIn(now, known),
  });
  if (found === null) return { kind: "refused", why: nothing(wanted, succeeded.value.map(shaOf)) };
  return { kind: "chosen", target: { ...found, newest: summaries[0]?.id ?? null } };
}

function obstacle(
  { spec, stage }: TargetWanted,
  { stages, mode }: Structure,
  now: StageNow | undefined,
): string | null {
  const declared = stages.find(({ name }) => name === stage);
  if (declared === undefined) return noStage(spec, stages, stage);
  if (declared.actions.some(({ category }) => category === "Source"))
    return `The stage ${stage} only takes the source, so there is nothing in it to roll back.`;
  if (mode === "PARALLEL")
    return `The pipeline ${spec.pipeline} runs in PARALLEL mode, in which AWS rolls no stage back. ${instead}`;
  const status = now?.execution?.status;
  if (status === "InProgress" || status === "Stopping")
    return `The stage ${stage} is running at this moment. Stop it first with \`/interlock stop\`, or wait for its end.`;
  if (status === "Skipped")
    return `A condition of the pipeline ${spec.pipeline} skipped the stage ${stage} the last time, and AWS does not roll back a stage that was skipped. ${instead}`;
  return null;
}

/** The execution whose work is in the stage: of a rollback, the one that it brought back. */
function presentIn(now: StageNow | undefined, known: readonly Summary[]): Summary | null {
  const last = known.find(({ id }) => id === now?.execution?.id);
  if (last?.type !== "ROLLBACK") return last ?? null;
  return known.find(({ id }) => id === last.target) ?? last;
}

function pick(
  { to }: TargetWanted,
  from: {
    readonly shaOf: (summary: Summary) => string | null;
    readonly candidates: readonly Summary[];
    readonly present: Summary | null;
  },
): { readonly id: string; readonly sha: string } | null {
  const { shaOf, candidates, present } = from;
  const present_sha = present === null ? null : shaOf(present);
  for (const candidate of candidates) {
    const sha = shaOf(candidate);
    if (sha === null) continue;
    const fits =
      to === null
        ? sha !== present_sha && candidate.startedAt <= (present?.startedAt ?? Number.MAX_VALUE)
        : sha.startsWith(to.toLowerCase());
    if (fits) return { id: candidate.id, sha };
  }
  return null;
}

/** Without knowing which source counts, only where there is no choice. */
export function shaIn({ revisions }: Summary, source: string | null): string | null {
  const named = revisions.find(({ action }) => action === source);
  return (named ?? (revisions.length === 1 ? revisions[0] : undefined))?.id ?? null;
}

/** `there`: commits that any execution has brought into the stage, rollbacks among them. */
function nothing({ spec, stage, to }: TargetWanted, there: readonly (string | null)[]): string {
  const since = `since the pipeline ${spec.pipeline} was last changed`;
  if (to === null)
    return `No earlier commit has succeeded in the stage ${stage} ${since}, so there is nothing to go back to. ${instead}`;
  if (there.some((sha) => sha?.startsWith(to.toLowerCase())))
    return `The commit ${to} came into the stage ${stage} by a rollback alone, and AWS does not go back to a rollback. ${instead}`;
  return `The commit ${to} has not succeeded in the stage ${stage} ${since}, so AWS cannot go back to it. ${instead}`;
}

const instead = "Revert the change and release that instead.";

function not({ is, why }: Trouble): ChosenTarget {
  return { kind: is === "later" ? "failed" : "refused", why };
}
