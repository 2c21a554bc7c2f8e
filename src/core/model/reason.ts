// The closed list of reasons: each has a code, the state it puts the gate in, a next step, and who can take it.

import type { Subject } from "./event.ts";
import type { GateState } from "./fact.ts";

/** Who can take the next step. `nobody` means that waiting is enough. */
export type Who = "nobody" | "author" | "writer" | "maintainer" | "operator";

interface ReasonRow {
  readonly state: GateState;
  readonly next: string;
  /** Instead of it for a landed commit, where nobody can comment. */
  readonly landed?: string;
  readonly who: Who;
}

const rows = {
  passed: { state: "success", next: "Nothing is left to do.", who: "nobody" },
  exempt: { state: "success", next: "Nothing is left to do.", who: "nobody" },
  first_plan: { state: "success", next: "Merge to put the plan in force.", who: "author" },
  plan_differs: { state: "success", next: "Nothing is left to do.", who: "nobody" },
  default_branch_too: { state: "success", next: "Nothing is left to do.", who: "nobody" },
  nothing_to_release: { state: "success", next: "Nothing is left to do.", who: "nobody" },
  carried: { state: "success", next: "Nothing is left to do.", who: "nobody" },

  stage_pending: { state: "in_progress", next: "Wait for the stages to finish.", who: "nobody" },
  stage_unknown: {
    state: "in_progress",
    next: "Wait: Interlock asks the engine again by itself.",
    who: "nobody",
  },
  outside_unknown: {
    state: "in_progress",
    next: "Wait: Interlock asks the engine again by itself. Where a missing permission is named, add it.",
    who: "maintainer",
  },
  plan_unknown: {
    state: "in_progress",
    next: "Wait: Interlock reads the plan again by itself.",
    who: "nobody",
  },
  landing_unknown: {
    state: "in_progress",
    next: "Wait: Interlock asks GitHub again by itself.",
    who: "nobody",
  },
  files_unreadable: {
    state: "in_progress",
    next: "Wait: Interlock reads the changed files again by itself.",
    who: "nobody",
  },
  other_pending: {
    state: "in_progress",
    next: "Wait for the other verdict on this commit.",
    who: "nobody",
  },
  release_waits: {
    state: "in_progress",
    next: "Wait: the release starts when the one before it has ended.",
    who: "nobody",
  },
  carrying: {
    state: "in_progress",
    next: "Wait for the release that carries this commit.",
    who: "nobody",
  },

  rolling_back: {
    state: "in_progress",
    next: "Wait for the rollback to finish.",
    who: "nobody",
  },
  stage_held: {
    state: "in_progress",
    next: "Find out why the way was closed, then open it in the engine's console.",
    who: "maintainer",
  },
  stop_refused: {
    state: "in_progress",
    next: "Fix what the engine names, or stop it in the engine's own console.",
    who: "maintainer",
  },
  approval_waits: {
    state: "in_progress",
    next: "Comment `/interlock approve <pipeline> <stage>`, or press Approve on the part's check.",
    landed:
      "Press Approve on the part's check, or comment `/interlock approve <pipeline> <stage>` on a pull request.",
    who: "maintainer",
  },

  branch_uncovered: {
    state: "action_required",
    next: "Retarget the pull request to a branch of the plan, or add the branch to the plan.",
    who: "author",
  },
  files_cut: {
    state: "action_required",
    next: "Split the change, or give a pipeline the paths `**`, so that coverage can be proven.",
    who: "author",
  },
  patterns_costly: {
    state: "action_required",
    next: "Give the plan fewer or simpler patterns on the base branch, or split the change.",
    landed: "Give the plan fewer or simpler patterns.",
    who: "maintainer",
  },
  fork_waits: {
    state: "action_required",
    next: "Read the change, then comment `/interlock verify <sha>` with the head's whole SHA.",
    who: "writer",
  },
  stopped: {
    state: "action_required",
    next: "Comment `/interlock verify` to start again.",
    landed: "Re-run the check to start again.",
    who: "writer",
  },
  engine_off: {
    state: "action_required",
    next: "Turn the engine on in Interlock's settings, or name another one in the plan.",
    who: "operator",
  },
  other_verdict: {
    state: "action_required",
    next: "See the pull request that it names: both must pass before either commit may merge.",
    who: "author",
  },

  plan_invalid: {
    state: "failure",
    next: "Correct the plan on the base branch; the annotations name each line.",
    who: "maintainer",
  },
  plan_breaks: {
    state: "failure",
    next: "Correct the plan in this change; the annotations name each line.",
    who: "author",
  },
  plan_place: {
    state: "failure",
    next: "Verify where the default branch's plan does, or put the place into that plan first.",
    who: "maintainer",
  },
  plan_missing: {
    state: "failure",
    next: "Put the plan back, or take the branch out of the default branch's plan.",
    who: "maintainer",
  },
  path_uncovered: {
    state: "failure",
    next: "Add the paths to a pipeline of the plan or to `exempt`, on the base branch.",
    who: "maintainer",
  },
  stage_failed: {
    state: "failure",
    next: "Fix the cause and push, or comment `/interlock retry` where the cause lay outside.",
    landed:
      "Fix the cause and push, or press Retry on the check of the part where the cause lay outside.",
    who: "author",
  },
  tests_failed: {
    state: "failure",
    next: "Fix the failing tests and push, or comment `/interlock retry` where the cause lay outside.",
    landed:
      "Fix the failing tests and push, or press Retry on the check of the part where the cause lay outside.",
    who: "author",
  },
  report_missing: {
    state: "failure",
    next: "Have the stage write the report that the plan names.",
    who: "author",
  },
  report_broken: {
    state: "failure",
    next: "Have the stage write a well-formed report.",
    who: "author",
  },
  report_empty: {
    state: "failure",
    next: "Have the stage run its tests: a report without any test proves nothing.",
    who: "author",
  },
  stage_missing: {
    state: "failure",
    next: "Make the engine run every stage that the plan names, then comment `/interlock verify`.",
    landed: "Make the engine run every stage that the plan names, then re-run the check.",
    who: "maintainer",
  },
  stage_reordered: {
    state: "failure",
    next: "Make the engine run the stages in the plan's order, then comment `/interlock verify`.",
    landed: "Make the engine run the stages in the plan's order, then re-run the check.",
    who: "maintainer",
  },
  stage_skipped: {
    state: "failure",
    next: "Comment `/interlock verify`: a stage of the plan that was skipped has not passed.",
    landed: "Re-run the check: a stage of the plan that was skipped has not passed.",
    who: "writer",
  },
  execution_failed: {
    state: "failure",
    next: "Comment `/interlock verify` to start again.",
    landed: "Re-run the check to start again.",
    who: "writer",
  },
  condition_overridden: {
    state: "failure",
    next: "Comment `/interlock verify`: what passed only because somebody let it pass proves nothing.",
    landed: "Re-run the check: what passed only because somebody let it pass proves nothing.",
    who: "maintainer",
  },
  pipeline_changed: {
    state: "failure",
    next: "Comment `/interlock verify`: what passed while the pipeline was changed proves nothing.",
    landed: "Re-run the check: what passed while the pipeline was changed proves nothing.",
    who: "writer",
  },
  outside_unread: {
    state: "failure",
    next: "Add the permission that is named, or fix what else it says, then comment `/interlock verify`.",
    landed: "Add the permission that is named, or fix what else it says, then re-run the check.",
    who: "maintainer",
  },
  rolled_back: {
    state: "failure",
    next: "Fix the cause and push; a re-run of the check by somebody who may give `rollback` releases this commit again.",
    who: "author",
  },
  rollback_failed: {
    state: "failure",
    next: "See what the engine says and roll back again, or release a commit that fixes it.",
    who: "maintainer",
  },
  engine_lost: {
    state: "failure",
    next: "Comment `/interlock verify` to start again.",
    landed: "Re-run the check to start again.",
    who: "writer",
  },
  engine_refused: {
    state: "failure",
    next: "Fix what the engine names, then comment `/interlock verify`.",
    landed: "Fix what the engine names, then re-run the check.",
    who: "maintainer",
  },
  deadline_passed: {
    state: "failure",
    next: "Comment `/interlock verify` to start again, or give the part a longer deadline.",
    landed: "Re-run the check to start again, or give the part a longer deadline.",
    who: "writer",
  },
  other_failed: {
    state: "failure",
    next: "See the other verdict on this commit: both must pass.",
    who: "author",
  },
  landed_late: {
    state: "failure",
    next: "Nothing is left to do: what the branch holds now contains this commit.",
    who: "nobody",
  },
  landing_gone: {
    state: "failure",
    next: "Land the change again where it is still wanted.",
    who: "author",
  },
  first_seen: { state: "failure", next: "Land the next change on the branch.", who: "author" },
  carrier_failed: {
    state: "failure",
    next: "See the commit that carried this one.",
    who: "author",
  },
  head_moved: {
    state: "failure",
    next: "See the new head commit.",
    who: "nobody",
  },
  pull_closed: {
    state: "failure",
    next: "Reopen the pull request to have it judged.",
    who: "author",
  },
} as const satisfies Record<string, ReasonRow>;

export type ReasonCode = keyof typeof rows;

/** Why the gate stands as it does. `sentence` is plain text that may quote names, escaped by the page. */
export interface Reason {
  readonly code: ReasonCode;
  readonly sentence: string;
}

export const reasonCodes = Object.keys(rows) as readonly ReasonCode[];

export function stateOf(code: ReasonCode): GateState {
  return rows[code].state;
}

export function nextStep(code: ReasonCode, about: Subject["kind"]): string {
  const row: ReasonRow = rows[code];
  return about === "commit" ? (row.landed ?? row.next) : row.next;
}

export function whoActs(code: ReasonCode): Who {
  return rows[code].who;
}

/** Whether it only explains: it neither blocks nor, alone, opens the gate. */
export function isRemark(code: ReasonCode): boolean {
  return code === "plan_differs" || code === "default_branch_too";
}

/** Whether it says that a later commit's release speaks for this one. */
export function isOfCarrier(code: ReasonCode): boolean {
  return code === "carried" || code === "carrying" || code === "carrier_failed";
}
