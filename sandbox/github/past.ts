// What GitHub was like a while ago, for answers that are older than the events that were sent.

import type { History, Pull, Repository, World } from "./model.ts";

type Scene = { at: number; repositories: Map<Repository, Standing> };
type Standing = Pick<Repository, "defaultBranch" | "pushedAt" | "refs"> & {
  pulls: Map<Pull, Pull>;
  /** So many commits were there. */
  commits: number;
};

export function createPast(world: () => Pick<World, "clock" | "repositories">): History {
  const scenes: Scene[] = [];
  const note = () => {
    const { clock, repositories } = world();
    const all = [...repositories.values()].map((one) => [one, standingOf(one)] as const);
    scenes.push({ at: clock.now(), repositories: new Map(all) });
  };
  return {
    begin() {
      if (scenes.length === 0) note();
    },
    note() {
      if (scenes.length > 0) note();
    },
    asOf(at, run) {
      const scene = scenes.findLast((one) => one.at <= at) ?? scenes[0];
      const undo = [...(scene?.repositories ?? [])].map(([one, standing]) => put(one, standing));
      try {
        return run();
      } finally {
        for (const back of undo) back();
      }
    },
  };
}

function standingOf({ defaultBranch, pushedAt, refs, pulls, store }: Repository): Standing {
  const copies = [...pulls.values()].map((pull) => [pull, copyOf(pull)] as const);
  const commits = store.commits.size;
  return { defaultBranch, pushedAt, refs: new Map(refs), pulls: new Map(copies), commits };
}

function copyOf(pull: Pull): Pull {
  return { ...pull, head: { ...pull.head }, base: { ...pull.base } };
}

function put(repository: Repository, standing: Standing): () => void {
  const { defaultBranch, pushedAt, refs, pulls, store } = repository;
  const now = [...pulls.values()].map((pull) => [pull, copyOf(pull)] as const);
  for (const [pull, then] of standing.pulls) Object.assign(pull, copyOf(then));
  Object.assign(repository, {
    defaultBranch: standing.defaultBranch,
    pushedAt: standing.pushedAt,
    refs: new Map(standing.refs),
    pulls: new Map([...standing.pulls.keys()].map((pull) => [pull.number, pull])),
    store: { ...store, commits: new Map([...store.commits].slice(0, standing.commits)) },
  });
  return () => {
    for (const [pull, own] of now) Object.assign(pull, own);
    Object.assign(repository, { defaultBranch, pushedAt, refs, pulls, store });
  };
}
