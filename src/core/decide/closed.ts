// Decides about a pull request that is closed: what runs for it ends, and what its release came to can still be acted on.

import { isAskedBy } from "../command/asked.ts";
import { authorizeCommands } from "../command/request.ts";
import { isProductionCommand } from "../model/command.ts";
import { type Decision, silence } from "../model/decision.ts";
import type { CommandResult } from "../model/effect.ts";
import type { PullFacts } from "../model/fact.ts";
import { verdictOf } from "../model/gate.ts";
import { limit } from "../model/limit.ts";
import type { Plan } from "../model/plan.ts";
import type { Reason } from "../model/reason.ts";
import { openSteps } from "../plan/glob.ts";
import { coversBranch } from "../plan/route.ts";
import { prose } from "../render/markdown.ts";
import { isLive, isStoppable, mayArrive } from "./attempt.ts";
import { againAt } from "./due.ts";
import { effectsOf, productionCommands } from "./intervene.ts";
import { authority } from "./judge.ts";
import { answersTo, settle } from "./settle.ts";
import { toWake } from "./sibling.ts";
import { stopsOf } from "./speak.ts";

/** A merge closes a pull request, and its people still speak there of what it brought. */
export function decideClosed(facts: PullFacts): Decision {
  const settled = settleClosed(facts);
  const follows =
    settled.waits ||
    facts.rollbacks.some(isLive) ||
    facts.executions.some((one) => mayArrive(one, facts.now));
  // What an engine that is turned off still has is stopped once that is back.
  const isLeft = facts.executions.some((one) => isLive(one) && !isStoppable(one, facts.engines));
  return silence({
    open: follows || isLeft,
    // It has no more say in its commit, also while something of it has still to be stopped.
    sha: facts.pull.kind === "known" ? facts.pull.value.head.sha : null,
    stops: stopsOf(facts, () => true, "pull_closed"),
    end,
    // By what it was judged can be another plan once it is opened again.
    closesGate: facts.pull.kind === "known" && !facts.pull.value.merged,
    approvals: settled.approvals,
    rollbacks: settled.rollbacks,
    results: settled.results,
    answers: settled.isHeard ? answersTo(facts, settled.results) : [],
    // Once: anyone who looks at one of them because of this may have to look here again.
    wake: facts.lastVerdict === null ? [] : [...toWake(facts.siblings), ...facts.successors],
    dueAt: settled.waits ? againAt(facts) : follows ? facts.now + limit.look.running_ms : null,
  });
}

const end: Reason = {
  code: "pull_closed",
  sentence: "The pull request was closed.",
};
const isOver = "The pull request is closed.";

/** Requests that will not be carried out, so that they do not come back to life later. */
export function dismissed(facts: PullFacts, text: string): readonly CommandResult[] {
  return (
    facts.requests
      .filter((request) => request.outcome === null)
      // An engine was asked already, and what it answers is the outcome.
      .filter(
        ({ key }) =>
          !facts.rollbacks.some(({ state, key: of }) => state === "intended" && isAskedBy(of, key)),
      )
      .map(({ key, commands, sha }) => ({
        key,
        outcome: commands.map(() => ({ kind: "refused", text: prose(text), sha })),
      }))
  );
}

interface Settled extends Pick<Decision, "approvals" | "rollbacks" | "results"> {
  readonly waits: boolean;
  /** Where nothing was said and nothing was run, there was no plan, and nobody is answered. */
  readonly isHeard: boolean;
}

function settleClosed(facts: PullFacts): Settled {
  const isAsked = facts.requests.some(({ commands }) => commands.some(isProductionCommand));
  const isHeard = isAsked || facts.lastVerdict !== null || facts.executions.length > 0;
  const rests = { ...effectsOf([]), waits: false, isHeard };
  const isOpen = facts.requests.some(
    ({ outcome, commands }) => outcome === null && commands.some(isProductionCommand),
  );
  if (!isOpen || facts.pull.kind !== "known")
    return { ...rests, results: dismissed(facts, isOver) };
  const force = inForce(facts, facts.pull.value.base.ref);
  if (force.kind === "unread") return { ...rests, waits: true, results: [] };
  if (force.kind === "none") return { ...rests, results: dismissed(facts, force.why) };
  const { plan } = force;
  const { requests } = facts;
  const { sha: head } = facts.pull.value.head;
  const pendingCommands = authorizeCommands({ requests, head, fork: facts.pull.value.fork, plan });
  const asked = productionCommands({ facts, plan, pendingCommands });
  const { results, waits } = settle({
    facts,
    head,
    views: [],
    shown: verdictOf([end]),
    pendingCommands,
    stops: [],
    ground: { kind: "nothing", why: isOver },
    productionCommands: asked,
  });
  return { ...effectsOf(asked), results, waits, isHeard };
}

type Force =
  | { readonly kind: "plan"; readonly plan: Plan }
  | { readonly kind: "none"; readonly why: string }
  | { readonly kind: "unread" };

/** The plan of the base branch, where the default branch's plan makes it governed. */
function inForce({ plan, defaultPlan, steps }: PullFacts, base: string): Force {
  if (plan.kind === "unknown" || defaultPlan?.kind === "unknown") return { kind: "unread" };
  const none: Force = { kind: "none", why: `No valid plan is in force for ${base}.` };
  if (defaultPlan !== null) {
    if (defaultPlan.kind !== "read" || defaultPlan.parse.kind !== "valid") return none;
    if (coversBranch(defaultPlan.parse.plan, base, openSteps(steps)) !== true) return none;
  }
  if (plan.kind !== "read" || plan.parse.kind !== "valid") return none;
  return { kind: "plan", plan: authority({ defaultPlan }, plan.parse.plan) };
}
