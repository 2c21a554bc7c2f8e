// The closed list of reasons, and how reasons become one verdict.

import { expect, test } from "vitest";
import { verdictOf } from "../../src/core/model/gate.ts";
import {
  nextStep,
  type ReasonCode,
  reasonCodes,
  stateOf,
  whoActs,
} from "../../src/core/model/reason.ts";

const sentence = "So it is.";
const of = (...codes: ReasonCode[]) => verdictOf(codes.map((code) => ({ code, sentence })));

test("these reasons open the gate, and no others", () => {
  expect(reasonCodes.filter((code) => of(code).state === "success")).toEqual([
    "passed",
    "exempt",
    "first_plan",
    "nothing_to_release",
    "carried",
  ]);
});

const waitsForPerson: readonly ReasonCode[] = [
  "stage_held",
  "outside_unknown",
  "stop_refused",
  "approval_waits",
];

test("every reason tells a next step and who can take it; anyone who only waits need do nothing", () => {
  for (const code of reasonCodes) {
    expect(nextStep(code, "pull"), code).toMatch(/^[A-Z].*\.$/);
    expect(nextStep(code, "commit"), code).toMatch(/^[A-Z].*\.$/);
    // Nobody can comment on a landed commit; a fork's is none.
    if (code === "fork_waits") continue;
    expect(nextStep(code, "commit"), code).not.toMatch(/\/interlock (verify|retry)/);
    // It runs, and goes on by itself unless it is a person that it waits for.
    if (stateOf(code) === "in_progress" && !waitsForPerson.includes(code))
      expect(whoActs(code), code).toBe("nobody");
    if (stateOf(code) === "action_required") expect(whoActs(code), code).not.toBe("nobody");
  }
});

test("no reason at all is no reason to pass", () => {
  expect(verdictOf([])).toMatchObject({ state: "failure", reasons: [{ code: "stage_missing" }] });
  expect(of("plan_differs")).toMatchObject({
    state: "failure",
    reasons: [{ code: "stage_missing" }, { code: "plan_differs" }],
  });
  expect(of("plan_differs", "passed").state).toBe("success");
});

test.each<[ReasonCode[], string, ReasonCode[]]>([
  [["passed", "exempt"], "success", ["passed", "exempt"]],
  [["passed", "stage_pending", "exempt"], "in_progress", ["stage_pending", "passed", "exempt"]],
  [["stage_pending", "stopped"], "action_required", ["stopped", "stage_pending"]],
  [
    ["stopped", "stage_failed", "plan_breaks"],
    "failure",
    ["stage_failed", "plan_breaks", "stopped"],
  ],
])("of %j the strictest decides and comes first: %s", (codes, state, order) => {
  const verdict = of(...codes);
  expect(verdict.state).toBe(state);
  expect(verdict.reasons.map(({ code }) => code)).toEqual(order);
});
