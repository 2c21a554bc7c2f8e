// What was done to executions from outside: conditions that somebody overrode, and changes of the pipeline meanwhile.

import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import type { Dated } from "../../aws/shared-readings.ts";
import type { OutOfBandChange, OutOfBandChangeOn } from "../../core/model/drift.ts";
import { limit } from "../../core/model/limit.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Summary } from "./execution.ts";
import { readExecution } from "./execution.ts";
import { remember } from "./kept.ts";
import type { Readings } from "./readings.ts";
import { unheldStages } from "./rules.ts";
import { isOver } from "./stages.ts";
import type { PipelineNow } from "./state.ts";
import type { Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";

export interface OutOfBandQuestion {
  readonly session: Session;
  readonly spec: CodePipelinePart;
  readonly state: Dated<PipelineNow>;
  /** When the newest reading of those executions began. */
  readonly ownAt: number;
  /** The pipeline as it is now. */
  readonly structure: Structure;
  /** Executions of the commit. */
  readonly own: readonly Summary[];
}

export interface Marks {
  of(question: OutOfBandQuestion): Promise<Reply<readonly OutOfBandChangeOn[]>>;
  /** Of those of the executions whose marks were read after their end. */
  kept(own: readonly Summary[]): readonly OutOfBandChangeOn[];
  /** Whether its marks were read after its end: nothing that is done later is done to it. */
  isSettled(summary: Summary): boolean;
}

export interface MarkTools {
  readonly readings: Readings;
  readonly structures: Structures;
}

export function openMarks({ readings, structures }: MarkTools): Marks {
  /** Of executions that are not followed here. */
  const versions = new Map<string, number>();
  const settled = new Map<
    string,
    { readonly endedAt: number; readonly outOfBandChanges: readonly OutOfBandChange[] }
  >();

  async function marksOf(
    question: OutOfBandQuestion,
    summary: Summary,
  ): Promise<Reply<readonly OutOfBandChange[]>> {
    const { id, updatedAt: endedAt } = summary;
    if (isSettled(summary)) return { kind: "ok", value: settled.get(id)?.outOfBandChanges ?? [] };
    const change = await changeOf(question, summary);
    if (change.kind === "trouble") return change;
    const stages = await overriddenIn(question, summary);
    if (stages.kind === "trouble") return stages;
    const outOfBandChanges = [...change.value, ...stages.value.map(overriddenMark)];
    if (isOver(summary.status) && question.state.at >= question.ownAt)
      remember(settled, {
        id,
        value: { endedAt, outOfBandChanges },
        count: limit.codepipeline.readings,
      });
    return { kind: "ok", value: outOfBandChanges };
  }

  function isSettled({ id, status, updatedAt }: Summary): boolean {
    return isOver(status) && settled.get(id)?.endedAt === updatedAt;
  }

  /**
   * AWS tells the version of a pipeline, which version an execution runs, and when the last change was
   * made. So one change is known to come after the end or not; of several, the earlier ones have no
   * time, and count as made while it ran.
   */
  async function changeOf(
    question: OutOfBandQuestion,
    summary: Summary,
  ): Promise<Reply<readonly OutOfBandChange[]>> {
    const { id, status, startedAt, updatedAt: endedAt } = summary;
    const { version } = question.structure;
    const { updatedAt } = question.state.value;
    const none = { kind: "ok" as const, value: [] };
    const known = readings.version(id) ?? versions.get(id) ?? null;
    if (known === null && updatedAt !== null && updatedAt < startedAt) return none;
    const ran = known ?? (await readVersion(question, id));
    if (typeof ran === "object" && ran !== null) return ran;
    if (ran === version) return none;
    const later =
      updatedAt !== null && endedAt !== 0 && updatedAt > endedAt && status !== "Cancelled";
    const after = isOver(status) && later;
    if (after && ran !== null && version - ran === 1) return none;
    const { pipeline } = question.spec;
    const sentence = after
      ? `The pipeline ${pipeline} was changed since the execution ${id} began, and AWS does not tell whether that was before its end.`
      : `The pipeline ${pipeline} was changed while the execution ${id} was under way.`;
    return { kind: "ok", value: [{ kind: "pipeline_changed", stage: null, sentence }] };
  }

  /** Null where AWS does not say. */
  async function readVersion(
    { session, spec }: OutOfBandQuestion,
    id: string,
  ): Promise<number | null | Extract<Reply<never>, { kind: "trouble" }>> {
    const alone = await readExecution(session, spec, id);
    if (alone.kind === "trouble") return alone;
    const { version } = alone.value;
    if (version !== null)
      remember(versions, { id, value: version, count: limit.codepipeline.readings });
    return version;
  }

  /**
   * The state shows what is in each stage now. Where others have followed, and in PARALLEL mode, in
   * which stages have no state, the runs of the rules tell it of an execution that came through.
   */
  async function overriddenIn(
    question: OutOfBandQuestion,
    { id, status }: Summary,
  ): Promise<Reply<readonly string[]>> {
    const { session, spec, state, structure } = question;
    const inIt = state.value.stages.filter(({ execution }) => execution?.id === id);
    const shown = inIt.filter(({ overridden }) => overridden).map(({ name }) => name);
    if (status !== "Succeeded") return { kind: "ok", value: shown };
    const version = readings.version(id) ?? versions.get(id) ?? structure.version;
    const { createdAt } = state.value;
    const ran = await structures.of(session, spec, { version, createdAt, since: state.at });
    if (ran.kind === "trouble") return ran;
    const stages = ran.value.stages.filter(
      ({ name, rules }) => rules.length > 0 && !inIt.some((stage) => stage.name === name),
    );
    if (stages.length === 0) return { kind: "ok", value: shown };
    const passed = await unheldStages(session, spec, { executionId: id, stages });
    return passed.kind === "trouble" ? passed : { kind: "ok", value: [...shown, ...passed.value] };
  }

  return {
    isSettled,
    kept: (own) =>
      own
        .filter(isSettled)
        .flatMap(({ id }) =>
          (settled.get(id)?.outOfBandChanges ?? []).map((mark) => ({ engineId: id, mark })),
        ),
    async of(question) {
      const found: OutOfBandChangeOn[] = [];
      // A rollback is no run of the commit, and proves nothing in any case.
      for (const summary of question.own.filter(({ type }) => type === "STANDARD")) {
        const outOfBandChanges = await marksOf(question, summary);
        if (outOfBandChanges.kind === "trouble") return outOfBandChanges;
        found.push(...outOfBandChanges.value.map((mark) => ({ engineId: summary.id, mark })));
      }
      return { kind: "ok", value: found };
    },
  };
}

function overriddenMark(stage: string): OutOfBandChange {
  const sentence = `Somebody let this commit pass a condition of the stage ${stage} that did not hold.`;
  return { kind: "condition_overridden", stage, sentence };
}
