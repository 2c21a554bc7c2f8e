// A world that does what it is told: carries effects out on facts and on what is present, so that a
// test can see whether deciding and converging come to rest.

import type { Present } from "../../src/core/diff.ts";
import type { Decision } from "../../src/core/model/decision.ts";
import type { CheckPresent, CheckWanted, Effect } from "../../src/core/model/effect.ts";
import type { Execution, Facts, Rollback } from "../../src/core/model/fact.ts";

export interface World {
  readonly facts: Facts;
  readonly present: Present;
}

/** Every effect takes effect, and what was decided is recorded. */
export function carryOut(world: World, decision: Decision, effects: readonly Effect[]): World {
  const { facts, present } = effects.reduce(one, world);
  const { sha, verdict, results } = decision;
  return {
    present,
    facts: {
      ...facts,
      lastVerdict: sha === null || verdict === null ? null : { sha, verdict: verdict.state },
      requests: facts.requests.map((request) => {
        const settled = results.find(({ key }) => key === request.key);
        return settled === undefined ? request : { ...request, outcome: settled.outcome };
      }),
    },
  };
}

function one(world: World, effect: Effect): World {
  const { facts, present } = world;
  const change = (key: string, to: Partial<Execution>): World => ({
    ...world,
    facts: {
      ...facts,
      executions: facts.executions.map((one) => (one.key === key ? { ...one, ...to } : one)),
    },
  });
  switch (effect.kind) {
    case "create_check":
    case "update_check":
      return { ...world, present: written(present, effect.check, facts.now) };
    case "create_answer":
    case "update_answer": {
      const { request: key, body } = effect;
      const others = present.answers.filter((answer) => answer.key !== key);
      return { ...world, present: { ...present, answers: [...others, { key, id: 1, body }] } };
    }
    case "start": {
      const { key } = effect;
      const running = { engineId: key, state: "running" } as const;
      if (facts.executions.some((execution) => execution.key === key)) return change(key, running);
      const started: Execution = {
        ...effect.run,
        ...running,
        why: "",
        stages: [],
        createdAt: facts.now,
        endedAt: null,
        stopReason: null,
        stopRefused: null,
        retries: [],
        approvals: [],
        outOfBandChanges: [],
        surveyedAt: null,
      };
      return { ...world, facts: { ...facts, executions: [...facts.executions, started] } };
    }
    case "approve": {
      const { key, stage, execution } = effect.approval;
      const approvals = facts.executions.find((one) => one.key === execution)?.approvals ?? [];
      const done = { key, stage, state: "done", why: "", at: facts.now } as const;
      return change(execution, { approvals: [...approvals, done] });
    }
    case "rollback": {
      const started: Rollback = {
        ...effect.rollback,
        sha: effect.rollback.from,
        engineId: effect.key,
        state: "running",
        why: "",
        createdAt: facts.now,
        endedAt: null,
      };
      return { ...world, facts: { ...facts, rollbacks: [...facts.rollbacks, started] } };
    }
    case "stop":
      return change(effect.execution, {
        state: "stopped",
        stopReason: effect.reason,
        endedAt: facts.now,
      });
    case "retry": {
      const { key, stage, execution } = effect;
      const retries = facts.executions.find((one) => one.key === execution)?.retries ?? [];
      const done = { key, stage, state: "done", why: "", at: facts.now } as const;
      const again = { state: "running", endedAt: null, stopReason: null } as const;
      return change(execution, { ...again, retries: [...retries, done] });
    }
  }
}

/** A check that was left on another commit is found again only while it is in progress. */
function written(present: Present, check: CheckWanted, now: number): Present {
  const same = (there: CheckPresent) => there.sha === check.sha && there.name === check.name;
  const now_ = { sha: check.sha, name: check.name, id: 1, content: check, sentAt: now };
  if (present.leftover.some(same)) {
    const left = check.state.status === "in_progress" ? [now_] : [];
    return {
      ...present,
      leftover: [...present.leftover.filter((there) => !same(there)), ...left],
    };
  }
  return { ...present, checks: [...present.checks.filter((there) => !same(there)), now_] };
}
