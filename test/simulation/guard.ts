// What must be so of rollbacks and approvals, told from what people did and from the double of the engine alone.

import type { World } from "../world/world.ts";
import type { WorldHistory } from "./past.ts";
import { type Approved, type Back, placeOf, productionOf } from "./production.ts";

/** By the roles of the world's repository, and plans that say nothing else. */
const mayOperate: ReadonlySet<string> = new Set(["mia", "boss"]);

export class Guard {
  readonly #world: World;
  readonly #past: WorldHistory;
  readonly #problems: string[];
  #backs = 0;
  #approved = 0;
  #runs = 0;

  constructor(world: World, past: WorldHistory, problems: string[]) {
    this.#world = world;
    this.#past = past;
    this.#problems = problems;
  }

  check(): void {
    const production = productionOf(this.#world);
    for (const back of production.started.slice(this.#backs)) this.#checkBack(back);
    this.#backs = production.started.length;
    for (const one of production.approved.slice(this.#approved)) this.#checkApproved(one);
    this.#approved = production.approved.length;
    this.#checkAgain();
  }

  /** The comment by which something was asked for; undefined where somebody pressed a button or had it run again. */
  #asked(key: string) {
    const [, id] = /^comment:(\d+)/.exec(key) ?? [];
    return id === undefined ? undefined : this.#world.shop.data.comments.get(Number(id));
  }

  #actorOf(key: string): string | undefined {
    // What was pressed comes before who pressed it: for an approval, also of which attempt and stage.
    const [, pressed] = /^(?:check|suite):\d+:(?:approve:\d+:\d+|\w+):(\w+)/.exec(key) ?? [];
    return this.#asked(key)?.author.login ?? pressed;
  }

  #checkBack(back: Back): void {
    const { request, sha, place } = back;
    const name = `the rollback ${request.key}`;
    const comment = this.#asked(request.key);
    const actor = this.#actorOf(request.key);
    if (actor === undefined || !mayOperate.has(actor))
      this.#problems.push(`${name} was asked for by nobody who may`);
    else if (this.#wrote(actor, sha))
      this.#problems.push(`${name} brings back what ${actor} wrote`);
    for (const other of productionOf(this.#world).started) {
      if (other === back || other.place !== place || other.startedAt > back.startedAt) continue;
      if (other.state === "running") this.#problems.push(`${name} runs beside another one`);
      // Who asked before the first was over asked for that one.
      const isTwice =
        comment !== undefined &&
        other.request.stage === request.stage &&
        !/ to /.test(comment.body) &&
        other.state === "succeeded" &&
        comment.createdAt <= (other.endedAt ?? 0);
      if (isTwice) this.#problems.push(`${name} goes back twice, after ${other.request.key}`);
    }
  }

  #checkApproved({ approval, run, before }: Approved): void {
    const { actor, stage } = approval;
    const { sha, key } = run.request.run;
    const isAsked = this.#asked(approval.key)?.body.includes("approve") ?? true;
    if (!isAsked || this.#actorOf(approval.key) !== actor || !mayOperate.has(actor))
      this.#problems.push(`${key} was approved in ${stage} for ${actor}, who has not or may not`);
    const brought = before === null ? [sha] : this.#past.between(before, sha);
    const own = brought.filter((one) => this.#wrote(actor, one));
    if (own.length > 0)
      this.#problems.push(`${actor} approved ${own[0]?.slice(0, 7)} of their own in ${key}`);
  }

  /** What was taken out goes in again only where somebody asks for it who may take it out. */
  #checkAgain(): void {
    const { engine, sharedEngine } = this.#world;
    const runs = engine.all({ part: "release" });
    for (const { request } of runs.slice(this.#runs)) {
      const { sha, key, cause, spec } = request.run;
      const isOut = productionOf(this.#world).started.some(
        (back) =>
          back.request.from === sha &&
          back.state === "succeeded" &&
          // Another branch's pipeline releases it somewhere else.
          back.place === placeOf(spec),
      );
      const actor = this.#actorOf(cause);
      if (
        isOut &&
        spec.engine === sharedEngine.name &&
        actor !== undefined &&
        !mayOperate.has(actor)
      )
        this.#problems.push(`${key} brings back what was taken out, for ${actor}`);
      if (isOut && cause === "auto" && !this.#past.cameBack(sha))
        this.#problems.push(`${key} brings back what was taken out, and nobody asked`);
    }
    this.#runs = runs.length;
  }

  /** Merges bring together what others wrote. */
  #wrote(login: string, sha: string): boolean {
    const commit = this.#world.shop.data.store.commits.get(sha);
    if (commit === undefined || commit.parents.length > 1) return false;
    return commit.author.login === login || commit.committer.login === login;
  }
}
