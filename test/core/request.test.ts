// Who may have what carried out, for which commit, and what the person who asked is told.

import { expect, test } from "vitest";
import { authorizeCommands, forkAllowed } from "../../src/core/command/request.ts";
import { decide } from "../../src/core/decide/decide.ts";
import type { Command } from "../../src/core/model/command.ts";
import type { CommandRequest } from "../../src/core/model/fact.ts";
import {
  commitFacts,
  type ExecutionSketch,
  now,
  type PullSketch,
  pullFacts,
  type RequestSketch,
  requestOf,
  sha,
  usualPlan,
} from "./facts.ts";

// ---------------------------------------------------------------- rulings

interface Given extends RequestSketch {
  readonly fork?: boolean;
  readonly stricter?: boolean;
}

function rule(command: Command, { fork = false, stricter = false, ...given }: Given = {}): string {
  const request = requestOf({ ...given, commands: [command] }, sha.head);
  const commands = stricter ? { verify: ["admin"] as const } : {};
  const plan = { ...usualPlan, commands };
  const [pendingCommand] = authorizeCommands({ requests: [request], head: sha.head, fork, plan });
  const authorization = pendingCommand?.authorization;
  return authorization?.kind === "refused" ? authorization.why : (authorization?.kind ?? "none");
}

const verify = (commit: string | null = null): Command => ({ kind: "verify", sha: commit });
const retry: Command = { kind: "retry", stage: null };
const stop: Command = { kind: "stop" };
const status: Command = { kind: "status" };

test.each<[string, Command, Given, string]>([
  ["status by a reader", status, { role: "read" }, "granted"],
  ["status by somebody without any role", status, { role: "none" }, "You need one of these roles"],
  ["verify by a reader", verify(), { role: "read" }, "write, maintain, admin"],
  ["verify by a writer", verify(), {}, "granted"],
  [
    "verify by a writer where the plan wants an admin",
    verify(),
    { stricter: true },
    "roles on the repository: admin.",
  ],
  [
    "verify by an admin where the plan wants one",
    verify(),
    { stricter: true, role: "admin" },
    "granted",
  ],
  [
    "verify of the head by its first digits",
    verify(sha.head.slice(0, 7)),
    { sha: null },
    "granted",
  ],
  [
    "verify of another commit",
    verify(sha.old.slice(0, 9)),
    {},
    "The head is beefcaf, not 0ddba11.",
  ],
  [
    "anything by somebody whose role is not known yet",
    retry,
    { role: { kind: "unknown", why: "" } },
    "unknown",
  ],
  ["about the head that it arrived for", stop, {}, "granted"],
  [
    "about a head that moved since",
    retry,
    { sha: sha.old },
    "The head moved from 0ddba11 to beefcaf since",
  ],
  [
    "about a head that nobody knew then",
    stop,
    { sha: null },
    "did not know the head when this arrived",
  ],
  ["status, whatever the head was", status, { sha: sha.old }, "granted"],
  [
    "no command, by anybody",
    { kind: "unknown", word: "retyr", nearest: "retry" },
    { role: "none" },
    "Did you mean /interlock retry?",
  ],
  [
    "a wrong argument",
    { kind: "invalid", verb: "stop", why: "It takes none." },
    {},
    "It takes none.",
  ],
  [
    "fork: verify of nothing in particular",
    verify(),
    { fork: true },
    `/interlock verify ${sha.head}`,
  ],
  [
    "fork: verify by the first digits",
    verify(sha.head.slice(0, 39)),
    { fork: true },
    "name the whole commit",
  ],
  ["fork: verify of the whole head", verify(sha.head), { fork: true }, "granted"],
  [
    "fork: verify of the whole head by a reader",
    verify(sha.head),
    { fork: true, role: "triage" },
    "You need one of these roles",
  ],
  [
    "fork: re-run of exactly this commit",
    verify(),
    { fork: true, source: "rerequest" },
    "name the whole commit",
  ],
  [
    "fork: re-run of another commit",
    verify(),
    { fork: true, source: "rerequest", sha: sha.old },
    "The head moved",
  ],
])("%s", (_, command, given, expected) => {
  expect(rule(command, given)).toContain(expected);
});

test.each([
  ["comment", "absent", "does not show the comment any more"],
  ["button", "absent", "does not show the check any more"],
  ["comment", "changed", "The comment is not as it was written"],
  ["button", "changed", "The check is not as it was"],
  ["comment", "same", "granted"],
] as const)("what is asked by a %s that is %s by now", (source, value, expected) => {
  const rollback: Command = { kind: "rollback", pipeline: "shop", stage: null, to: null };
  const readBack = { kind: "known", value } as const;
  expect(rule(rollback, { role: "admin", source, readBack })).toContain(expected);
});

test.each<[string, Partial<CommandRequest>, boolean]>([
  ["carried out for this commit", {}, true],
  ["carried out for another one", { commands: [verify(sha.old)] }, false],
  ["with the same first digits", { commands: [verify(sha.head.slice(0, 7))] }, false],
  ["refused", { outcome: [{ kind: "refused", text: "", sha: sha.head }] }, false],
  ["by a re-run of this commit", { commands: [verify()], sha: sha.head }, false],
  ["by a re-run of another one", { commands: [verify()], sha: sha.old }, false],
  ["that was no verify", { commands: [retry] }, false],
])("a fork's commit may run after a request %s: %s", (_, change, allowed) => {
  const outcome = [{ kind: "done", text: "", sha: sha.head } as const];
  const settled = requestOf({ commands: [verify(sha.head)], outcome, ...change }, sha.head);
  expect(forkAllowed([settled], [], sha.head)).toBe(allowed);
});

// ---------------------------------------------------------------- what became of them

const failed: ExecutionSketch = {
  state: "failed",
  stages: [{ name: "build" }, { name: "test", state: "failed", why: "It ended with 1." }],
};
const key = `pull:acme/shop#12|shop|verify|${sha.head}|1`;

function ask(
  commands: readonly Command[],
  sketch: PullSketch = {},
  pendingCommand: RequestSketch = {},
) {
  const decision = decide(pullFacts({ ...sketch, requests: [{ ...pendingCommand, commands }] }));
  const [result] = decision.results;
  return {
    outcome: result?.outcome.map(({ kind, text }) => `${kind}: ${text}`).join("\n") ?? null,
    answer: decision.answers[0]?.body ?? null,
    decision,
  };
}

test.each<[string, Command, PullSketch, string | null]>([
  ["verify before anything ran", verify(), {}, "done: - shop/verify is about to start."],
  [
    "verify while it runs",
    verify(),
    { executions: [{ state: "running" }] },
    "is at stage 1 of 2: build",
  ],
  [
    "verify of an exempt change",
    verify(),
    { files: ["README.md"] },
    "refused: No pipeline of the plan has anything to run",
  ],
  [
    "verify without an engine",
    verify(),
    { engines: [] },
    "refused: - shop/verify needs the engine local",
  ],
  [
    "verify while the files cannot be read",
    verify(),
    { files: { kind: "unknown", why: "" } },
    null,
  ],
  ["stop while the files cannot be read", stop, { files: { kind: "unknown", why: "" } }, null],
  [
    "status while the files cannot be read",
    status,
    { files: { kind: "unknown", why: "" } },
    "done: **Gate:** blocked while it waits",
  ],
  ["verify while the plan cannot be read", verify(), { plan: { kind: "unknown", why: "" } }, null],
  ["retry, not answered by the engine", retry, { executions: [failed] }, null],
  ["retry before anything ran", retry, {}, "refused: Nothing has run yet"],
  [
    "retry while it runs",
    retry,
    { executions: [{ state: "running" }] },
    "refused: - shop/verify is still running.",
  ],
  ["retry of what passed", retry, { executions: [{}] }, "there is nothing to retry"],
  [
    "retry of failing tests behind a good exit",
    retry,
    {
      executions: [
        { stages: [{ name: "build" }, { name: "test", reports: [{ counts: { failed: 1 } }] }] },
      ],
    },
    "starts afresh",
  ],
  [
    "retry of what never began",
    retry,
    { executions: [{ state: "refused" }] },
    "was never started by its engine",
  ],
  [
    "retry from a stage that is not there",
    { kind: "retry", stage: "deploy" },
    { executions: [failed] },
    "has no stage `deploy` to retry",
  ],
  [
    "retry that the engine took",
    retry,
    {
      executions: [
        {
          ...failed,
          state: "running",
          retries: [{ key: `comment:501|${key}`, stage: "test", state: "done", why: "", at: now }],
        },
      ],
    },
    "done: - shop/verify runs again from its stage test.",
  ],
  [
    "retry without the engine",
    retry,
    { executions: [failed], engines: [] },
    "refused: - shop/verify needs the engine local",
  ],
  [
    "stop of what runs",
    stop,
    { executions: [{ state: "running" }] },
    "done: Stopping shop/verify.",
  ],
  ["stop of nothing", stop, { executions: [{}] }, "refused: Nothing runs"],
  [
    "stop asked for before a crash",
    stop,
    { executions: [{ state: "stopped", stopReason: "person:grace" }] },
    "done: Stopping shop/verify.",
  ],
])("%s", (_, command, sketch, expected) => {
  const { outcome, decision } = ask([command], sketch);
  if (expected === null) {
    expect(outcome).toBeNull();
    // Anyone who waits is not forgotten.
    expect(decision).toMatchObject({ open: true, dueAt: expect.any(Number) });
  } else expect(outcome).toContain(expected);
});

test("an answer is given whole: one command that waits holds the others", () => {
  const { outcome, answer } = ask([status, retry], { executions: [failed] });
  expect({ outcome, answer }).toEqual({ outcome: null, answer: null });
});

test("a button has no answer, but an outcome", () => {
  const { outcome, answer } = ask([stop], {}, { source: "button", comment: null });
  expect(outcome).toContain("Nothing runs");
  expect(answer).toBeNull();
});

test("an answer names its commit, and keeps to it when the head moves on", () => {
  const first = ask([status], {}, { sha: null });
  expect(first.answer).toContain("for commit `beefcaf`");
  const { outcome = null } = first.decision.results[0] ?? {};
  const moved = ask(
    [status],
    { pull: { head: { sha: sha.later, ref: "cart" } } },
    { sha: null, outcome },
  );
  expect(moved.answer).toBe(first.answer);
});

test("an answer begins with its hidden mark and later tells the result", () => {
  const outcome = [
    { kind: "done", text: "- shop/verify is about to start.", sha: sha.head } as const,
  ];
  const of = (run: ExecutionSketch) =>
    ask([verify()], { executions: [{ ...run, attempt: 2, cause: "comment:501" }] }, { outcome })
      .answer;
  expect(of({ state: "running" })).not.toContain("Result");
  expect(of({ state: "running" })).toMatch(/^<!-- interlock:answer comment:501 -->\n✅ /);
  expect(of(failed)).toContain("**Result:** `shop/verify` failed (attempt 2).");
});

test.each<[string, PullSketch]>([
  ["a closed pull request", { pull: { state: "closed" } }],
  ["a pull request that is gone", { pull: { kind: "absent" } }],
  ["a branch without a plan", { plan: { kind: "absent" } }],
])("on %s a command is settled, so that it does not come to life later", (_, sketch) => {
  const { decision } = ask([verify()], sketch);
  expect(decision.results).toMatchObject([{ key: "comment:501", outcome: [{ kind: "refused" }] }]);
  expect(decision.runs).toEqual([]);
});

test.each([
  ["plan_invalid", { kind: "read", blob: "b", parse: { kind: "invalid", problems: [] } } as const],
  ["first_plan", { kind: "absent" } as const],
])("under %s questions are answered, and nothing is started", (code, plan) => {
  const proposed = code === "first_plan" ? usualPlan : null;
  const explain = ask([{ kind: "explain" }, { kind: "help" }], { plan, proposed });
  expect(explain.outcome).toContain(code);
  const act = ask([verify(), retry, stop], { plan, proposed });
  expect(act.outcome?.match(/refused:/g)).toHaveLength(3);
  expect(act.decision.runs).toEqual([]);
});

test("a re-run of a release keeps its place in line until it is its turn", () => {
  const rerun: RequestSketch = {
    key: "delivery:1",
    source: "rerequest",
    comment: null,
    commands: [verify()],
  };
  const release: ExecutionSketch = {
    state: "failed",
    stages: [{ name: "deploy", state: "failed" }],
  };
  const busy = [{ pipeline: "shop", sha: sha.later, key: "commit:acme/shop@later:main" }];
  const waits = decide(commitFacts({ executions: [release], requests: [rerun], busy }));
  expect(waits).toMatchObject({
    open: true,
    runs: [],
    results: [],
    verdict: { state: "in_progress" },
  });
  const goes = decide(commitFacts({ executions: [release], requests: [rerun] }));
  expect(goes).toMatchObject({ runs: [{ attempt: 2, cause: "delivery:1" }], results: [{}] });
});
