// Classic branch protection: which required checks are missing, and what it refuses.
import { isAncestor } from "./history.ts";
import type { Actor, CheckRun, Protection, Pull, PushAttempt, Repository, World } from "./model.ts";
import { isAdmin } from "./people.ts";

/** Registered as a merge rule: the message that GitHub refuses with, or undefined. */
export function protectedMerge(_world: World, pull: Pull, actor: Actor): string | undefined {
  const protection = pull.base.repository.protection.get(pull.base.ref);
  if (!protection || bypasses(protection, pull.base.repository, actor)) return undefined;
  const tip = pull.base.repository.refs.get(`heads/${pull.base.ref}`);
  if (protection.strict && tip && !isAncestor(pull.base.repository.store, tip, pull.head.sha))
    return "Head branch is not up to date with the base branch.";
  return missingChecks(pull.base.repository, protection, pull.head.sha);
}

/** Registered as a push rule. */
export function protectedPush(_world: World, push: PushAttempt, actor: Actor): string | undefined {
  const protection = push.repository.protection.get(push.branch);
  if (!protection) return undefined;
  const refused = (why: string) =>
    `GH006: Protected branch update failed for refs/heads/${push.branch}. ${why}`;
  if (push.forced) return refused("Cannot force-push to this branch");
  if (bypasses(protection, push.repository, actor)) return undefined;
  const missing = missingChecks(push.repository, protection, push.sha);
  return missing === undefined ? undefined : refused(missing);
}

type RequiredState = "passed" | "expected" | "pending" | "failing";

/**
 * The state of one required check on a commit. The newest check run of that name by that app
 * counts; where a commit status has the same name, both are needed (unless an app is pinned,
 * which a status by a person cannot satisfy).
 */
function requiredState(
  repository: Repository,
  required: Protection["checks"][number],
  sha: string,
): RequiredState {
  const run = newestRun(repository, required, sha);
  const status = repository.statuses
    .filter((s) => s.sha === sha && s.context === required.context)
    .at(-1);
  const states: RequiredState[] = [];
  if (run) states.push(stateOfRun(run));
  if (status && required.appId === undefined)
    states.push(
      status.state === "success" ? "passed" : status.state === "pending" ? "pending" : "failing",
    );
  if (states.length === 0) return "expected";
  return states.find((s) => s === "failing") ?? states.find((s) => s === "pending") ?? "passed";
}

export function missingChecks(
  repository: Repository,
  protection: Protection,
  sha: string,
): string | undefined {
  const states = protection.checks.map((check) => ({
    check,
    state: requiredState(repository, check, sha),
  }));
  const open = states.filter((s) => s.state !== "passed");
  const [first] = open;
  if (!first) return undefined;
  if (open.length === 1)
    return `Required status check "${first.check.context}" is ${words[first.state]}.`;
  const count = (state: RequiredState) => open.filter((s) => s.state === state).length;
  const kinds = (["expected", "pending", "failing"] as const).filter((k) => count(k) > 0);
  const total = `${open.length} of ${states.length} required status checks`;
  const [only] = kinds;
  if (kinds.length === 1 && only) return `${total} are ${words[only]}.`;
  return `${total} have not succeeded: ${kinds.map((k) => `${count(k)} ${words[k]}`).join(", ")}.`;
}

const words: Record<RequiredState, string> = {
  passed: "passed",
  expected: "expected",
  pending: "in progress",
  failing: "failing",
};

function newestRun(
  repository: Repository,
  required: Protection["checks"][number],
  sha: string,
): CheckRun | undefined {
  return [...repository.runs.values()]
    .filter((r) => r.headSha === sha && r.name === required.context)
    .filter((r) => required.appId === undefined || r.suite.app.id === required.appId)
    .sort((a, b) => a.id - b.id)
    .at(-1);
}

function stateOfRun(run: CheckRun): RequiredState {
  if (run.status !== "completed") return "pending";
  const passing = ["success", "neutral", "skipped"];
  return run.conclusion !== undefined && passing.includes(run.conclusion) ? "passed" : "failing";
}

function bypasses(protection: Protection, repository: Repository, actor: Actor): boolean {
  return !protection.enforceAdmins && isAdmin(repository, actor);
}
