// What each reason says of any change, in a sentence for people who see its code for the first time.

import type { ReasonCode } from "./reason.ts";

/** Markdown sentences. `docs/reasons.md` is made of them. */
export const meaningOf: Readonly<Record<ReasonCode, string>> = {
  passed: "Every stage of the part that the plan names has passed on this commit.",
  exempt: "All changed paths are listed under `exempt` in the plan, so no pipeline has to run.",
  first_plan: "The base branch has no plan yet, and this pull request adds a valid one.",
  plan_differs:
    "The base branch's plan is not the one of the default branch, so both say what has to pass. It accompanies other reasons and never opens the gate alone.",
  default_branch_too:
    "The pull request goes into another branch than the default one. A check belongs to its commit, which can be opened into the default branch at any moment, so all pipelines of the default branch have to pass too. It accompanies other reasons and never opens the gate alone.",
  nothing_to_release: "No pipeline of the plan has a release part for the changed paths.",
  carried: "A later commit that contains this one was released and passed.",
  stage_pending: "A stage of the plan is waiting or running.",
  stage_unknown: "The engine did not say where a stage is, or whether an execution has started.",
  outside_unknown:
    "The engine did not say whether somebody changed or bypassed something in the pipeline.",
  plan_unknown: "GitHub did not give an answer about the plan that could be used.",
  landing_unknown: "GitHub did not say whether the branch still contains the commit.",
  files_unreadable:
    "GitHub did not give the list of changed paths, so it is not known which pipelines have to pass.",
  other_pending:
    "The same commit is judged for another branch or pull request too, and that is not decided yet.",
  release_waits: "An earlier commit of the branch is being released, or has no verdict yet.",
  carrying: "The release of a later commit, which contains this one, is running.",
  rolling_back: "An earlier commit is being brought back into a stage.",
  stage_held: "The transition into the next stage is disabled in the engine.",
  stop_refused: "The execution should stop and the engine refused to stop it.",
  approval_waits: "A stage waits for a manual approval.",
  branch_uncovered:
    "The default branch's plan has no pipeline for the base branch of this pull request.",
  files_cut:
    "GitHub does not list all paths of a change as large as this one, so nobody can prove that pipelines cover it.",
  patterns_costly:
    "Matching the changed paths with the patterns of the plan takes more steps than a plan may use.",
  fork_waits:
    "The commit comes from a fork, and nobody with write permission has asked for it to run.",
  stopped: "Somebody stopped the execution.",
  engine_off: "The plan names an engine that this Interlock does not run.",
  other_verdict: "Another pull request has the same commit, and something has to be done there.",
  plan_invalid: "The plan that is in force is not valid.",
  plan_breaks: "This change would make the plan invalid.",
  plan_place:
    "The base branch's plan verifies in a place (engine, pipeline, role, region) that the default branch's plan does not use.",
  plan_missing:
    "The branch belongs to the default branch's plan and holds no plan itself any more.",
  path_uncovered: "A changed path is neither covered by a pipeline nor listed under `exempt`.",
  stage_failed: "A stage of the plan has failed.",
  tests_failed: "A test report of a stage contains failed tests.",
  report_missing: "A stage that has passed left no file for one of its `reports` patterns.",
  report_broken:
    "A test report cannot be read, or contains an element or a status that is not known.",
  report_empty: "No test passed in the files of a `reports` pattern.",
  stage_missing: "The execution ended without a stage that the plan names.",
  stage_reordered: "The stages did not run in the order of the plan, or two had the same name.",
  stage_skipped: "A stage of the plan was skipped.",
  execution_failed: "The execution failed although no stage of the plan says why.",
  condition_overridden: "A person let a condition of the pipeline pass that had not been met.",
  pipeline_changed: "Somebody changed the pipeline while the execution was running.",
  outside_unread: "For too long the engine has not said whether somebody bypassed something.",
  rolled_back:
    "The commit was taken out of a stage again. It stays red also where the rollback succeeded.",
  rollback_failed: "A rollback of this commit was started and did not succeed.",
  engine_lost: "The execution is gone: the engine does not know it any more.",
  engine_refused: "The engine refused to start the execution.",
  deadline_passed: "The part did not end within its `deadline`.",
  other_failed: "The same commit has failed for another branch or pull request.",
  landed_late:
    "The branch had already moved past this commit when Interlock learned of it. Older code is never released after newer code.",
  landing_gone: "The branch does not contain this commit any more.",
  first_seen:
    "Interlock saw the branch for the first time with this commit. What is on a branch at that moment is not released.",
  carrier_failed: "The release of a later commit, which contains this one, failed.",
  head_moved: "The pull request has a newer head commit.",
  pull_closed:
    "The pull request was closed without a merge, or before it was decided. It is judged again when it is opened again.",
};
