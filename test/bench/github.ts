// The embedded GitHub in a process of its own, with what the bench asks about the requests it got.

import { type AddressInfo, connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { PullHandle } from "../../sandbox/github/pull-handle.ts";
import type { RepositoryHandle } from "../../sandbox/github/repository-handle.ts";
import { type RunningGitHub, startGitHub } from "../../sandbox/github/server.ts";
import { serviceFiles } from "../../sandbox/service.ts";
import { planPath } from "../../src/core/model/plan.ts";
import { goAhead } from "./ahead.ts";
import { type Place, secret } from "./payload.ts";
import { serve } from "./remote.ts";

export interface Counted {
  readonly counted: number;
  readonly notModified: number;
  readonly byRoute: Readonly<Record<string, number>>;
}

let running: RunningGitHub | undefined;

/** When the first request to create the gate of a commit came, by its SHA. */
const gates = firsts();
/** When the first request to end the gate of a commit came. */
const verdicts = firsts();

const functions = {
  /** Each request takes so much longer, as over a distance. */
  async start(delay_ms = 0) {
    running = await startGitHub({
      observe({ method, url }, answer) {
        if (method === "GET" || !url.includes("/check-runs")) return;
        const { name, head_sha, conclusion } = (answer?.body ?? {}) as Partial<CheckRunAnswer>;
        if (name !== "interlock" || head_sha === undefined) return;
        gates.note(head_sha);
        if (conclusion) verdicts.note(head_sha);
      },
    });
    const { app, privateKey } = running.github;
    const url = delay_ms === 0 ? running.url : await openDistance(running.url, delay_ms);
    return { url, appId: app.id, privateKey };
  },

  /** A repository of the sample service with pull requests, of which nobody is told. */
  pulls({ owner, count, plan }: { owner: string; count: number; plan?: string }): Place {
    const { github } = started();
    const files = { ...serviceFiles(), ...(plan === undefined ? {} : { [planPath]: plan }) };
    const repository = github.createRepository({ owner, name: "shop", files });
    const installation = github.install({ account: owner });
    github.limitRequests(installation, 1_000_000);
    const pulls = Array.from({ length: count }, (_, index) => {
      const branch = `change-${index}`;
      change(repository, branch, index);
      return pullOf(repository.openPull({ head: branch }));
    });
    const { id, defaultBranch } = repository.data;
    const ownerId = repository.data.owner.id;
    return {
      owner,
      name: "shop",
      id,
      ownerId,
      defaultBranch,
      installation: installation.id,
      pulls,
    };
  },

  /** A repository with branches of which each has one commit of its own. */
  branches({ owner, count }: { owner: string; count: number }): Place {
    const place = functions.pulls({ owner, count: 0 });
    const repository = started().github.repository(`${owner}/shop`);
    const pushes = Array.from({ length: count }, (_, turn) => {
      const branch = `topic-${turn}`;
      return { branch, sha: change(repository, branch, turn) };
    });
    return { ...place, pushes };
  },

  /** A repository with pull requests that all have the same commit as their head. */
  together({ owner, count }: { owner: string; count: number }): Place {
    const place = functions.pulls({ owner, count: 0 });
    const repository = started().github.repository(`${owner}/shop`);
    const head = change(repository, "change", 1);
    const pulls = Array.from({ length: count }, (_, turn) => {
      const branch = `same-${turn}`;
      repository.push({ branch, sha: head });
      return pullOf(repository.openPull({ head: branch }));
    });
    return { ...place, pulls };
  },

  /** Opens one more pull request in each of these. Returns their heads. */
  open({ owners, turn }: { owners: readonly string[]; turn: number }): readonly string[] {
    return owners.map((owner) => {
      const repository = started().github.repository(`${owner}/shop`);
      const branch = `change-${turn}`;
      change(repository, branch, turn);
      return repository.openPull({ head: branch }).head;
    });
  },

  /** When the gate of the commit was asked for, at once or as soon as it is. */
  gateOf: (sha: string) => gates.of(sha),
  gatesOf(shas: readonly string[]): readonly (number | null)[] {
    return shas.map((sha) => gates.known(sha));
  },
  verdictOf: (sha: string) => verdicts.of(sha),
  /** How many requests there were since the log was last cleared. */
  seen(): number {
    return started().github.log.all.length;
  },
  ahead(ms: number): void {
    goAhead(ms);
  },

  /** Puts a change on the main branch. Returns its SHA. */
  land(owner: string): string {
    return change(started().github.repository(`${owner}/shop`), "main", 1);
  },
  /** The checks of a commit, as people read them. */
  pagesOf({ owner, head }: { owner: string; head: string }): readonly string[] {
    return [...started().github.repository(`${owner}/shop`).checks(head).values()]
      .map(({ name, status, conclusion, output }) =>
        JSON.stringify([name, status, conclusion, output]),
      )
      .sort();
  },

  /** The most points that an installation spent within a minute, as GitHub counts them. */
  pointsInWorstMinute(owner: string): number {
    const entries = started()
      .github.log.all.filter(({ kind, path }) => kind === "api" && path.includes(`/${owner}/`))
      .map(({ at, method }) => ({ at, points: method === "GET" ? 1 : 5 }));
    let worst = 0;
    let sum = 0;
    let first = 0;
    for (const { at, points } of entries) {
      sum += points;
      for (let old = entries[first]; old && old.at <= at - 60_000; old = entries[++first])
        sum -= old.points;
      worst = Math.max(worst, sum);
    }
    return worst;
  },

  /** Sends real webhooks from now on. */
  tell(port: number): void {
    started().github.sendWebhooksTo({
      url: `http://127.0.0.1:${port}/api/github/webhooks`,
      secret,
    });
  },

  /** Pushes a branch, opens a pull request and counts until its gate has opened and all is quiet. */
  async openToGreen(owner: string): Promise<Counted> {
    const { github } = started();
    const repository = github.repository(`${owner}/shop`);
    return await counted(async () => {
      change(repository, "feature", 1);
      const { head } = repository.openPull({ head: "feature" });
      await green(repository, head);
    });
  },
  /** The points of GitHub's secondary limit from a push to an open gate. */
  async pointsToGreen(owner: string): Promise<Readonly<Record<string, number>>> {
    const { github } = started();
    const repository = github.repository(`${owner}/shop`);
    const head = change(repository, "measured", 1);
    repository.openPull({ head: "measured" });
    await green(repository, head);
    await quiet();
    github.log.clear();
    await green(repository, change(repository, "measured", 2));
    await quiet();
    const points: Record<string, number> = {};
    for (const { kind, method } of github.log.all)
      if (kind === "api") points[method] = (points[method] ?? 0) + (method === "GET" ? 1 : 5);
    return points;
  },
  async pushToGreen(owner: string): Promise<Counted> {
    const repository = started().github.repository(`${owner}/shop`);
    return await counted(async () => {
      await green(repository, change(repository, "feature", 2));
    });
  },
  /** The same deliveries once more, as GitHub sends them when asked. */
  async doubled(): Promise<Counted> {
    const { github } = started();
    const again = github.deliveries.filter(({ event }) => event === "pull_request");
    if (again.length === 0) throw new Error("No delivery is there to be doubled");
    return await counted(async () => {
      for (const delivery of again) github.world.outbox.redeliver(delivery);
      await github.settled();
    });
  },
  async quiet(): Promise<void> {
    await quiet();
  },
};

export type GitHubFunctions = typeof functions;

/** A door in front of the embedded GitHub that hands on what it is sent after a while. */
async function openDistance(to: string, delay_ms: number): Promise<string> {
  const { port } = new URL(to);
  const door = createServer((near) => {
    const far = connect(Number(port), "127.0.0.1");
    near.on("data", (bytes) => setTimeout(() => far.write(bytes), delay_ms));
    far.pipe(near);
    near.on("error", () => far.destroy());
    far.on("error", () => near.destroy());
    near.on("close", () => far.destroy());
  });
  await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
  return `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
}

function started(): RunningGitHub {
  if (running === undefined) throw new Error("The embedded GitHub is not started");
  return running;
}

function pullOf({ number, head, data }: PullHandle): Place["pulls"][number] {
  const { ref, sha } = data.base;
  return { number, head, base: { ref, sha }, updatedAt: data.updatedAt };
}

interface CheckRunAnswer {
  readonly name: string;
  readonly head_sha: string;
  readonly conclusion: string | null;
}

/** When something happened first, by a SHA. */
function firsts() {
  const times = new Map<string, number>();
  const waiting = new Map<string, (at: number) => void>();
  return {
    note(sha: string): void {
      if (times.has(sha)) return;
      const at = performance.timeOrigin + performance.now();
      times.set(sha, at);
      waiting.get(sha)?.(at);
      waiting.delete(sha);
    },
    known: (sha: string): number | null => times.get(sha) ?? null,
    of: (sha: string): Promise<number> | number =>
      times.get(sha) ?? new Promise((resolve) => waiting.set(sha, resolve)),
  };
}

function change(repository: RepositoryHandle, branch: string, turn: number): string {
  return repository.commit({
    branch,
    message: `Change ${turn}`,
    files: { "src/turn.js": `export const turn = ${turn};\n` },
  });
}

async function green(repository: RepositoryHandle, sha: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (repository.checks(sha).get("interlock")?.conclusion === "success") return;
    await sleep(100);
  }
  const gate = repository.checks(sha).get("interlock");
  throw new Error(`The gate did not open: ${JSON.stringify(gate?.output ?? null)}`);
}

async function counted(act: () => Promise<void>): Promise<Counted> {
  const { log } = started().github;
  log.clear();
  await act();
  await quiet();
  return {
    counted: log.counted().length,
    notModified: log.notModified().length,
    byRoute: log.byRoute(),
  };
}

/** Longer than Interlock waits before it shows a run in progress, so that no late request is missed. */
const quiet_ms = 3_000;

async function quiet(): Promise<void> {
  const { log } = started().github;
  const end = Date.now() + 10 * quiet_ms;
  let seen = -1;
  while (Date.now() < end && seen !== log.all.length) {
    seen = log.all.length;
    await sleep(quiet_ms);
  }
}

serve(functions);
