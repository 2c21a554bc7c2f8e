// Lets several looks go on together, one call to the outside at a time, in an order that a seed decides.

import type { Ports } from "../../src/flow/ports.ts";
import type { Engine } from "../../src/ports/engine.ts";
import type { GitHub } from "../../src/ports/github.ts";
import type { Store } from "../../src/ports/store.ts";
import { Broken } from "../world/ports.ts";
import { Random } from "./random.ts";

/** One look of one process. */
export interface Look {
  readonly process: number;
  /** Calls of others that pass before it goes on: the process stands still. */
  held: number;
}

export interface Call {
  readonly kind: "github" | "store" | "engine";
  readonly name: string;
  readonly args: readonly unknown[];
  readonly look: Look;
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Latch {
  random = new Random(0);
  /** After so many more calls the process dies that makes the next; null while none does. */
  fuse: number | null = null;
  /** How often a call to the database fails, before or after it took effect. */
  storeFails = 0;
  /** What happens elsewhere while a look is under way, before each of its calls. */
  meanwhile: () => Promise<void> = async () => {};
  /** Sees each call; what it returns is done once the call has taken effect. */
  watch: (call: Call) => Promise<(() => void) | null> = async () => null;
  /** Whether the call waits until others that have just started have ended. */
  divert: (call: Call) => Promise<boolean> = async () => false;
  #waiting: Call[] = [];
  #dead = new Set<number>();
  #passing = false;
  #open = 0;

  /** The same ports, whose calls wait for their turn. */
  ports(inner: Ports, look: Look): Ports {
    const { engines } = inner;
    return {
      ...inner,
      github: this.#guarded<GitHub>("github", look, inner.github),
      store: this.#guarded<Store>("store", look, inner.store),
      engines: new Map(
        [...engines].map(([name, engine]) => [name, this.#guarded<Engine>("engine", look, engine)]),
      ),
    };
  }

  /** One more look that goes on with the others. */
  join(work: Promise<unknown>): void {
    this.#open += 1;
    const ended = () => {
      this.#open -= 1;
    };
    work.then(ended, ended);
  }

  /** Until all of it has ended, by its own or because its process died. Returns the processes that did. */
  async through(works: readonly Promise<unknown>[]): Promise<ReadonlySet<number>> {
    for (const work of works) this.join(work);
    // Calls of a look that failed elsewhere go on without it.
    for (let idle = 0; this.#open > 0 || this.#waiting.length > 0; ) {
      const call = this.#next();
      if (call !== undefined) {
        this.#waiting = this.#waiting.filter((other) => other !== call);
        await this.#pass(call);
      }
      idle = call === undefined ? idle + 1 : 0;
      if (idle > idle_max) throw new Error("A look waits for nothing");
      // Whatever a look does by itself, it has done when this comes back.
      await new Promise(setImmediate);
    }
    const dead = this.#dead;
    this.#dead = new Set();
    this.fuse = null;
    return dead;
  }

  /** Of those that do not stand still, as long as there are such. */
  #next(): Call | undefined {
    const moving = this.#waiting.filter(({ look }) => look.held === 0);
    const call = this.random.pick(moving.length > 0 ? moving : this.#waiting);
    const still = new Set(this.#waiting.map(({ look }) => look));
    for (const look of still) look.held = look === call?.look ? 0 : Math.max(0, look.held - 1);
    return call;
  }

  async #pass(call: Call): Promise<void> {
    const { process } = call.look;
    if (this.#dead.has(process)) return call.reject(new Broken(died));
    await this.meanwhile();
    if (await this.divert(call)) {
      this.#waiting.push(call);
      return;
    }
    if (this.fuse === 0) {
      this.fuse = null;
      this.#dead.add(process);
      return await this.#lose(call, died);
    }
    if (this.fuse !== null) this.fuse -= 1;
    if (call.kind === "store" && this.random.chance(this.storeFails))
      return await this.#lose(call, "the database does not answer");
    try {
      call.resolve(await this.#run(call));
    } catch (error) {
      call.reject(error);
    }
  }

  async #run(call: Call): Promise<unknown> {
    const then = await this.watch(call);
    this.#passing = true;
    try {
      return await call.run();
    } finally {
      this.#passing = false;
      then?.();
    }
  }

  /** Nobody hears what became of it. It may have taken effect all the same. */
  async #lose(call: Call, why: string): Promise<void> {
    try {
      if (this.random.chance(0.5)) await this.#run(call);
    } finally {
      call.reject(new Broken(why));
    }
  }

  #guarded<T extends object>(kind: Call["kind"], look: Look, inner: T): T {
    return new Proxy(inner, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver);
        // What answers at once does not leave the process.
        if (typeof member !== "function" || name === "readyAt") return member;
        // The reads that it gives wait for their turn one by one, in whatever order.
        if (name === "together") return () => this.#guarded(kind, look, member.apply(target));
        return (...args: unknown[]) => {
          const run = () => member.apply(target, args);
          // What a call asks for on its way is a part of it.
          if (this.#passing) return run();
          return new Promise((resolve, reject) => {
            const of = { kind, name: String(name), args, look };
            this.#waiting.push({ ...of, run, resolve, reject });
          });
        };
      },
    });
  }
}

const died = "the process is dead";

/** Turns of the loop in which no call comes, though a look is under way. */
const idle_max = 10_000;
