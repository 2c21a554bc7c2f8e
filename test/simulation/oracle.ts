// Watches what the program does, and holds it against what is true. Its problems are what a seed fails for.

import type { CheckRun, Pull } from "../../sandbox/github/model.ts";
import type { CheckWanted } from "../../src/core/model/effect.ts";
import { Broken } from "../world/ports.ts";
import type { World } from "../world/world.ts";
import { copiesOf, isAboutShop, isCopys, isFormer } from "./copies.ts";
import { Guard } from "./guard.ts";
import { Judge, old_ms } from "./judge.ts";
import type { Call } from "./latch.ts";
import { beforeOf, isSame, partOf, WorldHistory } from "./past.ts";

interface Written {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
}

export class Oracle {
  readonly problems: string[] = [];
  readonly past: WorldHistory;
  readonly judge: Judge;
  readonly #world: World;
  /** Commits of forks that somebody who may has named. */
  readonly #allowed = new Set<string>();
  /** Commits whose gate was opened with good reason. */
  readonly #justified = new Set<string>();
  readonly #releasesSeen = new Set<string>();
  #errorsSeen = 0;
  readonly #guard: Guard;

  constructor(world: World) {
    this.#world = world;
    this.past = new WorldHistory(world);
    this.judge = new Judge(this.past);
    this.#guard = new Guard(world, this.past, this.problems);
    this.past.note();
  }

  /** Somebody who may has asked for a commit of a fork. */
  allow(sha: string): void {
    this.#allowed.add(sha);
  }

  /** Another owner has the repository: nothing that was allowed or that passed before counts. */
  begin(): void {
    this.#allowed.clear();
    this.past.begin();
  }

  /** A merge that GitHub allowed to somebody whom the protection binds. */
  merged(pull: Pull, head: string): void {
    if (!this.#justified.has(head))
      this.problems.push(`#${pull.number} was merged with ${head.slice(0, 7)}, which never passed`);
  }

  /** A request that GitHub has just carried out: no gate opens without a reason. */
  observe(request: Written): void {
    if (request.method === "GET" || !request.url.includes("/check-runs")) return;
    if (!isAboutShop(this.#world, request.url)) return;
    const { conclusion, name, head_sha, external_id } = (request.body ?? {}) as Readonly<
      Record<string, string | undefined>
    >;
    // One whose answer did not come may take effect later, and counts from now on.
    if (name === "interlock" && conclusion === "success" && head_sha !== undefined)
      if (this.#whyNotGreen({ headSha: head_sha, externalId: external_id ?? "" }) === null)
        this.#justified.add(head_sha);
    const run = this.#written(request);
    if (run === undefined || run.name !== "interlock" || conclusion !== "success") return;
    if (this.gate(run.headSha)?.conclusion !== "success") return;
    this.past.note();
    const wrong = this.#whyNotGreen(run);
    if (wrong === null) this.#justified.add(run.headSha);
    else
      this.problems.push(
        `the gate of ${run.headSha.slice(0, 7)} opened for ${run.externalId}: ${wrong}`,
      );
  }

  /** What nobody expects: a bug. */
  threw(error: unknown): void {
    const told = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.problems.push(`something threw: ${told}`);
  }

  /**
   * A call of a look. No gate opens over the word of another subject of its commit that was recorded before:
   * what the decision was made from may be older than that.
   */
  async watch({ kind, name, args }: Call): Promise<(() => void) | null> {
    if (kind !== "github" || (name !== "createCheck" && name !== "updateCheck")) return null;
    const { sha, externalId, state, ...check } = wantedOf(name, args);
    if (check.name !== "interlock" || state.status !== "completed") return null;
    if (state.conclusion !== "success") return null;
    const { on, shop } = this.#world;
    const repository = { installation: 0, owner: shop.data.owner.login, name: shop.data.name };
    const others = await on.store.siblings(externalId, repository, sha);
    // A commit that landed elsewhere has a gate of another name, which is nobody's to require.
    const mains = this.past.defaults.since("default", this.past.now - old_ms);
    const isMain = (key: string) => mains.every((main) => key.endsWith(`:${main}`));
    const red = others.filter(
      ({ key, verdict }) =>
        verdict !== null && verdict !== "success" && (!key.startsWith("commit:") || isMain(key)),
    );
    const before = this.gate(sha);
    const wasOpen = before?.conclusion === "success";
    return () => {
      const isOpen = this.gate(sha)?.conclusion === "success";
      for (const { key, verdict } of isOpen && !wasOpen ? red : [])
        this.problems.push(`${externalId} opened ${sha.slice(0, 7)} though ${key} says ${verdict}`);
    };
  }

  /** What must hold at every moment. */
  check(): void {
    this.past.note();
    this.#checkErrors();
    this.#checkReleases();
    this.#checkOverlaps();
    this.#checkCauses();
    this.#checkForks();
    this.#checkConclusions();
    this.#guard.check();
    this.#checkCopies();
  }

  /** One that has taken the name has nothing by that: no gate without a run of its own, and no release. */
  #checkCopies(): void {
    const { engine, github } = this.#world;
    for (const copy of copiesOf(this.#world)) {
      const own = engine.all().filter(({ request }) => request.repository.id === copy.id);
      for (const { request } of own)
        if (request.run.part === "release")
          this.problems.push(`${request.run.key} releases what a copy had from the start`);
      for (const { suite, name, headSha, conclusion } of copy.runs.values()) {
        if (suite.app !== github.app || name !== "interlock" || conclusion !== "success") continue;
        const has = own.some(({ request, state }) => {
          return request.run.sha === headSha && state === "succeeded";
        });
        if (!has) this.problems.push(`${headSha.slice(0, 7)} is green in a copy, by no run of it`);
      }
    }
    const { id } = this.#world.shop;
    const ids = new Set([id, ...copiesOf(this.#world).map((copy) => copy.id)]);
    for (const { request } of engine.all())
      if (!ids.has(request.repository.id ?? id))
        this.problems.push(`${request.run.key} is of no repository that there is`);
  }

  gate(sha: string, named = "interlock"): CheckRun | undefined {
    return [...this.#world.shop.data.runs.values()]
      .filter(({ name, headSha }) => name === named && headSha === sha)
      .sort((a, b) => a.id - b.id)
      .at(-1);
  }

  /** A look may fail by what the world does to the process, and by nothing else. */
  #checkErrors(): void {
    const { heard } = this.#world.log;
    for (const { fields, message } of heard.slice(this.#errorsSeen)) {
      const { err } = fields as { err?: unknown };
      if (err !== undefined && !isBroken(err)) this.threw(err);
      else if (err === undefined && message.includes("bug")) this.problems.push(message);
    }
    this.#errorsSeen = heard.length;
  }

  /** Only what landed is released, and nothing older after something newer that went out. */
  #checkReleases(): void {
    const runs = this.#world.engine
      .all({ part: "release" })
      .filter(({ request }) => !isCopys(this.#world, request) && !isFormer(this.#world, request));
    for (const [index, run] of runs.entries()) {
      const { key, sha, pipeline } = run.request.run;
      if (this.#releasesSeen.has(key)) continue;
      this.#releasesSeen.add(key);
      if (this.past.wasThere(sha))
        this.problems.push(`${key} releases what its owner got with the repository`);
      if (!this.past.hasLanded(sha)) this.problems.push(`${key} releases what never landed`);
      const newer = runs.slice(0, index).find((before) => {
        const other = before.request.run;
        if (other.pipeline !== pipeline || !this.past.carries(other.sha, sha)) return false;
        return before.state === "succeeded" && !this.past.cameAgain(sha, other.sha);
      });
      if (newer !== undefined)
        this.problems.push(`${key} releases older code than ${newer.request.run.key}`);
    }
  }

  #checkOverlaps(): void {
    const live = new Set<string>();
    for (const { request } of this.#world.engine.live()) {
      // What the former owner's was is stopped, or ends unheard.
      if (isFormer(this.#world, request)) continue;
      const part = partOf(request);
      if (live.has(part)) this.problems.push(`two runs of ${part} are under way`);
      live.add(part);
    }
  }

  /** A run is started for each request once, and by itself only where the one before says nothing. */
  #checkCauses(): void {
    const { engine } = this.#world;
    const causes = new Set<string>();
    for (const { request } of engine.all()) {
      const { key, cause, spec } = request.run;
      const asked = `${cause} of ${partOf(request)}`;
      if (cause !== "auto" && causes.has(asked)) this.problems.push(`${asked} was run twice`);
      causes.add(asked);
      const before = engine.runs.get(beforeOf(key));
      if (cause !== "auto" || before === undefined) continue;
      if (!isSame(before.request.run.spec, spec)) continue;
      if (before.state === "succeeded" || before.state === "failed")
        this.problems.push(`${key} began by itself, though the one before had ${before.state}`);
    }
  }

  #checkForks(): void {
    const { engine, shop } = this.#world;
    for (const pull of shop.data.pulls.values()) {
      if (pull.head.repository === pull.base.repository) continue;
      const { sha } = pull.head;
      const own = engine
        .all({ sha })
        .filter(({ request }) => !isCopys(this.#world, request) && !isFormer(this.#world, request));
      if (own.length > 0 && !this.#allowed.has(sha))
        this.problems.push(`${sha.slice(0, 7)} of a fork runs though nobody named it`);
    }
  }

  /** A required check that is neutral or skipped would count as passed. */
  #checkConclusions(): void {
    const { shop, github } = this.#world;
    for (const run of shop.data.runs.values()) {
      if (run.suite.app !== github.app || run.status !== "completed") continue;
      const allowed = ["success", "failure", "action_required"];
      if (run.name !== "interlock") allowed.push("cancelled");
      if (!allowed.includes(run.conclusion ?? ""))
        this.problems.push(`${run.name} ended as ${run.conclusion}`);
    }
  }

  #written({ url }: Written): CheckRun | undefined {
    const runs = [...this.#world.shop.data.runs.values()];
    const id = /\/check-runs\/(\d+)$/.exec(url)?.[1];
    return id === undefined ? runs.at(-1) : runs.find((run) => run.id === Number(id));
  }

  #whyNotGreen({ externalId, headSha }: Pick<CheckRun, "externalId" | "headSha">): string | null {
    const [, number] = /^pull:.*#(\d+)$/.exec(externalId) ?? [];
    if (number === undefined)
      return this.judge.whyNotReleased(externalId.split(":").at(-1) ?? "", headSha);
    const pull = this.#world.shop.data.pulls.get(Number(number));
    if (pull === undefined) return "there is no such pull request";
    return this.judge.whyNotLately({ ...pull, head: { ...pull.head, sha: headSha } });
  }
}

/** The commit whose gate the call opens; null for any other call. */
export function openedBy({ kind, name, args }: Call): string | null {
  if (kind !== "github" || (name !== "createCheck" && name !== "updateCheck")) return null;
  const { sha, name: check, state } = wantedOf(name, args);
  const opens = state.status === "completed" && state.conclusion === "success";
  return check === "interlock" && opens ? sha : null;
}

function wantedOf(name: string, args: readonly unknown[]): CheckWanted {
  const [, given] = args;
  return name === "createCheck" ? (given as CheckWanted) : (given as { check: CheckWanted }).check;
}

function isBroken(error: unknown): boolean {
  if (error instanceof Broken) return true;
  return error instanceof Error && error.cause !== undefined && isBroken(error.cause);
}
