// Takes the snapshot that a decision is made from, and what the ledger says is there already.

import { isGone } from "../core/decide/attempt.ts";
import type { Present } from "../core/diff.ts";
import { isProductionCommand } from "../core/model/command.ts";
import type { Repository, Subject } from "../core/model/event.ts";
import type {
  CommitFacts,
  Facts,
  Files,
  PlanReading,
  Pull,
  PullFacts,
} from "../core/model/fact.ts";
import { limit } from "../core/model/limit.ts";
import { planPath } from "../core/model/plan.ts";
import { productionPlace } from "../core/model/production-place.ts";
import { openSteps, type Steps } from "../core/plan/glob.ts";
import { coversBranch } from "../core/plan/route.ts";
import { isShown } from "../core/render/stages.ts";
import type { Engine } from "../ports/engine.ts";
import type { Leased, SubjectRow } from "../ports/store.ts";
import { defaultPlanOf, planOf, standsAt } from "./branch.ts";
import { readBrought } from "./brought.ts";
import { isFirst, noteFirst } from "./landing.ts";
import { lookAround, refresh, refreshRollback } from "./observe.ts";
import type { Ports } from "./ports.ts";
import { readPresent } from "./present.ts";
import { readBack } from "./read-back.ts";
import { readPull } from "./read-pull.ts";
import { readRoles } from "./roles.ts";

export interface Gathered {
  readonly facts: Facts;
  readonly present: Present;
}

export async function gather(ports: Ports, row: Leased): Promise<Gathered> {
  const { subject } = row;
  switch (subject.kind) {
    case "pull": {
      const ahead = await lookAhead(ports, row, subject.number);
      const { pull, asTold } = await readPull(ports, row, subject.number);
      const head = pull.kind === "known" ? pull.value.head.sha : row.head;
      const base = pull.kind === "known" ? pull.value.base.ref : row.base;
      const { asks, ...asked } = await readRequests(ports, row, base);
      const [common, present, read] = await Promise.all([
        readCommon(ports, row),
        readPresent(ports, row, head),
        pull.kind !== "known" || asTold
          ? unread
          : readChange(ports, row, { pull: pull.value, asks, ahead }),
      ]);
      const facts = {
        ...common,
        ...asked,
        ...present.facts,
        subject,
        pull,
        ...read,
        driftReports: [],
      };
      return {
        facts: await withReaders(ports, await lookAround(ports, row, facts)),
        present: present.present,
      };
    }
    case "commit": {
      const { sha } = subject;
      const steps = openSteps();
      const [common, { asks: _, ...asked }, present, change, newer, busy, waiting, carried] =
        await Promise.all([
          readCommon(ports, row),
          readRequests(ports, row, subject.branch),
          readPresent(ports, row, sha),
          readRoad(ports, row, { subject, steps }),
          ports.store.newer(subject),
          ports.store.busy(subject),
          ports.store.waiting(subject),
          ports.store.carried(subject),
        ]);
      const facts = {
        ...common,
        ...asked,
        ...present.facts,
        ...change,
        steps: steps.left,
        subject,
        newer,
        // An engine that is turned off does not say what became of its release, perhaps for ever.
        busy: busy
          .filter((run) => !isGone(run, common))
          .map(({ pipeline, sha: other, key, spec, isRollback }) => ({
            ...productionPlace(pipeline, spec),
            sha: other,
            key,
            ...(isRollback && { isRollback }),
          })),
        carried,
        // An earlier commit that gets no verdict for long must not hold up the later ones for ever.
        waiting: common.now - row.createdAt > limit.look.order_ms ? [] : waiting,
        driftReports: [],
      };
      return {
        facts: await withReaders(ports, await lookAround(ports, row, facts)),
        present: present.present,
      };
    }
    case "repository":
      throw new Error(`${row.key} has no facts: flow/inspect looks at repositories`);
  }
}

/** Who can read the repository is asked only where a check would show what a stage printed. */
async function withReaders<F extends Facts>({ github }: Ports, facts: F): Promise<F> {
  if (!facts.executions.some(({ stages }) => stages.some(isShown))) return facts;
  return { ...facts, isPrivate: await github.isPrivate(facts.subject.repository) };
}

/** What is the same for every subject. Executions are asked of their engines first. */
async function readCommon(ports: Ports, row: Leased) {
  const { store, engines } = ports;
  const { failures, generation } = row;
  const [executions, rollbacks] = await Promise.all([
    store.executions(row.key),
    store.rollbacks(row.key),
  ]);
  return {
    now: row.now,
    failures,
    generation,
    executions: await Promise.all(executions.map((execution) => refresh(ports, row, execution))),
    rollbacks: await Promise.all(
      rollbacks.map((rollback) => refreshRollback(ports, row, rollback)),
    ),
    lastVerdict:
      row.verdict === null || row.verdictSha === null
        ? null
        : { verdict: row.verdict, sha: row.verdictSha },
    engines: [...engines.keys()],
    engineCapabilities: {
      rollback: namesOf(ports, (engine) => engine.rollback !== undefined),
      approve: namesOf(ports, (engine) => engine.approve !== undefined),
    },
  };
}

/** What people ask for, and what they can ask it of: what the branch has released, as it stands now. */
async function readRequests(ports: Ports, row: Leased, branch: string | null) {
  const { store } = ports;
  const { repository } = row.subject;
  const [requests, started] = await Promise.all([
    store.requests(row.key),
    store.rollbacks(row.key),
  ]);
  const taken = started.filter(({ state }) => state !== "intended");
  const asks =
    started.length > taken.length ||
    requests.some(
      ({ outcome, commands }) => outcome === null && commands.some(isProductionCommand),
    );
  const [releases, rolledBack] =
    asks && branch !== null
      ? await Promise.all([store.releases(repository, branch), store.rollbacksOf(repository)])
      : [[], []];
  return {
    asks,
    requests: await readBack(ports, row.subject, {
      taken,
      now: row.now,
      requests: await readRoles(ports, row, { requests, taken }),
    }),
    releases: await Promise.all(releases.map((release) => refresh(ports, row, release))),
    rolledBack: await Promise.all(rolledBack.map((one) => refreshRollback(ports, row, one))),
  };
}

function namesOf({ engines }: Ports, which: (engine: Engine) => boolean): readonly string[] {
  return [...engines].flatMap(([name, engine]) => (which(engine) ? [name] : []));
}

type Change = Pick<PullFacts, "defaultPlan" | "plan" | "files" | "proposed"> & { gated?: boolean };

const unread: Change = {
  defaultPlan: null,
  plan: { kind: "unknown", why: "It was not read." },
  files: { kind: "unknown", why: "They were not read." },
  proposed: null,
};

/** Where a branch stands, while it is asked about. */
interface Ahead {
  readonly branch: string;
  readonly at: ReturnType<typeof standsAt>;
}

/** The base is what it was or was told to be, as a rule: it is asked about while GitHub shows the pull request. */
async function lookAhead(ports: Ports, row: Leased, number: number): Promise<Ahead | null> {
  const { repository } = row.subject;
  const heard = await ports.store.told(repository, { kind: "pull", number });
  const bound = heard?.bound.kind === "pull" ? heard.bound : null;
  const branch = bound?.base.now ?? row.base;
  if (branch === null || bound?.state === "closed") return null;
  const at = standsAt(ports, { repository, now: row.now, since: row.heard, branch });
  // Anyone who needs the answer hears of it.
  at.catch(() => {});
  return { branch, at };
}

/** Of one that is closed only what a request is carried out by, where there is one. */
async function readChange(
  ports: Ports,
  row: Leased,
  of: { readonly pull: Pull; readonly asks: boolean; readonly ahead: Ahead | null },
): Promise<Change> {
  const { pull, asks, ahead } = of;
  if (pull.state === "closed" && !asks) return unread;
  const { repository } = row.subject;
  const { github } = ports;
  const { base, defaultBranch } = pull;
  const place = { repository, now: row.now, since: 0 };
  // Plan and paths are those of one commit, whatever lands meanwhile. Whatever made this look necessary may be
  // that the branch was put back, which no event told: a reading from before it is of what the branch has lost.
  const at =
    ahead?.branch === base.ref
      ? await ahead.at
      : await standsAt(ports, { ...place, since: row.heard, branch: base.ref });
  const [defaultPlan, plan, files] = await Promise.all([
    base.ref === defaultBranch ? null : planOf(ports, { ...place, branch: defaultBranch }),
    at.kind === "known" ? github.plan(repository, at.value) : at,
    at.kind === "known" && pull.state === "open"
      ? github.pullFiles(repository, pull, at.value)
      : unread.files,
  ]);
  if (pull.state === "closed") return { ...unread, defaultPlan, plan };
  const differs = defaultPlan !== null && plan.kind === "read" && !isSame(defaultPlan, plan);
  const gated = differs && (await ports.store.gatedPlan(repository, pull.base.ref)) === plan.blob;
  const proposed = await readProposed(ports, repository, pull, files);
  return { defaultPlan, plan, gated, files, proposed };
}

/** The plan at the head, where the change may touch it. */
async function readProposed(
  ports: Ports,
  repository: Repository,
  pull: Pull,
  files: Files,
): Promise<PlanReading | null> {
  const touches = files.kind === "known" ? files.value.includes(planPath) : files.kind === "cut";
  return touches ? await ports.github.proposedPlan(repository, pull.head.sha) : null;
}

type ChangeFacts = Pick<
  CommitFacts,
  "defaultPlan" | "plan" | "files" | "isLate" | "holders" | "judgedOtherwise"
> &
  Partial<Pick<CommitFacts, "landing">>;

/** The plan that says which branches are governed, and what the commit brings. Other branches are not read. */
async function readRoad(
  ports: Ports,
  row: Leased,
  of: { readonly subject: Extract<Subject, { kind: "commit" }>; readonly steps: Steps },
): Promise<ChangeFacts> {
  const { subject, steps } = of;
  const { github, store } = ports;
  const { repository, branch, sha } = subject;
  const { plan: unreadPlan, files } = unread;
  const nothing = {
    plan: unreadPlan,
    files,
    isLate: false,
    holders: [],
    judgedOtherwise: [],
  };
  const at = { repository, now: row.now };
  let defaultPlan = await defaultPlanOf(ports, { ...at, since: 0 });
  // Without a good plan in force this very push may have brought one.
  if (defaultPlan.kind !== "read" || defaultPlan.parse.kind === "invalid")
    defaultPlan = await defaultPlanOf(ports, { ...at, since: row.heard });
  // What was started goes on by its own plan, whatever became of the branch.
  const started = (await store.executions(row.key)).length > 0;
  const isOff = !started && !mayBeGoverned(defaultPlan, branch, steps);
  if (isOff && (await store.openPulls(repository, { base: branch, most: 1 })).length === 0)
    return { ...nothing, defaultPlan };

  const [plan, before] = await Promise.all([
    github.proposedPlan(repository, sha),
    row.before === null ? unreadPlan : github.proposedPlan(repository, row.before),
  ]);
  // What was read of the plan before is old now, and so is every verdict that was made by it.
  const moved = !isSame(plan, before);
  if (moved) defaultPlan = await defaultPlanOf(ports, { ...at, since: row.heard });
  const into = moved ? await store.openPulls(repository, { base: branch, most: null }) : [];
  if (into.length > 0) await standsAt(ports, { ...at, branch, since: row.heard });
  // The default branch's plan says for every base whether it is governed.
  const judgedOtherwise =
    moved && isSame(plan, defaultPlan)
      ? await store.openPulls(repository, { base: null, most: null })
      : into;
  if (!started && !mayBeGoverned(defaultPlan, branch, steps))
    return { ...nothing, defaultPlan, judgedOtherwise };
  if (isFirst(row) && !started)
    return {
      ...nothing,
      defaultPlan,
      judgedOtherwise,
      landing: await noteFirst(ports, row, subject),
    };
  const { defaultBranch } = repository;
  const obeyed =
    defaultBranch === branch ? plan : await inForce(ports, row, { defaultPlan, plan, started });
  return {
    defaultPlan,
    plan: obeyed,
    ...(await readBrought(ports, row, subject)),
    judgedOtherwise,
  };
}

/**
 * What is released from another branch than the default one, and where, is said by the default branch's
 * plan. What was started under an earlier one of its plans goes on as it was started, unless somebody asks for
 * it once more.
 */
async function inForce(
  { store }: Ports,
  row: SubjectRow,
  of: { readonly defaultPlan: PlanReading; readonly plan: PlanReading; readonly started: boolean },
): Promise<PlanReading> {
  const { defaultPlan, plan, started } = of;
  const isValid = (one: PlanReading) => one.kind === "read" && one.parse.kind === "valid";
  if (!isValid(plan) || defaultPlan.kind !== "read" || defaultPlan.parse.kind !== "valid")
    return plan;
  const [executions, requests] = await Promise.all([
    store.executions(row.key),
    store.requests(row.key),
  ]);
  const isAsked = requests.some(
    ({ outcome, commands }) => outcome === null && commands.some(({ kind }) => kind === "verify"),
  );
  if (!started || isAsked) return defaultPlan;
  const pipelines = defaultPlan.parse.plan.pipelines.map((pipeline) => {
    const newest = executions.findLast((one) => one.pipeline === pipeline.name);
    return newest === undefined ? pipeline : { ...pipeline, release: newest.spec };
  });
  return {
    ...defaultPlan,
    parse: { kind: "valid", plan: { ...defaultPlan.parse.plan, pipelines } },
  };
}

function mayBeGoverned(defaultPlan: PlanReading, branch: string, steps: Steps): boolean {
  if (defaultPlan.kind !== "read") return false;
  // Where that is not known it may be.
  return (
    defaultPlan.parse.kind === "invalid" ||
    coversBranch(defaultPlan.parse.plan, branch, steps) !== false
  );
}

function isSame(one: PlanReading, other: PlanReading): boolean {
  if (one.kind === "read" && other.kind === "read") return one.blob === other.blob;
  return one.kind === "absent" && other.kind === "absent";
}
