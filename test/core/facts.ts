// Builds facts for tests from a sketch that names only what the test is about. The rest is a pull
// request into main, or a commit that landed there, whose change the usual plan covers.

import { readFileSync } from "node:fs";
import { nextRun } from "../../src/core/decide/attempt.ts";
import type { Present } from "../../src/core/diff.ts";
import type { AnswerPresent, CheckPresent, CheckState } from "../../src/core/model/effect.ts";
import { type Repository, type Subject, subjectKey } from "../../src/core/model/event.ts";
import type {
  CommandRequest,
  CommitFacts,
  Execution,
  Facts,
  Files,
  Known,
  Landed,
  PlanReading,
  Pull,
  PullFacts,
  Rollback,
  Sibling,
  StageFact,
} from "../../src/core/model/fact.ts";
import type { Part, PartName, Plan, Role } from "../../src/core/model/plan.ts";
import type { ReportReading, TestCounts, TestProblem } from "../../src/core/model/report.ts";
import { parsePlan } from "../../src/core/plan/parse.ts";

export const now = Date.UTC(2026, 0, 5, 12);
export const minute_ms = 60_000;

/** Commits whose first digits a reader recognises. */
export const sha = {
  head: "beefcafe00000000000000000000000000000001",
  old: "0ddba11000000000000000000000000000000002",
  landed: "1a9ded0000000000000000000000000000000003",
  later: "fee1dead00000000000000000000000000000004",
  earlier: "ea51e50000000000000000000000000000000005",
} as const;

export const repository: Repository = {
  installation: 7,
  owner: "acme",
  name: "shop",
  defaultBranch: "main",
};

export function pullSubject(number = 12): Extract<Subject, { kind: "pull" }> {
  return { kind: "pull", repository, number };
}

export function commitSubject(commit: string = sha.landed): Extract<Subject, { kind: "commit" }> {
  return { kind: "commit", repository, branch: "main", sha: commit };
}

/** A plan as a reviewer reads it. */
export function planOf(yaml: string): Plan {
  const parse = parsePlan(yaml);
  if (parse.kind === "invalid") throw new Error(JSON.stringify(parse.problems));
  return parse.plan;
}

export function readingOf(yaml: string): PlanReading {
  return { kind: "read", blob: "b10b", parse: parsePlan(yaml) };
}

export const usualPlan = planOf(readFileSync(new URL("cases/plan.yml", import.meta.url), "utf8"));

export function partOf(plan: Plan, pipeline = "shop", part: PartName = "verify"): Part {
  const found = plan.pipelines.find(({ name }) => name === pipeline)?.[part];
  if (found === undefined || found === null) throw new Error(`No ${pipeline}/${part}`);
  return found;
}

// ---------------------------------------------------------------- sketches

export interface ReportSketch {
  readonly kind?: ReportReading["kind"];
  readonly path?: string;
  readonly why?: string;
  readonly counts?: Partial<TestCounts>;
  readonly problems?: readonly Partial<TestProblem>[];
}

export type StageSketch = Partial<Omit<StageFact, "reports">> & {
  readonly name: string;
  readonly reports?: readonly ReportSketch[];
};

/** Without stages, those of its part, all as far as the state says. */
export type ExecutionSketch = Partial<Omit<Execution, "stages">> & {
  readonly stages?: readonly StageSketch[];
};

export type RequestSketch = Partial<Omit<CommandRequest, "role">> & {
  readonly role?: Role | "none" | CommandRequest["role"];
};

interface Sketch {
  readonly now?: number;
  readonly plan?: Plan | PlanReading;
  readonly files?: readonly string[] | Files;
  readonly executions?: readonly ExecutionSketch[];
  readonly requests?: readonly RequestSketch[];
  readonly siblings?: readonly (Partial<Sibling> & { readonly key: string })[];
  readonly lastVerdict?: PullFacts["lastVerdict"];
  readonly gateOwner?: string | null;
  readonly successors?: readonly string[];
  readonly engines?: readonly string[];
  readonly engineCapabilities?: Facts["engineCapabilities"];
  readonly driftReports?: Facts["driftReports"];
  readonly rollbacks?: readonly Partial<Rollback>[];
  readonly releases?: readonly ExecutionSketch[];
  readonly rolledBack?: readonly Partial<Rollback>[];
  readonly failures?: number;
  readonly isPrivate?: boolean;
}

export interface PullSketch extends Sketch {
  readonly subject?: Extract<Subject, { kind: "pull" }>;
  readonly pull?: Partial<Pull> | { readonly kind: "absent" } | Known<Pull>;
  readonly proposed?: Plan | PlanReading | null;
  /** Null, as usual, where the base is the default branch. */
  readonly defaultPlan?: Plan | PlanReading | null;
}

export interface CommitSketch extends Sketch {
  readonly subject?: Extract<Subject, { kind: "commit" }>;
  readonly defaultPlan?: Plan | PlanReading;
  readonly landing?: CommitFacts["landing"];
  readonly holders?: readonly LandedSketch[];
  readonly newer?: readonly LandedSketch[];
  readonly busy?: CommitFacts["busy"];
  readonly waiting?: readonly string[];
  readonly carried?: readonly string[];
  readonly judgedOtherwise?: readonly string[];
}

export type LandedSketch = Partial<Landed>;

// ---------------------------------------------------------------- facts

export function pullFacts(sketch: PullSketch = {}): PullFacts {
  const subject = sketch.subject ?? pullSubject();
  const pull = pullOf(sketch.pull ?? {});
  const head = pull.kind === "known" ? pull.value.head.sha : sha.head;
  return {
    ...common(sketch, { subject, head, part: "verify" }),
    subject,
    pull,
    defaultPlan: sketch.defaultPlan == null ? null : reading(sketch.defaultPlan),
    proposed: sketch.proposed == null ? null : reading(sketch.proposed),
  };
}

export function commitFacts(sketch: CommitSketch = {}): CommitFacts {
  const subject = sketch.subject ?? commitSubject();
  return {
    ...common(sketch, { subject, head: subject.sha, part: "release" }),
    subject,
    defaultPlan: reading(sketch.defaultPlan ?? usualPlan),
    landing: sketch.landing ?? null,
    isLate: sketch.holders !== undefined,
    holders: (sketch.holders ?? []).map(landed),
    newer: (sketch.newer ?? []).map(landed),
    busy: sketch.busy ?? [],
    waiting: sketch.waiting ?? [],
    carried: sketch.carried ?? [],
    judgedOtherwise: sketch.judgedOtherwise ?? [],
  };
}

interface About {
  readonly subject: Subject;
  readonly head: string;
  readonly part: PartName;
}

function common(sketch: Sketch, about: About) {
  const plan = reading(sketch.plan ?? usualPlan);
  const valid = plan.kind === "read" && plan.parse.kind === "valid" ? plan.parse.plan : usualPlan;
  const { files = ["src/cart.ts"] } = sketch;
  return {
    now: sketch.now ?? now,
    generation: "",
    plan,
    files: "kind" in files ? files : ({ kind: "known", value: files } as const),
    executions: (sketch.executions ?? []).map((one) => executionOf(one, valid, about)),
    requests: (sketch.requests ?? []).map((one) => requestOf(one, about.head)),
    siblings: (sketch.siblings ?? []).map((one) => ({ base: "dev", verdict: null, ...one })),
    lastVerdict: sketch.lastVerdict ?? null,
    gateOwner: sketch.gateOwner ?? null,
    successors: sketch.successors ?? [],
    engines: sketch.engines ?? ["local"],
    engineCapabilities: sketch.engineCapabilities ?? { rollback: [], approve: [] },
    driftReports: sketch.driftReports ?? [],
    rollbacks: (sketch.rollbacks ?? []).map(rollbackOf),
    rolledBack: (sketch.rolledBack ?? []).map(rollbackOf),
    failures: sketch.failures ?? 0,
    isPrivate: sketch.isPrivate ?? false,
    releases: (sketch.releases ?? []).map((one) =>
      executionOf(one, valid, { ...about, part: "release" }),
    ),
  };
}

function rollbackOf(sketch: Partial<Rollback>): Rollback {
  return {
    key: "comment:7|shop||",
    pipeline: "shop",
    stage: "deploy",
    execution: "",
    from: sha.head,
    to: null,
    sha: sha.later,
    actor: "mia",
    spec: partOf(usualPlan, "shop", "release"),
    engineId: "back",
    state: "succeeded",
    why: "",
    createdAt: now - 500,
    endedAt: now - 200,
    ...sketch,
  };
}

function pullOf(sketch: NonNullable<PullSketch["pull"]>): PullFacts["pull"] {
  if ("kind" in sketch) return sketch;
  return {
    kind: "known",
    value: {
      number: 12,
      state: "open",
      merged: false,
      draft: false,
      author: "ada",
      head: { sha: sha.head, ref: "cart" },
      base: { ref: "main" },
      defaultBranch: "main",
      fork: false,
      changedFiles: 1,
      ...sketch,
    },
  };
}

function reading(plan: Plan | PlanReading): PlanReading {
  return "kind" in plan ? plan : { kind: "read", blob: "b10b", parse: { kind: "valid", plan } };
}

function landed(sketch: LandedSketch): Landed {
  const commit = sketch.sha ?? sha.later;
  return {
    key: subjectKey(commitSubject(commit)),
    sha: commit,
    verdict: null,
    released: [],
    ...sketch,
  };
}

const live: readonly Execution["state"][] = ["intended", "unconfirmed", "running"];
const unstarted: readonly Execution["state"][] = ["intended", "unconfirmed", "refused"];

export function executionOf(sketch: ExecutionSketch, plan: Plan, about: About): Execution {
  const { pipeline = "shop", part = about.part, state = "succeeded" } = sketch;
  const spec = sketch.spec ?? partOf(plan, pipeline, part);
  const run = nextRun({
    subject: subjectKey(about.subject),
    generation: "",
    pipeline,
    part,
    spec,
    sha: sketch.sha ?? about.head,
    cause: sketch.cause ?? "auto",
    previous: null,
  });
  const attempt = sketch.attempt ?? 1;
  const key = run.key.replace(/\d+$/, String(attempt));
  const names = state === "succeeded" ? spec.stages.map(({ name }) => ({ name })) : [];
  const stages = sketch.stages ?? names;
  return {
    ...run,
    attempt,
    key,
    engineId: unstarted.includes(state) ? null : key,
    why: "",
    createdAt: now - minute_ms,
    endedAt: live.includes(state) ? null : now - 1_000,
    stopReason: null,
    stopRefused: null,
    retries: [],
    approvals: [],
    outOfBandChanges: [],
    surveyedAt: live.includes(state) ? null : now - 500,
    ...sketch,
    state,
    stages: stages.map((stage) => stageOf(stage, spec)),
  };
}

/** A stage that passed, with a good report where the part names one. */
export function stageOf(sketch: StageSketch, spec: Part): StageFact {
  const { name, state = "succeeded" } = sketch;
  const started = state !== "pending" && state !== "skipped";
  const wanted = spec.stages.find((stage) => stage.name === name)?.reports ?? [];
  const reports = sketch.reports ?? (state === "succeeded" ? wanted.map((path) => ({ path })) : []);
  return {
    startedAt: started ? now - 50_000 : null,
    endedAt: started && state !== "running" ? now - 45_000 : null,
    why: "",
    output: "",
    ...sketch,
    state,
    reports: reports.map(reportOf),
  };
}

export function reportOf(sketch: ReportSketch): ReportReading {
  const { kind = "read", path = "reports/junit.xml", counts, problems = [] } = sketch;
  if (kind === "missing") return { kind, path };
  if (kind === "broken")
    return { kind, path, why: sketch.why ?? "It ends in the middle of a tag." };
  const none = { passed: 3, failed: 0, skipped: 0, pending: 0, other: 0, errors: 0, flaky: 0 };
  return {
    kind,
    path,
    pattern: path,
    files: 1,
    emptyFiles: 0,
    format: "junit",
    counts: { ...none, ...counts },
    duration_ms: 1_500,
    problems: problems.map(problemOf),
    truncated: false,
  };
}

export function problemOf(sketch: Partial<TestProblem> = {}): TestProblem {
  return {
    name: "cart › adds up",
    status: "failed",
    message: "expected 3 to be 4",
    trace: "at src/cart.test.ts:7:5",
    file: "src/cart.test.ts",
    line: 7,
    inTree: true,
    flaky: false,
    ...sketch,
  };
}

export function requestOf(sketch: RequestSketch, head: string): CommandRequest {
  const { role = "write" } = sketch;
  return {
    key: "comment:501",
    source: "comment",
    actor: "grace",
    comment: 501,
    commands: [{ kind: "status" }],
    sha: head,
    askedAt: now - 2_000,
    outcome: null,
    origin: null,
    readBack: { kind: "known", value: "same" },
    ...sketch,
    role: typeof role === "string" ? { kind: "known", value: role } : role,
  };
}

// ---------------------------------------------------------------- what is there already

export interface PresentSketch {
  readonly checks?: readonly CheckSketch[];
  readonly leftover?: readonly CheckSketch[];
  readonly answers?: readonly AnswerPresent[];
  readonly elsewhere?: readonly string[];
  readonly successors?: Readonly<Record<string, string>>;
}

export interface CheckSketch {
  readonly name?: string;
  readonly sha?: string;
  readonly id?: number | null;
  readonly by?: string;
  readonly state?: CheckState;
  readonly sentAt?: number;
}

export function presentOf(sketch: PresentSketch, subject: Subject): Present {
  const key = subjectKey(subject);
  const check = (one: CheckSketch, commit: string): CheckPresent => {
    const { name = "interlock", id = 900, sentAt = now - minute_ms } = one;
    const at = one.sha ?? commit;
    return {
      sha: at,
      name,
      id,
      sentAt,
      content: {
        sha: at,
        name,
        externalId: one.by ?? key,
        state: one.state ?? { status: "in_progress" },
        title: "As it was said before.",
        summary: "As it was said before.",
        text: "",
        annotations: [],
        actions: [],
        awaits: null,
      },
    };
  };
  const head = subject.kind === "commit" ? subject.sha : sha.head;
  return {
    subject: key,
    checks: (sketch.checks ?? []).map((one) => check(one, head)),
    leftover: (sketch.leftover ?? []).map((one) => check(one, sha.old)),
    answers: sketch.answers ?? [],
    elsewhere: sketch.elsewhere ?? [],
    successors: sketch.successors ?? {},
  };
}
