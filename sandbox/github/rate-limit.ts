// GitHub's hourly budget: counted per installation or person, told in headers, refused when spent.
import { failed } from "./answer.ts";
import { type Actor, type Installation, perOwner, type World } from "./model.ts";
import type { Answer } from "./route.ts";

/** Documented for an installation with up to 20 repositories. */
const requests_per_hour = 5_000;
const hour_ms = 60 * 60 * 1000;

type Budget = { used: number; resetAt: number; limit: number };
const budgets = perOwner<object, Budget>(() => ({ used: 0, resetAt: 0, limit: requests_per_hour }));

/** Takes one request from the budget; a refusal when there is none left. */
export function spend(world: World, actor: Actor | undefined): Answer | undefined {
  const budget = budgetOf(world, actor);
  if (budget.used >= budget.limit)
    return {
      ...failed(403, `API rate limit exceeded for ${actor?.account.login ?? "this address"}.`),
      headers: { "x-ratelimit-remaining": "0" },
    };
  budget.used += 1;
  return undefined;
}

export function giveBack(world: World, actor: Actor | undefined): void {
  budgetOf(world, actor).used -= 1;
}

export function setHourlyLimit(installation: Installation, limit: number): void {
  budgets(installation).limit = limit;
}

export function rateLimit(world: World, actor: Actor | undefined) {
  const { limit, used, resetAt } = budgetOf(world, actor);
  return { limit, used, remaining: limit - used, reset: Math.ceil(resetAt / 1000) };
}

export function rateLimitHeaders(world: World, actor: Actor | undefined): Record<string, string> {
  const { limit, used, remaining, reset } = rateLimit(world, actor);
  return {
    "x-ratelimit-limit": String(limit),
    "x-ratelimit-remaining": String(remaining),
    "x-ratelimit-used": String(used),
    "x-ratelimit-reset": String(reset),
    "x-ratelimit-resource": "core",
  };
}

function budgetOf(world: World, actor: Actor | undefined): Budget {
  const budget = budgets(spender(world, actor));
  if (budget.resetAt <= world.clock.now()) {
    budget.used = 0;
    budget.resetAt = world.clock.now() + hour_ms;
  }
  return budget;
}

function spender(world: World, actor: Actor | undefined): object {
  if (!actor) return world;
  return actor.kind === "installation" ? actor.installation : actor.account;
}
