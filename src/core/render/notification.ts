// What people are told of a release: each fact once, in words for them and in fields for programs.

import { assess } from "../decide/assess.ts";
import { isLive, isVoid } from "../decide/attempt.ts";
import { driftOf, withoutDriftReport } from "../decide/drift-reasons.ts";
import type { Repository } from "../model/event.ts";
import type { CommitFacts, DriftFact, Execution, Rollback } from "../model/fact.ts";
import { verdictOf } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import { plain } from "../model/plain.ts";
import type { NotificationKind, Part } from "../model/plan.ts";
import { nextStep, type Reason, stateOf } from "../model/reason.ts";

export interface Notification {
  /** Names the fact: the same however often it is looked at. */
  readonly key: string;
  readonly kind: NotificationKind;
  /** When it came about. */
  readonly at: number;
  readonly repository: Repository;
  readonly branch: string;
  readonly sha: string;
  /** Null where it concerns no pipeline. */
  readonly pipeline: string | null;
  /** Where it happened; null for all of them. */
  readonly stage: string | null;
  /** The role with which the pipeline is reached at AWS; null for none. */
  readonly role: string | null;
  /** One line of ASCII. */
  readonly subject: string;
  /** Plain text, never Markdown; the first says what happened. */
  readonly sentences: readonly string[];
}

export interface News {
  readonly facts: CommitFacts;
  /** For each pipeline of the commit's releases the one that ended last before them, of another commit. */
  readonly previous: readonly Execution[];
}

/** All that can be told now; anyone who sends them knows which were told before. */
export function notificationsOf(news: News): readonly Notification[] {
  const { facts } = news;
  const releases = facts.executions.filter(({ part, sha }) => {
    return part === "release" && sha === facts.subject.sha;
  });
  return [
    ...releases.flatMap((release) => [...started(facts, release), ...ended(news, release)]),
    ...facts.rollbacks.flatMap((rollback) => rolledBack(facts, releases, rollback)),
    ...releases.flatMap((release) => helped(facts, release)),
    ...facts.driftReports.flatMap((drift) => startedAround(facts, releases, drift)),
  ].filter(({ at }) => facts.now - at <= limit.notify.news_ms);
}

function started(facts: CommitFacts, release: Execution): readonly Notification[] {
  // What its engine never had has not started.
  if (release.engineId === null) return [];
  const { key, pipeline, createdAt, spec } = release;
  const sentence = `${pipeline}/release of ${facts.subject.sha} has started.`;
  return [
    notice(facts, {
      key: `started|${key}`,
      kind: "started",
      at: createdAt,
      pipeline,
      stage: null,
      role: roleOf(spec),
      title: `${pipeline} release of ${short(facts.subject.sha)} started`,
      sentences: [sentence],
    }),
  ];
}

function ended(news: News, release: Execution): readonly Notification[] {
  const { facts } = news;
  const [why] = endOf(release, facts.now);
  if (why === undefined) return [];
  // It may yet turn out to be no success.
  const drift = driftOf(facts, release.pipeline, "release");
  if (
    stateOf(why.code) === "success" &&
    withoutDriftReport(release.pipeline, { execution: release, drift, now: facts.now })
  )
    return [];
  const trouble = stateOf(why.code) === "success" ? troubleBefore(news, release) : null;
  const kind = kindOf(why, trouble);
  if (kind === null) return [];
  const { key, pipeline, spec, endedAt } = release;
  const again = release.retries.filter(({ state }) => state === "done").length;
  // Where the cause lies outside its stages, the first that was not reached is no place of it.
  const isOutside = kind === "recovered" || why.code === "execution_failed";
  const stage = isOutside ? null : openStage(release);
  return [
    notice(facts, {
      // Retried in its place it can end once more.
      key: `${kind}|${key}|${again}`,
      kind,
      at: endedAt ?? facts.now,
      pipeline,
      stage,
      role: roleOf(spec),
      title: `${pipeline} release of ${short(facts.subject.sha)} ${words[kind]}${stage === null ? "" : ` in ${stage}`}`,
      sentences: [why.sentence, trouble ?? `Next: ${nextStep(why.code, "commit")}`],
    }),
  ];
}

const words = { failed: "failed", recovered: "passed again", halted: "was stopped" } as const;

function kindOf(why: Reason, trouble: string | null): keyof typeof words | null {
  if (stateOf(why.code) === "success") return trouble === null ? null : "recovered";
  return why.code === "stopped" ? "halted" : "failed";
}

/** Why it ended as it did, the worst first; nothing while it has not, or where nobody wanted it any more. */
function endOf(execution: Execution, now: number): readonly Reason[] {
  if (isLive(execution) || isVoid(execution)) return [];
  const { pipeline, part, spec, sha } = execution;
  return verdictOf(assess({ name: `${pipeline}/${part}`, part: spec, sha, execution, now }))
    .reasons;
}

/** What went wrong last, where this release follows it: its own first try, or the release before it. */
function troubleBefore({ facts, previous }: News, release: Execution): string | null {
  if (release.retries.some(({ state }) => state === "done"))
    return "It had not passed before it was retried.";
  const earlier = facts.executions
    .filter(({ pipeline, part, sha, attempt }) => {
      const same = pipeline === release.pipeline && part === "release" && sha === release.sha;
      return same && attempt < release.attempt;
    })
    .sort((one, other) => other.attempt - one.attempt);
  const candidates = [
    ...earlier,
    ...previous.filter(({ pipeline }) => pipeline === release.pipeline),
  ];
  for (const candidate of candidates) {
    const [why] = endOf(candidate, facts.now);
    if (why === undefined) continue;
    if (stateOf(why.code) === "success") return null;
    return candidate.sha === release.sha
      ? `Its attempt ${candidate.attempt} had not passed: ${why.sentence}`
      : `The release before it, of ${short(candidate.sha)}, had not passed: ${why.sentence}`;
  }
  return null;
}

/** The first stage that has not passed. */
function openStage({ spec, stages }: Execution): string | null {
  const open = spec.stages.find(
    ({ name }) => stages.find((fact) => fact.name === name)?.state !== "succeeded",
  );
  return open?.name ?? null;
}

/** Told for the commit that was taken out, once it is out. */
function rolledBack(
  facts: CommitFacts,
  releases: readonly Execution[],
  rollback: Rollback,
): readonly Notification[] {
  const { key, pipeline, stage, sha, actor, state, why, spec, endedAt } = rollback;
  if (!releases.some((release) => release.key === rollback.execution)) return [];
  if (isLive(rollback) || state === "refused") return [];
  const { sha: from } = facts.subject;
  const to = sha === null ? "the one before" : short(sha);
  const isOut = state === "succeeded";
  return [
    notice(facts, {
      key: `rolled_back|${key}`,
      kind: "rolled_back",
      at: endedAt ?? facts.now,
      pipeline,
      stage,
      role: roleOf(spec),
      title: `${pipeline} ${isOut ? "was" : "could not be"} rolled back from ${short(from)} to ${to} in ${stage}`,
      sentences: [
        isOut
          ? `${actor} asked for it, and ${to} is in ${stage} again.`
          : `${actor} asked for it, and the rollback ${state}: ${why || "the engine does not say why"}`,
      ],
    }),
  ];
}

/** Whether something was done in the last stage of its plan. */
function hasReachedEnd({ spec, stages }: Execution): boolean {
  const last = stages.find(({ name }) => name === spec.stages.at(-1)?.name);
  return last !== undefined && last.startedAt !== null;
}

/** Somebody let the release pass, or changed the pipeline below it. */
function helped(facts: CommitFacts, release: Execution): readonly Notification[] {
  const { key, pipeline, spec, outOfBandChanges, surveyedAt } = release;
  // What a change of the pipeline has kept from its last stage has got around nothing.
  const told = outOfBandChanges.filter(
    ({ kind }) => kind !== "pipeline_changed" || hasReachedEnd(release),
  );
  return told.map(({ kind, stage, sentence }) =>
    notice(facts, {
      key: `bypass|${key}|${kind}|${stage ?? ""}`,
      kind: kind === "rolled_back" ? kind : "bypass",
      at: surveyedAt ?? facts.now,
      pipeline,
      stage,
      role: roleOf(spec),
      title:
        kind === "rolled_back"
          ? `${short(facts.subject.sha)} was taken out of ${stage ?? pipeline} around Interlock`
          : `${short(facts.subject.sha)} got around ${stage ?? "the stages"} of ${pipeline}`,
      sentences: [sentence],
    }),
  );
}

/** Somebody started the pipeline for the commit while its release has not passed. */
function startedAround(
  facts: CommitFacts,
  releases: readonly Execution[],
  { pipeline, reading }: DriftFact,
): readonly Notification[] {
  if (reading.kind === "unknown") return [];
  const own = releases.filter((release) => release.pipeline === pipeline);
  if (own.some((release) => release.state === "succeeded")) return [];
  const [spec] = own.map((release) => release.spec);
  return reading.value.foreignExecutions
    .filter(({ kind }) => kind === "standard")
    .map(({ engineId, trigger, by, startedAt }) =>
      notice(facts, {
        key: `bypass|${engineId}`,
        kind: "bypass",
        at: startedAt ?? facts.now,
        pipeline,
        stage: null,
        role: spec === undefined ? null : roleOf(spec),
        title: `${short(facts.subject.sha)} was started in ${pipeline} around Interlock`,
        sentences: [
          `The execution ${engineId} was not started by Interlock (${[trigger, by].filter((word) => word !== "").join(", ")}), and the release of this commit has not passed.`,
        ],
      }),
    );
}

type Draft = Omit<Notification, "repository" | "branch" | "sha" | "subject"> & {
  readonly title: string;
};

function notice(facts: CommitFacts, { title, sentences, ...rest }: Draft): Notification {
  const { repository, branch, sha } = facts.subject;
  return {
    ...rest,
    repository,
    branch,
    sha,
    subject: line(`${repository.owner}/${repository.name}: ${title}`),
    sentences: sentences.map((sentence) =>
      flat(sentence).slice(0, limit.notify.sentence_chars).toWellFormed(),
    ),
  };
}

/** SNS takes one line; ASCII is what every mail program shows. */
function line(text: string): string {
  return flat(text)
    .replace(/[^\x20-\x7e]/gu, "?")
    .slice(0, limit.notify.subject_chars)
    .trim();
}

function flat(text: string): string {
  return plain(text).replace(/\s+/g, " ").trim();
}

function roleOf(part: Part): string | null {
  return part.engine === "codepipeline" ? part.role : null;
}

function short(sha: string): string {
  return sha.slice(0, 7);
}
