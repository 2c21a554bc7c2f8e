// Which effects follow from what is wanted and what is there, and that they come to rest.

import fc from "fast-check";
import { expect, test, vi } from "vitest";
import { decide } from "../../src/core/decide/decide.ts";
import { converge, type Present } from "../../src/core/diff.ts";
import { type Decision, silence } from "../../src/core/model/decision.ts";
import type { CheckWanted, Effect } from "../../src/core/model/effect.ts";
import { limit } from "../../src/core/model/limit.ts";
import {
  type CheckSketch,
  commitSubject,
  now,
  type PresentSketch,
  presentOf,
  pullSubject,
  requestOf,
  sha,
} from "./facts.ts";
import {
  badPlans,
  type Dimension,
  engines,
  executionsOf,
  factsOf,
  filesOf,
  origins,
  proposals,
  siblings,
  two,
  underPlan,
} from "./gate-space.ts";
import { carryOut, type World } from "./model.ts";

// Much is tried here; beside other work it takes many times as long as alone.
vi.setConfig({ testTimeout: 120_000 });

// ---------------------------------------------------------------- one check

const done = (conclusion: "success" | "failure"): CheckWanted["state"] => ({
  status: "completed",
  conclusion,
});
const waits: CheckWanted["state"] = { status: "in_progress" };
const note = { path: "a.ts", line: 1, level: "failure", title: "t", message: "m" } as const;

function there(sketch: CheckSketch, content: Partial<CheckWanted> = {}): Present {
  const present = presentOf({ checks: [sketch] }, pullSubject());
  const checks = present.checks.map((check) => ({
    ...check,
    content: { ...check.content, ...content },
  }));
  return { ...present, checks };
}

function wanting(change: Partial<CheckWanted>): Decision {
  const [usual] = presentOf({ checks: [{}] }, pullSubject()).checks;
  if (usual === undefined) throw new Error("there is one");
  return silence({ open: true, sha: sha.head, checks: [{ ...usual.content, ...change }] });
}

const nothing = presentOf({}, pullSubject());

test.each<[string, Decision, Present, object[]]>([
  ["new", wanting({}), nothing, [{ kind: "create_check", unconfirmed: false }]],
  ["as it should be", wanting({}), there({}), []],
  [
    "there under the same name on another commit",
    wanting({}),
    there({ sha: sha.old }),
    [{ kind: "create_check", unconfirmed: false }],
  ],
  [
    "written by another subject",
    wanting({}),
    there({ by: "pull:acme/shop#9" }),
    [{ kind: "update_check", id: 900 }],
  ],
  [
    "whose creation was never confirmed",
    wanting({}),
    there({ id: null }),
    [{ kind: "create_check", unconfirmed: true }],
  ],
  [
    "in progress, to be completed",
    wanting({ state: done("success") }),
    there({ sentAt: now }),
    [{ kind: "update_check", id: 900 }],
  ],
  [
    "completed, to be completed otherwise",
    wanting({ state: done("failure") }),
    there({ state: done("success") }),
    [{ kind: "update_check", id: 900 }],
  ],
  [
    "completed, in progress again",
    wanting({}),
    there({ state: done("success") }),
    [{ kind: "create_check", unconfirmed: false }],
  ],
  [
    "without its annotations",
    wanting({ annotations: [note] }),
    there({}),
    [{ kind: "update_check", annotations: [note] }],
  ],
  [
    "with its annotations",
    wanting({ annotations: [note], title: "t" }),
    there({}, { annotations: [note] }),
    [{ kind: "update_check", annotations: [] }],
  ],
  [
    "with other annotations",
    wanting({ annotations: [note] }),
    there({}, { annotations: [{ ...note, line: 2 }] }),
    [{ kind: "create_check" }],
  ],
  [
    "with annotations that are gone",
    wanting({}),
    there({}, { annotations: [note] }),
    [{ kind: "create_check" }],
  ],
])("a check %s", (_, decision, present, expected) => {
  expect(converge(decision, present, now).effects).toMatchObject(expected);
});

test.each([
  ["interlock", limit.page.gate_progress_ms],
  ["interlock/shop/verify", limit.page.progress_ms],
])("an update of %s in progress keeps its pace, and a verdict does not wait", (name, pace_ms) => {
  const present = there({ name, sentAt: now - pace_ms + 1 });
  const news = { name, title: "Further on." };
  expect(converge(wanting(news), present, now)).toMatchObject({ effects: [], dueAt: now + 1 });
  expect(converge(wanting(news), present, now + 1)).toMatchObject({
    effects: [{ kind: "update_check" }],
    dueAt: null,
  });
  const verdict = wanting({ ...news, state: done("failure") });
  expect(converge(verdict, present, now).effects).toHaveLength(1);
});

test("a correction is sent only where a check of the name stands", () => {
  const [check] = wanting({ title: "News." }).checks;
  const decision = silence({ open: true, sha: sha.head, corrections: check ? [check] : [] });
  expect(converge(decision, nothing, now).effects).toEqual([]);
  expect(converge(decision, there({}), now).effects).toHaveLength(1);
});

// ---------------------------------------------------------------- what is left behind

const end = { code: "pull_closed", sentence: "It was closed." } as const;
const part: CheckSketch = { name: "interlock/shop/verify", id: 901 };
const foreign: CheckSketch = { id: 902, name: "interlock/docs/verify", by: "pull:acme/shop#9" };

test.each<[string, Partial<Decision>, PresentSketch, string[]]>([
  ["nothing is known", { open: true }, { checks: [{}, part], leftover: [{}, part] }, []],
  [
    "it comes to its end",
    { end },
    { checks: [{}, part, foreign], leftover: [{}] },
    [
      "interlock 0ddba11 failure",
      "interlock beefcaf failure",
      "interlock/shop/verify beefcaf cancelled",
    ],
  ],
  [
    "it comes to its end, and its gate goes on as a sibling's",
    { end },
    { checks: [{}, part], successors: { [sha.head]: "pull:acme/shop#9" } },
    ["interlock/shop/verify beefcaf cancelled"],
  ],
  ["it comes to its end with a verdict", { end }, { checks: [{ state: done("success") }] }, []],
  [
    "the head moved",
    { open: true, sha: sha.head },
    { leftover: [{}, part] },
    ["interlock 0ddba11 failure", "interlock/shop/verify 0ddba11 cancelled"],
  ],
  [
    "the head moved to where a sibling writes the part",
    { open: true, sha: sha.head },
    { leftover: [part], elsewhere: ["interlock/shop/verify"] },
    ["interlock/shop/verify 0ddba11 cancelled"],
  ],
  [
    "a pipeline does not apply any more",
    { open: true, sha: sha.head, obsolete: ["interlock/shop/verify", "interlock/docs/verify"] },
    { checks: [part, foreign] },
    ["interlock/shop/verify beefcaf cancelled"],
  ],
])("where %s", (_, change, sketch, expected) => {
  const { effects } = converge(silence(change), presentOf(sketch, pullSubject()), now);
  const ended = effects.flatMap((effect) => ("check" in effect ? [effect.check] : []));
  expect(
    ended.map(({ name, sha: on, state }) =>
      [name, on.slice(0, 7), state.status === "completed" ? state.conclusion : "waits"].join(" "),
    ),
  ).toEqual(expected);
});

test("what is ended says why and what to do, and has no buttons left", () => {
  const { effects } = converge(silence({ end }), there({}, { text: "old" }), now);
  expect(effects).toMatchObject([
    { check: { title: "It was closed.", text: "", actions: [], annotations: [] } },
  ]);
  const [effect] = effects;
  const summary = effect && "check" in effect ? effect.check.summary : "";
  expect(summary).toContain("`pull_closed`");
  expect(summary).toContain("Reopen the pull request");
});

test("the push of a branch that is not governed leaves the gate of a pull request as it is", () => {
  const present = presentOf({ checks: [{ by: "pull:acme/shop#1" }] }, commitSubject(sha.head));
  expect(converge(silence({ end }), present, 1)).toMatchObject({ effects: [], dueAt: null });
});

test("a check that a sibling writes is its own, and the gate is everybody's", () => {
  const sketch = { elsewhere: ["interlock", "interlock/shop/verify"] };
  const present = presentOf(sketch, pullSubject());
  expect(converge(wanting({}), present, now).effects).toHaveLength(1);
  expect(converge(wanting({ name: "interlock/shop/verify" }), present, now).effects).toEqual([]);
});

// ---------------------------------------------------------------- all together

function any<T>({ values }: Dimension<T>): fc.Arbitrary<T> {
  return fc.constantFrom(...values.map(({ value }) => value));
}

const command = fc.constantFrom(
  { kind: "help" } as const,
  { kind: "status" } as const,
  { kind: "explain" } as const,
  { kind: "verify", sha: null } as const,
  { kind: "verify", sha: sha.head } as const,
  { kind: "retry", stage: null } as const,
  { kind: "retry", stage: "test" } as const,
  { kind: "stop" } as const,
  { kind: "unknown", word: "merge", nearest: null } as const,
);
const requests = fc
  .array(
    fc.record({
      commands: fc.array(command, { minLength: 1, maxLength: 3 }),
      role: fc.constantFrom("write", "read", "none"),
      source: fc.constantFrom("comment", "button"),
      sha: fc.constantFrom(sha.head, sha.old, null),
    }),
    { maxLength: 3 },
  )
  .map((list) =>
    list.map((one, at) =>
      requestOf(
        { ...one, key: `comment:${at}`, comment: one.source === "comment" ? at : null },
        sha.head,
      ),
    ),
  );
const check = fc.record(
  {
    name: fc.constantFrom("interlock", "interlock/shop/verify", "interlock/shop/tests"),
    id: fc.constantFrom(7, null),
    by: fc.constantFrom("pull:acme/shop#12", "pull:acme/shop#9"),
    state: fc.constantFrom(waits, done("success"), done("failure")),
    sentAt: fc.constantFrom(now, now - 10 * limit.page.gate_progress_ms),
  },
  { requiredKeys: [] },
);
const checks = fc.uniqueArray(check, { selector: ({ name = "interlock" }) => name, maxLength: 3 });
const mine = checks.map((list) =>
  list.map((one) => ({ ...one, by: "pull:acme/shop#12", state: waits })),
);

const world: fc.Arbitrary<World> = fc
  .record({
    plan: fc.oneof({ weight: 4, arbitrary: fc.constant(underPlan(two)) }, any(badPlans)),
    files: any(filesOf(two)),
    proposed: any(proposals),
    shop: any(executionsOf(two, "shop")),
    docs: any(executionsOf(two, "docs")),
    origin: any(origins),
    engines: any(engines),
    siblings: any(siblings),
    requests,
    present: fc.record({ checks, leftover: mine }),
  })
  .map(({ shop, docs, origin, requests, present, ...rest }) => {
    const all = [...origin.requests, ...requests];
    const facts = factsOf({
      ...rest,
      origin: { ...origin, requests: all },
      executions: [...shop, ...docs],
    });
    return { facts, present: presentOf(present, pullSubject()) };
  });

test("carrying the effects out comes to rest within a few looks", () => {
  fc.assert(
    fc.property(world, (start) => {
      let at = start;
      const seen: string[][] = [];
      for (let look = 0; look < 8; look++) {
        const decision = decide(at.facts);
        const { effects, dueAt } = converge(decision, at.present, at.facts.now);
        if (effects.length === 0 && dueAt === null && decision.results.length === 0) return;
        seen.push(effects.map(({ kind, key }) => `${kind} ${key}`));
        at = carryOut(at, decision, effects);
        // What was held back for its pace goes when its time has come.
        at = { ...at, facts: { ...at.facts, now: Math.max(at.facts.now, dueAt ?? 0) } };
      }
      expect.fail(`no rest: ${JSON.stringify(seen, null, 1)}`);
    }),
    { numRuns: 3_000 },
  );
});

test("carried out once, the same decision asks for no check and no answer again", () => {
  fc.assert(
    fc.property(world, (start) => {
      const decision = decide(start.facts);
      const { now: at } = start.facts;
      const first = converge(decision, start.present, at);
      const { present } = carryOut(start, decision, first.effects);
      const again = converge(decision, present, at).effects;
      expect(again.filter((effect) => "check" in effect || "body" in effect)).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
});

test("stops come first, the gate stands before anything starts, and pages come last", () => {
  const rank = (effect: Effect) => {
    if (effect.kind === "stop") return 0;
    if ("check" in effect) return effect.check.name === "interlock" ? 1 : 3;
    return "body" in effect ? 4 : 2;
  };
  fc.assert(
    fc.property(world, ({ facts, present }) => {
      const { effects } = converge(decide(facts), present, facts.now);
      const ranks = effects.map(rank);
      expect(ranks).toEqual(ranks.toSorted((a, b) => a - b));
      const keys = effects.map(({ kind, key }) => `${kind} ${key}`);
      expect(new Set(keys).size).toBe(keys.length);
    }),
    { numRuns: 1_000 },
  );
});

test("a gate that is left in progress goes to anyone else who speaks about its commit", () => {
  const sketch = {
    checks: [{}],
    leftover: [{}],
    successors: { [sha.head]: "pull:acme/shop#9", [sha.old]: "pull:acme/shop#8" },
  };
  const { effects, handovers } = converge(silence({ end }), presentOf(sketch, pullSubject()), now);
  expect(effects).toEqual([]);
  expect(handovers).toEqual([
    { sha: sha.old, name: "interlock", to: "pull:acme/shop#8" },
    { sha: sha.head, name: "interlock", to: "pull:acme/shop#9" },
  ]);
});
