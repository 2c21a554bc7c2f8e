// What people are told of a release: each fact once, in words for them and in fields for programs.

import { assess } from "./assess.ts";
import { isLive, isVoid } from "./attempt.ts";
import type { Repository } from "./event.ts";
import type { CommitFacts, Execution } from "./fact.ts";
import { verdictOf } from "./gate.ts";
import { limit } from "./limit.ts";
import { plain } from "./plain.ts";
import type { NoticeKind, Part, Plan } from "./plan.ts";
import { nextStep, type Reason, stateOf } from "./reason.ts";

export interface Notice {
  /** Names the fact: the same however often it is looked at. */
  readonly key: string;
  readonly kind: NoticeKind;
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
  readonly rollbacks: readonly RollbackNews[];
  readonly bypasses: readonly BypassNews[];
}

/** The commit was taken out of a stage again. */
export interface RollbackNews {
  /** The same for the same rollback. */
  readonly key: string;
  readonly at: number;
  readonly pipeline: string;
  readonly stage: string;
  /** The commit that was brought back. */
  readonly to: string;
  /** Why, as a sentence. */
  readonly sentence: string;
}

/** The commit reached the branch or production around the stages. */
export interface BypassNews {
  readonly key: string;
  readonly at: number;
  readonly pipeline: string | null;
  readonly sentence: string;
}

/** All that can be told now; whoever sends them knows which were told before. */
export function noticesOf(news: News): readonly Notice[] {
  const { facts } = news;
  const releases = facts.executions.filter(({ part, sha }) => {
    return part === "release" && sha === facts.subject.sha;
  });
  return [
    ...releases.flatMap((release) => [...begun(facts, release), ...ended(news, release)]),
    ...news.rollbacks.map((rollback) => rolledBack(facts, rollback)),
    ...news.bypasses.map((bypass) => bypassed(facts, bypass)),
  ].filter(({ at }) => facts.now - at <= limit.notify.news_ms);
}

function begun(facts: CommitFacts, release: Execution): readonly Notice[] {
  // What its engine never had has not begun.
  if (release.engineId === null) return [];
  const { key, pipeline, createdAt, spec } = release;
  const sentence = `${pipeline}/release of ${facts.subject.sha} has begun.`;
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

function ended(news: News, release: Execution): readonly Notice[] {
  const { facts } = news;
  const [why] = endOf(release, facts.now);
  if (why === undefined) return [];
  const trouble = stateOf(why.code) === "success" ? troubleBefore(news, release) : null;
  const kind = kindOf(why, trouble);
  if (kind === null) return [];
  const { key, pipeline, spec, endedAt } = release;
  const again = release.retries.filter(({ state }) => state === "done").length;
  const stage = kind === "recovered" ? null : openStage(release);
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
      sentences: [why.sentence, trouble ?? `Next: ${nextStep(why.code)}`],
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

function rolledBack(facts: CommitFacts, rollback: RollbackNews): Notice {
  const { key, at, pipeline, stage, to, sentence } = rollback;
  return notice(facts, {
    key: `rolled_back|${key}`,
    kind: "rolled_back",
    at,
    pipeline,
    stage,
    role: planRole(facts, pipeline),
    title: `${pipeline} was rolled back from ${short(facts.subject.sha)} to ${short(to)} in ${stage}`,
    sentences: [sentence],
  });
}

function bypassed(facts: CommitFacts, { key, at, pipeline, sentence }: BypassNews): Notice {
  return notice(facts, {
    key: `bypass|${key}`,
    kind: "bypass",
    at,
    pipeline,
    stage: null,
    role: planRole(facts, pipeline),
    title: `${short(facts.subject.sha)} got around ${pipeline ?? "the stages"}`,
    sentences: [sentence],
  });
}

type Draft = Omit<Notice, "repository" | "branch" | "sha" | "subject"> & { readonly title: string };

function notice(facts: CommitFacts, { title, sentences, ...rest }: Draft): Notice {
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

/** Without a pipeline the first role of the plan: it is all the same repository's. */
function planRole(facts: CommitFacts, pipeline: string | null): string | null {
  const plan = planOf(facts);
  const named = plan?.pipelines.filter(({ name }) => pipeline === null || name === pipeline) ?? [];
  const roles = named.map(({ release }) => (release === null ? null : roleOf(release)));
  return roles.find((role) => role !== null) ?? null;
}

function planOf({ plan }: CommitFacts): Plan | null {
  return plan.kind === "read" && plan.parse.kind === "valid" ? plan.parse.plan : null;
}

function roleOf(part: Part): string | null {
  return part.engine === "codepipeline" ? part.role : null;
}

function short(sha: string): string {
  return sha.slice(0, 7);
}
