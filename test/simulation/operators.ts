// What people do about production: commands for rollbacks and approvals, and whatever they do at the console.

import type { DoubleRun } from "../world/engine.ts";
import type { WorldPull } from "../world/pull.ts";
import type { World } from "../world/world.ts";
import { placeOf, productionOf } from "./production.ts";
import type { Random } from "./random.ts";

/** Who may roll back and approve, and who may not. */
const people = ["mia", "mia", "boss", "dev", "ria"];
const pipelines = ["shop", "shop", "release"];

export class Operators {
  readonly #world: World;
  readonly #say: (what: string) => void;

  constructor(world: World, say: (what: string) => void) {
    this.#world = world;
    this.#say = say;
  }

  /** Somebody who thinks better of it, or two who think the same. */
  rollBack(random: Random, pull: WorldPull | undefined): void {
    if (pull === undefined) return;
    const pipeline = random.pick(pipelines) ?? "shop";
    const stage = random.pick(["", "", " OneBox", " Production"]) ?? "";
    const released = this.#world.engine.all({ part: "release", pipeline });
    const to = random.chance(0.3) ? random.pick(released)?.request.run.sha : undefined;
    const command = `rollback ${pipeline}${stage}${to === undefined ? "" : ` to ${to}`}`;
    for (let times = random.chance(0.3) ? 2 : 1; times > 0; times -= 1)
      this.#ask(pull, random.pick(people) ?? "mia", command);
  }

  approve(random: Random, pull: WorldPull | undefined): void {
    if (pull === undefined) return;
    const production = productionOf(this.#world);
    const run = random.pick(this.#live);
    let [pipeline, stage] = [random.pick(pipelines), random.pick(["OneBox", "Production"])];
    if (run !== undefined && random.chance(0.8)) {
      if (!production.isStill(run)) this.wait(run);
      pipeline = run.request.run.pipeline;
      stage = run.stages.find(({ state }) => state === "waiting")?.name ?? stage;
    }
    this.#ask(pull, random.pick(people) ?? "mia", `approve ${pipeline} ${stage}`);
  }

  /** The stage under way waits for a person. */
  wait(run: DoubleRun | undefined): void {
    const production = productionOf(this.#world);
    if (run === undefined || production.isStill(run)) return;
    this.#say(`${run.request.run.key} waits for an approval`);
    production.wait(run);
  }

  closeWay(random: Random): void {
    const run = random.pick(this.#live);
    if (run === undefined) return;
    this.#say(`the way into Production of ${run.request.run.pipeline} is closed`);
    productionOf(this.#world).close(placeOf(run.request.run.spec));
  }

  /** What waits goes on, which somebody sees to at the console where nobody has approved it. */
  goOn(random: Random): void {
    const production = productionOf(this.#world);
    const run = random.pick(this.#live.filter((one) => production.isStill(one)));
    if (run === undefined) return;
    this.#say(`${run.request.run.key} goes on`);
    production.resume(run);
  }

  startAround(random: Random): void {
    const { engine, shop } = this.#world;
    const run = random.pick(engine.all({ part: "release" }));
    if (run === undefined) return;
    const sha = random.chance(0.5) ? run.request.run.sha : shop.tip();
    this.#say(`ann starts ${run.request.run.pipeline} for ${sha.slice(0, 7)}`);
    productionOf(this.#world).startAround(placeOf(run.request.run.spec), sha);
  }

  interfere(random: Random): void {
    const run = random.pick(this.#all);
    if (run === undefined) return;
    const kind = random.pick(["condition_overridden", "pipeline_changed", "rolled_back"] as const);
    this.#say(`${run.request.run.key}: ${kind}`);
    productionOf(this.#world).mark(run, kind ?? "rolled_back");
  }

  /** Rollbacks that run come to their end. */
  endBack(random: Random): void {
    const production = productionOf(this.#world);
    const back = random.pick(production.started.filter(({ state }) => state === "running"));
    if (back === undefined) return;
    const state = random.chance(0.8) ? "succeeded" : "failed";
    this.#say(`the rollback ${back.request.key} has ${state}`);
    production.endBack(back, state);
  }

  /** A release that runs. */
  one(random: Random): DoubleRun | undefined {
    return random.pick(this.#live);
  }

  get #all() {
    const all = this.#world.engine.all({ part: "release" });
    return all.filter(({ request }) => request.run.spec.engine === "codepipeline");
  }

  get #live() {
    return this.#all.filter(({ state }) => state === "running");
  }

  #ask(pull: WorldPull, login: string, command: string): void {
    this.#say(`${login} tells #${pull.number} to ${command}`);
    pull.comment(login, `/interlock ${command}`);
  }
}
