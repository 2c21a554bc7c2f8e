// Who is told of releases, and whether everybody was told of everything, once.

import { limit } from "../../src/core/model/limit.ts";
import { tell } from "../../src/flow/notify.ts";
import type { NoticeDraft, Notifier, TakenNotice, Told } from "../../src/ports/notifier.ts";
import { Broken } from "../world/ports.ts";
import type { World } from "../world/world.ts";
import { topic } from "./plans.ts";
import { productionOf } from "./production.ts";
import type { Dice } from "./random.ts";

export class Mail implements Notifier {
  /** How often it does not arrive, or its answer does not come back; 0 once the faults are over. */
  fails = 0;
  readonly #world: World;
  readonly #arrived = new Map<string, number>();
  /** Of which it is known in the ledger that they arrived. */
  readonly #settled = new Set<string>();
  readonly #problems: string[];
  #dice: Dice | null = null;

  constructor(world: World, problems: string[]) {
    this.#world = world;
    this.#problems = problems;
  }

  async send(draft: NoticeDraft): Promise<Told> {
    const place = placeOf(draft);
    if (this.#settled.has(place)) this.#problems.push(`${place} is told once more`);
    const isAway = this.#chance();
    if (!isAway) this.#arrived.set(place, (this.#arrived.get(place) ?? 0) + 1);
    return isAway || this.#chance() ? { kind: "failed", why: "no answer" } : { kind: "sent" };
  }

  /** Sends what is due, by a process that may die right after. */
  async round(dice: Dice): Promise<number> {
    this.#dice = dice;
    const { on, clock, log } = this.#world;
    const { notices } = on;
    const settle = async (taken: TakenNotice, end: Parameters<typeof notices.settle>[1]) => {
      if (this.#chance()) throw new Broken("the process is dead");
      await notices.settle(taken, end);
      if (end.kind === "sent") this.#settled.add(placeOf(taken));
    };
    try {
      const ledger = { take: notices.take, settle };
      return await tell({ ledger, notifier: this, clock: clock.now, log });
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      return 0;
    }
  }

  /** Once the faults are over: nothing waits any more, and whatever there was to tell has been told. */
  async audit(dice: Dice, { isExcused }: { readonly isExcused: boolean }): Promise<void> {
    this.fails = 0;
    for (let round = 0; round < limit.notify.attempts; round += 1) {
      while ((await this.round(dice)) > 0);
      this.#world.clock.advance(limit.notify.again_ms_max);
    }
    const states = await this.#world.on.noticeStates();
    const left = states.filter((state) => state !== "sent");
    if (left.length > 0) this.#problems.push(`notifications are left: ${left}`);
    for (const [place, times] of this.#arrived)
      if (times > limit.notify.attempts) this.#problems.push(`${place} was told ${times} times`);
    if (isExcused) return;
    for (const key of this.#wanted())
      if (![...this.#arrived.keys()].some((place) => place.startsWith(`${topic} ${key}`)))
        this.#problems.push(`nobody was told: ${key}`);
  }

  /** How the keys begin of what has to have been told. */
  #wanted(): readonly string[] {
    const { engine, careful } = this.#world;
    const releases = engine
      .all({ part: "release" })
      .filter(({ request }) => request.run.spec.engine === careful.name);
    const production = productionOf(this.#world);
    return [
      ...releases.map(({ request }) => `started|${request.run.key}`),
      ...releases
        .filter(({ state, why }) => state === "failed" && why === "exit code 1")
        .map(({ request }) => `failed|${request.run.key}|`),
      ...production.begun
        .filter(({ request }) => releases.some((one) => one.request.run.sha === request.from))
        .map(({ request }) => `rolled_back|${request.key}`),
    ];
  }

  #chance(): boolean {
    return this.#dice?.chance(this.fails) ?? false;
  }
}

function placeOf({ target, notice }: NoticeDraft): string {
  return `${target} ${notice.key}`;
}
