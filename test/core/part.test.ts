// What is started, stopped and retried of a part: once for each commit and plan, and then only as asked.

import { expect, test } from "vitest";
import { authorizeCommands } from "../../src/core/command/request.ts";
import { decidePart, type PartQuestion } from "../../src/core/decide/part.ts";
import type { Reason } from "../../src/core/model/reason.ts";
import {
  type ExecutionSketch,
  executionOf,
  minute_ms,
  now,
  partOf,
  pullSubject,
  type RequestSketch,
  requestOf,
  sha,
  usualPlan,
} from "./facts.ts";

const spec = partOf(usualPlan);
const older = { ...spec, deadline_ms: spec.deadline_ms + minute_ms };
const about = { subject: pullSubject(), head: sha.head, part: "verify" } as const;
const key = (attempt: number, commit: string = sha.head) =>
  `pull:acme/shop#12|shop|verify|${commit}|${attempt}`;

interface Ask {
  readonly runs?: readonly ExecutionSketch[];
  readonly pendingCommands?: readonly RequestSketch[];
  readonly hold?: Reason["code"];
  readonly engines?: readonly string[];
  readonly generation?: string;
}

function questionOf(of: Ask): PartQuestion {
  const { runs = [], pendingCommands = [], hold, engines = ["local"], generation = "" } = of;
  const requests = pendingCommands.map((pendingCommand) => requestOf(pendingCommand, sha.head));
  return {
    subject: "pull:acme/shop#12",
    generation,
    pipeline: "shop",
    part: "verify",
    spec,
    sha: sha.head,
    now,
    executions: runs.map((run) => executionOf(run, usualPlan, about)),
    engines,
    drift: null,
    rollbacks: [],
    pendingCommands: authorizeCommands({ requests, head: sha.head, fork: false, plan: usualPlan }),
    hold: hold === undefined ? null : { code: hold, sentence: "Not now." },
  };
}

function ask(question: Ask) {
  const { view, run, retries, stops } = decidePart(questionOf(question));
  return {
    run: run === null ? null : `${run.attempt} for ${run.cause}`,
    stops: stops.map((stop) => `${stop.execution.slice(-1)} ${stop.reason}`),
    retries: retries.map(({ stage }) => stage),
    shown: view.execution?.attempt ?? null,
    code: view.reasons[0]?.code,
  };
}

const verify: RequestSketch = { commands: [{ kind: "verify", sha: null }] };
const retry = (stage: string | null = null): RequestSketch => ({
  commands: [{ kind: "retry", stage }],
});
const stop: RequestSketch = { commands: [{ kind: "stop" }] };
const failed: ExecutionSketch = { state: "failed", stages: [{ name: "build", state: "failed" }] };
const running: ExecutionSketch = { state: "running" };
const nothing = { run: null, stops: [], retries: [] };

test.each<[string, Ask, object]>([
  ["nothing ran yet", {}, { run: "1 for auto", shown: null, code: "stage_pending" }],
  ["it ran for another commit", { runs: [{ sha: sha.old }] }, { run: "1 for auto" }],
  ["another pipeline ran", { runs: [{ pipeline: "docs", spec }] }, { run: "1 for auto" }],
  ["the other part ran", { runs: [{ part: "release", spec }] }, { run: "1 for auto" }],
  ["it runs", { runs: [running] }, { ...nothing, shown: 1, code: "stage_pending" }],
  ["it passed", { runs: [{}] }, { ...nothing, shown: 1, code: "passed" }],
  ["it failed", { runs: [failed] }, { ...nothing, shown: 1, code: "stage_failed" }],
  ["it was lost", { runs: [{ state: "lost" }] }, { ...nothing, code: "engine_lost" }],
  [
    "its start was never heard of again",
    { runs: [{ state: "intended" }] },
    { run: "1 for auto", shown: 1 },
  ],
  [
    "its start is in doubt",
    { runs: [{ state: "unconfirmed" }] },
    { ...nothing, code: "stage_unknown" },
  ],

  // Under another plan.
  [
    "it passed under another plan",
    { runs: [{ spec: older }] },
    { run: "2 for auto", stops: [], shown: null },
  ],
  [
    "it runs under another plan",
    { runs: [{ ...running, spec: older }] },
    { run: null, stops: ["1 plan_changed"], code: "stage_pending" },
  ],
  [
    "an overtaken attempt still runs",
    { runs: [running, { attempt: 2 }] },
    { ...nothing, stops: ["1 plan_changed"], code: "passed" },
  ],
  [
    "only the newest attempt counts",
    { runs: [{ attempt: 2, ...failed }, {}] },
    { ...nothing, shown: 2, code: "stage_failed" },
  ],

  // Stopped.
  [
    "a person stopped it",
    { runs: [{ state: "stopped", stopReason: "person:ada" }] },
    { ...nothing, code: "stopped" },
  ],
  [
    "somebody stopped it at the engine",
    { runs: [{ state: "stopped" }] },
    { ...nothing, code: "stopped" },
  ],
  [
    "its deadline stopped it",
    { runs: [{ state: "stopped", stopReason: "deadline_passed" }] },
    { ...nothing, code: "deadline_passed" },
  ],
  ...(["head_moved", "pull_closed", "plan_changed", "not_in_plan"] as const).map(
    (stopReason): [string, Ask, object] => [
      `it was stopped for ${stopReason}, which is over`,
      { runs: [{ state: "stopped", stopReason }] },
      { run: "2 for auto", shown: null },
    ],
  ),
  [
    "it ended by itself before the stop came",
    { runs: [{ stopReason: "head_moved" }] },
    { ...nothing, code: "passed" },
  ],
  [
    "it is late",
    { runs: [{ ...running, createdAt: now - spec.deadline_ms - 1 }] },
    { ...nothing, stops: ["1 deadline_passed"], code: "deadline_passed" },
  ],
  [
    "a start is late",
    { runs: [{ state: "intended", createdAt: now - spec.deadline_ms - 1 }] },
    { ...nothing, stops: ["1 deadline_passed"] },
  ],

  // Asked for.
  [
    "verify, and it failed",
    { runs: [failed], pendingCommands: [verify] },
    { run: "2 for comment:501", shown: null },
  ],
  [
    "verify, and it passed",
    { runs: [{}], pendingCommands: [verify] },
    { run: "2 for comment:501" },
  ],
  ["verify, and it runs", { runs: [running], pendingCommands: [verify] }, nothing],
  ["verify, and nothing ran yet", { pendingCommands: [verify] }, { run: "1 for comment:501" }],
  [
    "verify, and that run is there already",
    { runs: [failed, { attempt: 2, cause: "comment:501", ...failed }], pendingCommands: [verify] },
    { ...nothing, shown: 2 },
  ],
  ["stop", { runs: [running], pendingCommands: [stop] }, { ...nothing, stops: ["1 person:grace"] }],
  [
    "stop before the engine has it",
    { runs: [{ state: "intended" }], pendingCommands: [stop] },
    { run: null, stops: ["1 person:grace"] },
  ],
  ["stop, and it passed", { runs: [{}], pendingCommands: [stop] }, nothing],
  ["retry", { runs: [failed], pendingCommands: [retry()] }, { run: null, retries: ["build"] }],
  [
    "retry from a later stage",
    { runs: [failed], pendingCommands: [retry("TEST")] },
    { retries: ["test"] },
  ],
  [
    "retry from a stage that is not there",
    { runs: [failed], pendingCommands: [retry("deploy")] },
    nothing,
  ],
  ["retry, and it runs", { runs: [running], pendingCommands: [retry()] }, nothing],
  ["retry, and it passed", { runs: [{}], pendingCommands: [retry()] }, nothing],
  [
    "retry of what the engine never had",
    { runs: [{ state: "refused" }], pendingCommands: [retry()] },
    nothing,
  ],
  [
    "retry, answered already",
    {
      runs: [
        {
          ...failed,
          retries: [
            { key: `comment:501|${key(1)}`, stage: "build", state: "refused", why: "No.", at: now },
          ],
        },
      ],
      pendingCommands: [retry()],
    },
    nothing,
  ],
  [
    "retry of another pipeline",
    {
      runs: [failed],
      pendingCommands: [{ commands: [{ kind: "retry", stage: null, pipeline: "docs" }] }],
    },
    nothing,
  ],
  [
    "stop of another pipeline",
    { runs: [running], pendingCommands: [{ commands: [{ kind: "stop", pipeline: "docs" }] }] },
    nothing,
  ],
  [
    "stop of this pipeline by its name",
    { runs: [running], pendingCommands: [{ commands: [{ kind: "stop", pipeline: "shop" }] }] },
    { ...nothing, stops: ["1 person:grace"] },
  ],
  [
    "retry without permission",
    { runs: [failed], pendingCommands: [{ ...retry(), role: "read" }] },
    nothing,
  ],
  [
    "retry by somebody not looked up yet",
    { runs: [failed], pendingCommands: [{ ...retry(), role: { kind: "unknown", why: "" } }] },
    nothing,
  ],

  // Held.
  [
    "held before its first run",
    { hold: "fork_waits" },
    { ...nothing, shown: null, code: "fork_waits" },
  ],
  ["held, and it passed", { runs: [{}], hold: "fork_waits" }, { ...nothing, code: "passed" }],
  [
    "held, though the ledger has it",
    { runs: [{ state: "intended" }], hold: "fork_waits" },
    { ...nothing, code: "fork_waits" },
  ],
  [
    "its place in line is taken",
    { runs: [{ state: "intended" }], hold: "release_waits" },
    { run: "1 for auto" },
  ],
  [
    "asked again while in line",
    { runs: [failed], pendingCommands: [verify], hold: "release_waits" },
    { ...nothing, shown: 1, code: "release_waits" },
  ],
  [
    "asked again though later code is out",
    { runs: [failed], pendingCommands: [verify], hold: "carried" },
    { ...nothing, code: "stage_failed" },
  ],
  [
    "retry while held",
    { runs: [failed], pendingCommands: [retry()], hold: "release_waits" },
    { ...nothing, code: "stage_failed" },
  ],

  // Without its engine.
  ["the engine is off", { engines: [] }, { ...nothing, code: "engine_off" }],
  [
    "the engine is off, and it passed before",
    { engines: [], runs: [{}] },
    { ...nothing, code: "passed" },
  ],
  [
    "the engine was turned off while it ran",
    { engines: [], runs: [running], pendingCommands: [stop] },
    { ...nothing, code: "engine_off" },
  ],
  [
    "the engine was turned off before it began",
    { engines: [], runs: [{ state: "intended" }] },
    { ...nothing, code: "engine_off" },
  ],
  [
    "retry without the engine",
    { engines: [], runs: [failed], pendingCommands: [retry()] },
    nothing,
  ],
])("%s", (_, question, expected) => {
  expect(ask(question)).toMatchObject(expected);
});

test("a run has one key for its subject, part, commit and attempt, no matter who asks and however often", () => {
  const first = decidePart(questionOf({})).run;
  expect(first).toMatchObject({
    key: key(1),
    pipeline: "shop",
    part: "verify",
    sha: sha.head,
    spec,
  });
  expect(decidePart(questionOf({ pendingCommands: [verify] })).run?.key).toBe(key(1));
  expect(decidePart(questionOf({ runs: [{ state: "intended" }] })).run).toEqual(first);
  expect(decidePart(questionOf({ runs: [{ spec: older }] })).run?.key).toBe(key(2));
});

test("a new attempt has the generation in its key, and what is in the ledger keeps the key that it has", () => {
  const generation = "second";
  const keyIn = (
    runs: readonly ExecutionSketch[],
    pendingCommands: readonly RequestSketch[] = [],
  ) => decidePart(questionOf({ runs, pendingCommands, generation })).run?.key;
  expect(keyIn([])).toBe(`${key(1)}|second`);
  expect(keyIn([{ key: `${key(1)}|first`, state: "intended" }])).toBe(`${key(1)}|first`);
  expect(keyIn([{ key: key(1), state: "intended" }])).toBe(key(1));
  expect(keyIn([{ key: `${key(1)}|first`, ...failed }], [verify])).toBe(`${key(2)}|second`);
  const earlier = { key: `${key(1)}|first`, ...running };
  expect(keyIn([earlier])).toBeUndefined();
  expect(
    decidePart(questionOf({ runs: [earlier], pendingCommands: [stop], generation })).stops,
  ).toEqual([{ execution: `${key(1)}|first`, reason: "person:grace" }]);
});
