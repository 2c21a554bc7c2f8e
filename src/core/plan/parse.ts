// Reads a plan: YAML, then the schema and the rules, then the one form in which nothing is optional.

import { durationMs } from "../model/duration.ts";
import { limit } from "../model/limit.ts";
import {
  type Part,
  type Pipeline,
  type PipelineStage,
  type Plan,
  type PlanParse,
  type PlanProblem,
  type Role,
  roles,
} from "../model/plan.ts";
import { find, type Located, toPlain } from "./position.ts";
import { ruleProblems } from "./rule.ts";
import { planSchema, type WrittenPart, type WrittenPlan } from "./schema.ts";
import { problemAt, schemaProblems } from "./sentence.ts";
import { readYaml } from "./yaml.ts";

/** Takes any text, and answers with a plan or with what is wrong with it, in the order of the lines. */
export function parsePlan(text: string): PlanParse {
  const { root, problems } = readYaml(text);
  if (root === null) return invalid(problems);
  const plain = toPlain(root);
  const parsed = planSchema.safeParse(plain);
  const all = [
    ...problems,
    ...(parsed.error?.issues ?? []).flatMap((issue) => schemaProblems(issue, root)),
    ...ruleProblems(plain).map(({ path, message }) => problemAt(root, path, message)),
  ];
  if (!parsed.success || all.length > 0) return invalid(all);
  return { kind: "valid", plan: normalise(parsed.data, keysOf(root, "pipelines")) };
}

function keysOf(root: Located, key: string): readonly string[] {
  const found = find(root, [key]);
  return found?.kind === "map" ? [...found.entries.keys()] : [];
}

function invalid(problems: readonly PlanProblem[]): PlanParse {
  const sorted = problems.toSorted(
    (one, other) => one.line - other.line || one.column - other.column,
  );
  // What an anchor names is judged at every alias, and told once.
  const once = new Map<string, PlanProblem>();
  for (const problem of sorted) {
    const { line, column, message } = problem;
    const key = `${line}:${column} ${message}`;
    if (!once.has(key)) once.set(key, problem);
  }
  return { kind: "invalid", problems: [...once.values()].slice(0, limit.plan.problems) };
}

/** `order` is that of the file; an object would put names that are numbers first. */
function normalise(written: WrittenPlan, order: readonly string[]): Plan {
  const pipelines = order.flatMap((name) => {
    const pipeline = written.pipelines[name];
    return pipeline === undefined ? [] : [normalisePipeline(name, pipeline)];
  });
  const commands: Record<string, readonly Role[]> = {};
  const byAuthor: ("approve" | "rollback")[] = [];
  for (const [verb, named] of Object.entries(written.commands)) {
    const given = Array.isArray(named) ? named : named?.roles;
    if (given !== undefined) commands[verb] = withStronger(given);
    const isOpen = named !== undefined && !Array.isArray(named) && !named.not_author;
    if (isOpen && (verb === "approve" || verb === "rollback")) byAuthor.push(verb);
  }
  const notify = written.notify.map(({ sns, on }) => ({ topic: sns, kinds: [...new Set(on)] }));
  const open = byAuthor.length > 0 ? { byAuthor } : {};
  const logs = written.logs === "public" ? ({ publicLogs: true } as const) : {};
  return { exempt: written.exempt, pipelines, commands, ...open, ...logs, notify };
}

function normalisePipeline(name: string, written: WrittenPlan["pipelines"][string]): Pipeline {
  const { branches, paths, verify, release } = written;
  return {
    name,
    branches,
    paths,
    verify: normalisePart(verify),
    release: release === undefined ? null : normalisePart(release),
  };
}

function normalisePart(written: WrittenPart): Part {
  const deadline_ms = durationMs(written.deadline);
  if (written.engine === "codepipeline")
    return {
      engine: written.engine,
      pipeline: written.pipeline,
      region: written.region,
      role: written.role ?? null,
      source: written.source ?? null,
      stages: written.stages.map((stage) =>
        typeof stage === "string"
          ? { name: stage, reports: [] }
          : { name: stage.name, ...normaliseReports(stage.reports) },
      ),
      deadline_ms,
    };
  const usual_ms = Math.min(limit.plan.timeout_default_ms, deadline_ms);
  return {
    engine: written.engine,
    stages: written.stages.map(({ name, run, reports, timeout }) => ({
      name,
      run,
      ...normaliseReports(reports),
      timeout_ms: timeout === undefined ? usual_ms : durationMs(timeout),
    })),
    deadline_ms,
  };
}

type WrittenReports = readonly (string | { readonly files: string })[];

function normaliseReports(written: WrittenReports): Pick<PipelineStage, "reports" | "mayBeEmpty"> {
  const reports = written.map((item) => (typeof item === "string" ? item : item.files));
  const mayBeEmpty = written.flatMap((item) => (typeof item === "string" ? [] : item.files));
  return mayBeEmpty.length === 0 ? { reports } : { reports, mayBeEmpty };
}

/** Anyone who may do more may also do this: the weakest role that is named and all above it. */
function withStronger(named: readonly Role[]): readonly Role[] {
  return roles.slice(Math.min(...named.map((role) => roles.indexOf(role))));
}
