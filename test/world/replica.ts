// A second process of the world, which is paused at one of its calls while the first one goes on.

import type { Ports } from "../../src/flow/ports.ts";
import { reconcile } from "../../src/flow/reconcile.ts";
import type { World } from "./world.ts";

export interface Paused {
  /** It goes on where it was paused, and comes to its end. Its lease has long passed on. */
  wake(): Promise<void>;
}

/** The name of a method of `Ports["store"]`, `["github"]` or of the engine, and whether it is this call of it. */
export interface PausePoint {
  readonly at: "store" | "github" | "engine";
  readonly method: string;
  readonly when?: (args: readonly unknown[]) => boolean;
}

/**
 * Lets another process lease the subject whose key matches and look at it, up to the point, where it is
 * paused: SIGSTOP, a machine that is suspended, a long collection of garbage. Resolves once it is there and
 * its lease is lost; throws where it comes to its end instead.
 */
export async function pausedAt(world: World, key: RegExp, point: PausePoint): Promise<Paused> {
  const { ports } = world;
  if (ports === undefined) throw new Error("Interlock is not up");
  let wake = () => {};
  const awake = new Promise<void>((resolve) => {
    wake = resolve;
  });
  let reached = () => {};
  const there = new Promise<"there">((resolve) => {
    reached = () => resolve("there");
  });
  const hold = async (args: readonly unknown[]) => {
    if (point.when?.(args) === false) return;
    reached();
    await awake;
  };

  await world.hear();
  await world.store.wakeDue();
  const jobs = await world.queue.take(20);
  const job = jobs.find((one) => key.test(one.key));
  for (const other of jobs) if (other !== job) await world.queue.handBack(other);
  if (job === undefined) throw new Error(`Nobody is to look at ${key}`);
  world.clock.advance(10);
  const going = reconcile(pausing(ports, point, hold), job);
  const first = await Promise.race([there, going]);
  if (first !== "there") throw new Error("It was not paused");
  // Its heartbeat has stopped, so that the queue gives the job to another process.
  await world.queue.handBack(job);
  return {
    wake: async () => {
      wake();
      await going;
      await world.queue.done(job);
    },
  };
}

/**
 * Looks at the subject whose key matches, and lets `act` happen at the point, once: within the lease, so that
 * only what is asked there can tell. Throws where the look never comes there.
 */
export async function interrupted(
  world: World,
  key: RegExp,
  { act, ...point }: PausePoint & { readonly act: () => Promise<void> },
): Promise<void> {
  const { ports } = world;
  if (ports === undefined) throw new Error("Interlock is not up");
  await world.hear();
  await world.store.wakeDue();
  const jobs = await world.queue.take(20);
  const job = jobs.find((one) => key.test(one.key));
  for (const other of jobs) if (other !== job) await world.queue.handBack(other);
  if (job === undefined) throw new Error(`Nobody is to look at ${key}`);
  let isDone = false;
  const hold = async (args: readonly unknown[]) => {
    if (isDone || point.when?.(args) === false) return;
    isDone = true;
    await act();
  };
  await reconcile(pausing(ports, point, hold), job);
  await world.queue.done(job);
  if (!isDone) throw new Error("The look never came there");
}

function pausing(
  ports: Ports,
  { at, method }: PausePoint,
  hold: (args: readonly unknown[]) => Promise<void>,
): Ports {
  const held = <T extends object>(inner: T): T =>
    new Proxy(inner, {
      get(target, name, receiver) {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== "function" || name !== method) return member;
        return async (...args: unknown[]) => {
          await hold(args);
          return await member.apply(target, args);
        };
      },
    });
  switch (at) {
    case "store":
      return { ...ports, store: held(ports.store) };
    case "github":
      return { ...ports, github: held(ports.github) };
    case "engine":
      return {
        ...ports,
        engines: new Map([...ports.engines].map(([name, engine]) => [name, held(engine)])),
      };
  }
}
