// The accounts at the end, when everything has come to rest: nothing lost, nothing left over, no verdict wrong.

import type { Repository } from "../../sandbox/github/model.ts";
import { decide } from "../../src/core/decide/decide.ts";
import { subjectKey } from "../../src/core/model/event.ts";
import { answerMark } from "../../src/core/render/answer.ts";
import { gather } from "../../src/flow/gather.ts";
import { stateText, type WorldPull } from "../world/pull.ts";
import type { World } from "../world/world.ts";
import { isCopys, isFormer } from "./copies.ts";
import { old_ms } from "./judge.ts";
import type { Oracle } from "./oracle.ts";
import { governedBranches } from "./past.ts";
import { auditUndone } from "./undone.ts";

interface Accounts {
  readonly world: World;
  readonly truth: Oracle;
  readonly pulls: readonly WorldPull[];
}

/** Whatever runs has somebody whom it runs for; everything else was asked to stop. */
export function runsForNobody({ world, pulls }: Accounts): readonly string[] {
  return world.engine.live().flatMap(({ request, stopAsked }) => {
    const { key, part, sha } = request.run;
    if (part !== "verify" || stopAsked !== null) return [];
    if (isCopys(world, request) || isFormer(world, request)) return [];
    const pull = pulls.find(({ number }) => number === request.pull);
    return pull?.handle.state === "open" && pull.head === sha ? [] : [`${key} runs for nobody`];
  });
}

function placeOf({ owner, name }: Repository): { readonly owner: string; readonly name: string } {
  return { owner: owner.login, name };
}

export async function audit(accounts: Accounts): Promise<void> {
  for (const pull of accounts.pulls)
    if (pull.handle.state === "open") await auditPull(accounts, pull);
  // What landed while nobody let the program in is not its own to release, nor to speak of.
  if (!accounts.truth.past.wasAway) auditLanded(accounts);
  auditUndone(accounts);
  auditChecks(accounts);
  auditAnswers(accounts);
  await auditStore(accounts);
}

async function auditPull({ world, truth, pulls }: Accounts, pull: WorldPull): Promise<void> {
  const { problems } = truth;
  const { ports, installation, on, clock } = world;
  if (ports === undefined) return;
  const repository = { installation: installation?.id ?? 0, ...placeOf(world.shop.data) };
  const key = subjectKey({ kind: "pull", repository, number: pull.number });
  const row = await on.store.subject(key);
  if (row === null) {
    problems.push(`#${pull.number} is not known`);
    return;
  }
  const run = truth.gate(pull.head);
  const stands = run === undefined ? "absent" : stateText(run);
  // What the program itself would say, had it nothing but fresh readings.
  const { facts } = await gather(ports, {
    ...row,
    heard: Number.MAX_SAFE_INTEGER,
    now: clock.now(),
    generation: "",
  });
  const wanted = decide(facts).checks.find(({ name }) => name === "interlock")?.state;
  if (wanted !== undefined) {
    const state = wanted.status === "completed" ? wanted.conclusion : "in_progress";
    if (stands !== state) problems.push(`#${pull.number} is ${stands} and should be ${state}`);
  }
  // Said once more without the program's own reading of things.
  const twins = pulls
    .filter(({ head, handle }) => handle.state === "open" && head === pull.head)
    .map(({ handle }) => handle.data);
  const wrong = twins.map((twin) => truth.judge.whyNot(twin)).filter((why) => why !== null);
  const spotless =
    twins.every((twin) => truth.past.isSpotless(twin) && !truth.judge.isUnderTwoPlans(twin)) &&
    !truth.past.hasLanded(pull.head);
  if (wrong.length === 0 && stands !== "success" && spotless)
    problems.push(`#${pull.number} is ${stands}: ${run?.output.title} though all has passed`);
  // Where no plan is in force, what was said under an earlier one stays.
  const silent = truth.past.isWithoutPlan() || wrong.every((why) => why === "there is no plan");
  if (wrong.length > 0 && stands === "success" && !silent)
    problems.push(`#${pull.number} is open though ${wrong.join(", ")}`);
}

function auditLanded({ truth }: Accounts): void {
  for (const branch of governedBranches) {
    const sha = truth.past.landing(branch, old_ms);
    if (sha === null) continue;
    // Once another branch has become the default one, what was said before stays under its name.
    const since = truth.past.tips.at(branch, sha) ?? 0;
    const run = truth.past.defaults
      .since("default", since)
      .map((main) => truth.gate(sha, main === branch ? "interlock" : "interlock/landed"))
      .findLast((gate) => gate !== undefined);
    const name = `${sha.slice(0, 7)} on ${branch}`;
    if (run === undefined) truth.problems.push(`${name} has no gate`);
    else if (run.conclusion === "success" && truth.judge.whyNotReleased(branch, sha) !== null)
      truth.problems.push(`${name} is green though ${truth.judge.whyNotReleased(branch, sha)}`);
  }
}

/** GitHub shows the newest check of a name. */
function auditChecks({ world, truth, pulls }: Accounts): void {
  const { shop, github } = world;
  const own = [...shop.data.runs.values()].filter(({ suite }) => suite.app === github.app);
  const newest = new Map(own.map((run) => [`${run.headSha} ${run.name}`, run]));
  const heads = new Set(
    pulls.filter(({ handle }) => handle.state === "open").map(({ head }) => head),
  );
  for (const { name, headSha, status, output } of newest.values())
    if (status !== "completed" && !isExcused(truth, { name, headSha, isHead: heads.has(headSha) }))
      truth.problems.push(
        `${name} of ${headSha.slice(0, 7)} is still in progress${heads.has(headSha) ? "" : ", and is no head"}: ${output.title}`,
      );
}

/** What shows the wrong thing for good, and does no harm by that. */
function isExcused(
  { past }: Oracle,
  { name, headSha, isHead }: { name: string; headSha: string; isHead: boolean },
): boolean {
  // A page that an old request writes over is written again with its next change only; a gate is read back.
  if (past.writesLate && (name !== "interlock" || !isHead)) return true;
  // What was told of under its old name while nobody let the program in is known to nobody.
  if (past.wasAway && past.wasRenamed && name !== "interlock") return true;
  // One that went while its app was away, or whose newest check run is gone, has nobody who speaks of it.
  return !isHead && (past.wasAway || past.vanished.has(headSha));
}

/** Each command has one answer. Those under a pull request that is closed may have none. */
function auditAnswers({ truth, pulls }: Accounts): void {
  const without = truth.past.everWithoutPlan();
  for (const { handle } of pulls)
    for (const comment of handle.comments()) {
      if (!comment.body.startsWith("/interlock")) continue;
      const mark = answerMark(`comment:${comment.id}`);
      const answers = handle.comments().filter(({ body }) => body.startsWith(mark)).length;
      const least = handle.state === "open" && !without && !truth.past.wasAway ? 1 : 0;
      // One that GitHub carries out long after it was given up is looked for before, and not found: each try can.
      // They come 5, 10, 20 and 40 seconds after each other, and a write comes a minute late at most.
      const most = truth.past.writesLate ? 5 : 1;
      if (answers > most || answers < least)
        truth.problems.push(`${comment.body} of #${handle.number} has ${answers} answers`);
    }
}

async function auditStore({ world, truth }: Accounts): Promise<void> {
  const { problems } = truth;
  const { github, on } = world;
  const told = github.deliveries.filter(({ statusCode }) => statusCode === 202);
  const known = await on.store.knownDeliveries(told.map(({ guid }) => guid));
  const lost = told.filter(({ guid }) => !known.has(guid));
  if (lost.length > 0) problems.push(`${lost.length} answered deliveries are not in the store`);
  // What shows through where a newer check run is gone, or comes late, is found and written over.
  if (truth.past.vanished.size > 0 || truth.past.writesLate)
    world.forgiven.push(/A gate shows green though something else was decided/);
  const jobs = await on.jobCount();
  if (jobs > 0) problems.push(`${jobs} jobs are left`);
  try {
    world.expectNoTrouble();
  } catch (error) {
    const heard = world.log.heard.filter(({ level }) => level === "error");
    problems.push(`${error}: ${heard.map(({ message }) => message)}`);
  }
}
