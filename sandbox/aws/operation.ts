// What an operation of a service is made of: what it takes, whom it concerns, and what it does.
import type { World } from "./model.ts";
import { Refusal } from "./refusal.ts";
import type { Principal } from "./request-log.ts";
import { accept, type Shape } from "./shape.ts";

export type Scope = { account: string; region: string };

export type Call<T> = Scope & {
  world: World;
  input: T;
  principal: Principal;
  /** Executions younger than this are not there yet. */
  unseenMs: number;
};

export type Operation = {
  /** A request that fits, with what IAM has to say about it; else the refusal. */
  prepare(value: unknown, scope: Scope): Prepared | Refusal;
};

export type Prepared = {
  action: string;
  /** ARN, or `*` where IAM knows no resource for it. */
  resource: string;
  run(context: Omit<Call<never>, "input">): object | Refusal | Promise<object | Refusal>;
};

export function operation<T>(parts: {
  /** As IAM calls it. */
  action: string;
  input: Shape<T>;
  resource(input: T, scope: Scope): string;
  run(call: Call<T>): object | Refusal;
}): Operation {
  return {
    prepare(value, scope) {
      const accepted = accept(parts.input, value);
      if (accepted instanceof Refusal) return accepted;
      const { input } = accepted;
      return {
        action: parts.action,
        resource: parts.resource(input, scope),
        run: (context) => parts.run({ ...context, input }),
      };
    },
  };
}
