// Lets several looks go on together, one call to the outside at a time, in an order that a seed decides.

import type { Ports } from "../../src/flow/work.ts";
import type { Engine, GitHub, Store } from "../../src/port.ts";
import { Broken } from "../world/ports.ts";
import { Dice } from "./random.ts";

interface Call {
  readonly kind: "github" | "store" | "engine";
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class Turnstile {
  dice = new Dice(0);
  /** The process dies after so many more calls; null while it lives. */
  fuse: number | null = null;
  /** How often a call to the database fails, before or after it took effect. */
  storeFails = 0;
  /** What happens elsewhere while a look is under way, before each of its calls. */
  meanwhile: () => Promise<void> = async () => {};
  #waiting: Call[] = [];
  #dead = false;
  #passing = false;

  /** The same ports, whose calls wait for their turn. */
  ports(inner: Ports): Ports {
    const { engines } = inner;
    return {
      ...inner,
      github: this.#guarded<GitHub>("github", inner.github),
      store: this.#guarded<Store>("store", inner.store),
      engines: new Map(
        [...engines].map(([name, engine]) => [name, this.#guarded<Engine>("engine", engine)]),
      ),
    };
  }

  /** Until all of it has ended, by its own or because the process died on the way. */
  async through(works: readonly Promise<unknown>[]): Promise<"lived" | "died"> {
    let open = works.length;
    const ended = () => {
      open -= 1;
    };
    for (const work of works) work.then(ended, ended);
    // Calls of a look that failed elsewhere go on without it.
    for (let idle = 0; open > 0 || this.#waiting.length > 0; ) {
      const call = this.dice.pick(this.#waiting);
      if (call !== undefined) {
        this.#waiting = this.#waiting.filter((other) => other !== call);
        await this.#pass(call);
      }
      idle = call === undefined ? idle + 1 : 0;
      if (idle > idle_max) throw new Error("A look waits for nothing");
      // Whatever a look does by itself, it has done when this comes back.
      await new Promise(setImmediate);
    }
    const end = this.#dead ? "died" : "lived";
    this.#dead = false;
    this.fuse = null;
    return end;
  }

  async #pass(call: Call): Promise<void> {
    if (this.#dead) return call.reject(new Broken(died));
    await this.meanwhile();
    if (this.fuse === 0) {
      this.#dead = true;
      return await this.#lose(call, died);
    }
    if (this.fuse !== null) this.fuse -= 1;
    if (call.kind === "store" && this.dice.chance(this.storeFails))
      return await this.#lose(call, "the database does not answer");
    try {
      call.resolve(await this.#run(call));
    } catch (error) {
      call.reject(error);
    }
  }

  async #run(call: Call): Promise<unknown> {
    this.#passing = true;
    try {
      return await call.run();
    } finally {
      this.#passing = false;
    }
  }

  /** Nobody hears what became of it. It may have taken effect all the same. */
  async #lose(call: Call, why: string): Promise<void> {
    try {
      if (this.dice.chance(0.5)) await this.#run(call);
    } finally {
      call.reject(new Broken(why));
    }
  }

  #guarded<T extends object>(kind: Call["kind"], inner: T): T {
    return new Proxy(inner, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver);
        // What answers at once does not leave the process.
        if (typeof member !== "function" || name === "readyAt") return member;
        return (...args: unknown[]) =>
          // What a call asks for on its way is a part of it.
          this.#passing
            ? member.apply(target, args)
            : new Promise((resolve, reject) => {
                this.#waiting.push({
                  kind,
                  run: () => member.apply(target, args),
                  resolve,
                  reject,
                });
              });
      },
    });
  }
}

const died = "the process is dead";

/** Turns of the loop in which no call comes, though a look is under way. */
const idle_max = 10_000;
