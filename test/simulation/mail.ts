// Who is told of releases, and whether everybody was told of everything, once.

import { limit } from "../../src/core/model/limit.ts";
import { tell } from "../../src/flow/notify.ts";
import type {
  NotificationDraft,
  Notifier,
  SendResult,
  TakenNotification,
} from "../../src/ports/notifier.ts";
import { Broken } from "../world/ports.ts";
import type { World } from "../world/world.ts";
import { topic } from "./plans.ts";
import { productionOf } from "./production.ts";
import type { Random } from "./random.ts";

export class Mail implements Notifier {
  /** How often it does not arrive, or its answer does not come back; 0 once the faults are over. */
  fails = 0;
  readonly #world: World;
  readonly #arrived = new Map<string, number>();
  /** Of which it is known in the ledger that they arrived. */
  readonly #settled = new Set<string>();
  readonly #problems: string[];
  #random: Random | null = null;

  constructor(world: World, problems: string[]) {
    this.#world = world;
    this.#problems = problems;
  }

  async send(draft: NotificationDraft): Promise<SendResult> {
    const place = placeOf(draft);
    if (this.#settled.has(place)) this.#problems.push(`${place} is told once more`);
    const isAway = this.#chance();
    if (!isAway) this.#arrived.set(place, (this.#arrived.get(place) ?? 0) + 1);
    return isAway || this.#chance() ? { kind: "failed", why: "no answer" } : { kind: "sent" };
  }

  /** Sends what is due, by a process that may die right after. */
  async round(random: Random): Promise<number> {
    this.#random = random;
    const { on, clock, log } = this.#world;
    const { notifications } = on;
    const settle = async (
      taken: TakenNotification,
      end: Parameters<typeof notifications.settle>[1],
    ) => {
      if (this.#chance()) throw new Broken("the process is dead");
      await notifications.settle(taken, end);
      if (end.kind === "sent") this.#settled.add(placeOf(taken));
    };
    try {
      const ledger = { take: notifications.take, settle };
      return await tell({ ledger, notifier: this, clock: clock.now, log });
    } catch (error) {
      if (!(error instanceof Broken)) throw error;
      return 0;
    }
  }

  /** Once the faults are over: nothing waits any more, and whatever there was to tell has been told. */
  async audit(random: Random, { isExcused }: { readonly isExcused: boolean }): Promise<void> {
    this.fails = 0;
    for (let round = 0; round < limit.notify.attempts; round += 1) {
      while ((await this.round(random)) > 0);
      this.#world.clock.advance(limit.notify.again_ms_max);
    }
    const states = await this.#world.on.notificationStates();
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
    const { engine, sharedEngine } = this.#world;
    const releases = engine
      .all({ part: "release" })
      .filter(({ request }) => request.run.spec.engine === sharedEngine.name);
    const production = productionOf(this.#world);
    return [
      ...releases.map(({ request }) => `started|${request.run.key}`),
      ...releases
        .filter(({ state, why }) => state === "failed" && why === "exit code 1")
        .map(({ request }) => `failed|${request.run.key}|`),
      ...production.started
        .filter(({ request }) => releases.some((one) => one.request.run.sha === request.from))
        .map(({ request }) => `rolled_back|${request.key}`),
    ];
  }

  #chance(): boolean {
    return this.#random?.chance(this.fails) ?? false;
  }
}

function placeOf({ target, notice }: NotificationDraft): string {
  return `${target} ${notice.key}`;
}
