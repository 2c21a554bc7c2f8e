// The ways in which a pull request's state changes, each with its webhook.
import { announce } from "./events.ts";
import { commitsBetween } from "./history.ts";
import type { Actor, Pull, World } from "./model.ts";
import { renderFullPull } from "./render/pull.ts";

export function announcePull(
  world: World,
  pull: Pull,
  told: { action: string; actor: Actor; extra?: Record<string, unknown> },
): void {
  announce(world, {
    event: "pull_request",
    action: told.action,
    repository: pull.base.repository,
    actor: told.actor,
    payload: {
      number: pull.number,
      pull_request: renderFullPull(world, pull),
      ...told.extra,
    },
  });
}

export function closePull(world: World, pull: Pull, actor: Actor): void {
  pull.state = "closed";
  pull.closedAt = world.clock.now();
  pull.updatedAt = world.clock.now();
  announcePull(world, pull, { action: "closed", actor });
}

/** Also what happens when somebody pushes a pull request's commits to its base by hand. */
export function closeAsMerged(
  world: World,
  pull: Pull,
  merged: { actor: Actor; sha: string; before: string; tip: string },
): void {
  pull.base.sha = merged.before;
  const brought = commitsBetween(pull.base.repository.store, merged.before, merged.tip);
  pull.merged = {
    at: world.clock.now(),
    by: merged.actor.account,
    sha: merged.sha,
    commits: new Set(brought.map((c) => c.sha)),
  };
  pull.base.repository.refs.delete(`pull/${pull.number}/merge`);
  closePull(world, pull, merged.actor);
}
