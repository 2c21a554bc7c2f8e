// Each folder of `cases/` is a situation: `facts.json` and what else is there goes in, and what
// Interlock decides, does and says comes out, as files that a reviewer of a changed rule reads.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { decide } from "../../src/core/decide/decide.ts";
import { converge, type Present } from "../../src/core/diff.ts";
import type { Decision } from "../../src/core/model/decision.ts";
import type { CheckWanted, Effect } from "../../src/core/model/effect.ts";
import type { Facts } from "../../src/core/model/fact.ts";
import { gateName } from "../../src/core/render/checks.ts";
import {
  type CommitSketch,
  commitFacts,
  type PresentSketch,
  type PullSketch,
  presentOf,
  pullFacts,
  readingOf,
} from "./facts.ts";

const root = new URL("cases/", import.meta.url);
const command = "UPDATE=1 npx vitest run test/core/cases.test.ts";
const update = process.env.UPDATE === "1";

const cases = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

test.each(cases)("%s", (name) => {
  const folder = new URL(`${name}/`, root);
  const { facts, present, show } = readCase(folder);
  const decision = decide(facts);
  const { effects, dueAt } = converge(decision, present, facts.now);
  const result = new Map([
    ["decision.json", json(shownDecision(decision, facts.now))],
    ["effects.json", json(shownEffects(effects, dueAt, facts.now))],
    ...pages(decision, effects, show),
  ]);
  if (update) write(folder, result);
  const there = outputs(folder);
  const hint = `If ${name} should come out like this, run: ${command}`;
  for (const [file, text] of result) expect(there.get(file), `${file} differs. ${hint}`).toBe(text);
  expect([...there.keys()].sort(), `Other files came out. ${hint}`).toEqual(
    [...result.keys()].sort(),
  );
});

// ---------------------------------------------------------------- in

interface Case {
  readonly facts: Facts;
  readonly present: Present;
  /** Checks besides the gate whose page the case is about. */
  readonly show: readonly string[];
}

type CaseFile = { readonly about?: "commit"; readonly show?: readonly string[] };

const inputs = ["facts.json", "present.json", "plan.yml", "proposed.yml", "default-plan.yml"];

function readCase(folder: URL): Case {
  const read = (file: string) => {
    const path = new URL(file, folder);
    return existsSync(path) ? readFileSync(path, "utf8") : undefined;
  };
  const { about, show = [], ...sketch } = JSON.parse(read("facts.json") ?? "{}") as CaseFile;
  const plans = Object.fromEntries(
    (
      [
        ["plan", "plan.yml"],
        ["proposed", "proposed.yml"],
        ["defaultPlan", "default-plan.yml"],
      ] as const
    ).flatMap(([key, file]) => {
      const yaml = read(file);
      return yaml === undefined ? [] : [[key, readingOf(yaml)]];
    }),
  );
  const facts: Facts =
    about === "commit"
      ? commitFacts({ ...(sketch as CommitSketch), ...plans })
      : pullFacts({ ...(sketch as PullSketch), ...plans });
  for (const key of Object.keys(sketch))
    if (!(key in facts)) throw new Error(`facts.json has ${key}, which is no fact`);
  const present = JSON.parse(read("present.json") ?? "{}") as PresentSketch;
  return { facts, present: presentOf(present, facts.subject), show };
}

// ---------------------------------------------------------------- out

function shownDecision(decision: Decision, now: number): object {
  const { checks, corrections, runs, answers, dueAt, verdict, ...rest } = decision;
  return withoutNothing({
    ...rest,
    verdict: verdict && { state: verdict.state, reasons: verdict.reasons },
    runs: runs.map(({ key, cause, spec }) => ({
      key,
      cause,
      stages: spec.stages.map((stage) => stage.name).join(", "),
    })),
    checks: checks.map(shownCheck),
    corrections: corrections.map(shownCheck),
    answers: answers.map(({ key }) => key),
    again: after(dueAt, now),
  });
}

function shownCheck({ name, state, title, annotations, actions }: CheckWanted): object {
  return withoutNothing({
    name,
    state: stateOf(state),
    title,
    annotations,
    buttons: actions.map(({ identifier }) => identifier),
  });
}

function stateOf(state: CheckWanted["state"]): string {
  return state.status === "completed" ? state.conclusion : state.status;
}

function shownEffects(effects: readonly Effect[], dueAt: number | null, now: number): object {
  return withoutNothing({ effects: effects.map(shownEffect), again: after(dueAt, now) });
}

function shownEffect(effect: Effect): string {
  switch (effect.kind) {
    case "create_check":
    case "update_check": {
      const { name, sha, state } = effect.check;
      const doubt = effect.kind === "create_check" && effect.unconfirmed ? " (find it first)" : "";
      return `${effect.kind} ${name} on ${sha.slice(0, 7)}: ${stateOf(state)}${doubt}`;
    }
    case "start":
    case "retry":
    case "approve":
    case "rollback":
    case "create_answer":
    case "update_answer":
      return `${effect.kind} ${effect.key}`;
    case "stop":
      return `stop ${effect.execution}: ${effect.reason}`;
  }
}

/** The gate's page always, and what else the case is about. */
function pages(
  decision: Decision,
  effects: readonly Effect[],
  show: readonly string[],
): readonly [string, string][] {
  const ended = effects.flatMap((effect) => ("check" in effect ? [effect.check] : []));
  const checks = new Map(
    [...ended, ...decision.corrections, ...decision.checks].map((check) => [check.name, check]),
  );
  const named = [gateName, ...show].flatMap((name): [string, string][] => {
    const check = checks.get(name);
    if (check === undefined) return [];
    const file = name === gateName ? "gate.md" : `${name.replaceAll("/", "-")}.md`;
    return [[file, `# ${check.title}\n\n${check.summary}\n\n---\n\n${check.text}\n`]];
  });
  const answers = decision.answers.map(({ key, body }): [string, string] => [
    `answer-${key.replace(/\W/g, "-")}.md`,
    `${body}\n`,
  ]);
  return [...named, ...answers];
}

function after(time: number | null, now: number): string | null {
  return time === null ? null : `in ${(time - now) / 1000} s`;
}

/** What is empty is not shown: a case is read for what happens. */
function withoutNothing(value: object): object {
  return Object.fromEntries(
    Object.entries(value).filter(
      ([, item]) => item !== null && !(Array.isArray(item) && item.length === 0),
    ),
  );
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

function outputs(folder: URL): ReadonlyMap<string, string> {
  const files = readdirSync(folder).filter((file) => !inputs.includes(file));
  return new Map(files.map((file) => [file, readFileSync(new URL(file, folder), "utf8")]));
}

function write(folder: URL, result: ReadonlyMap<string, string>): void {
  for (const file of outputs(folder).keys()) rmSync(new URL(file, folder));
  for (const [file, text] of result) writeFileSync(new URL(file, folder), text);
}
