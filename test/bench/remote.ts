// Functions of another process, called over the channel that `fork` opens.

import { type ChildProcess, fork } from "node:child_process";

/** The functions of `H` as their caller sees them. */
export type Remote<H> = {
  [K in keyof H]: H[K] extends (...given: infer A) => infer R
    ? (...given: A) => Promise<Awaited<R>>
    : never;
};

export interface Helper<H> {
  readonly pid: number;
  readonly call: Remote<H>;
}

interface Question {
  readonly id: number;
  readonly name: string;
  readonly given: readonly unknown[];
}

type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** Answers the calls of the process that started this one, and ends with it. */
export function serve(functions: object): void {
  process.on("message", async ({ id, name, given }: Question) => {
    const answer = await Promise.resolve()
      .then(() => (functions as Record<string, (...given: unknown[]) => unknown>)[name]?.(...given))
      .then(
        (value): Answer => ({ id, value }),
        (error: unknown): Answer => ({ id, error: String(error) }),
      );
    process.send?.(answer);
  });
  process.once("disconnect", () => process.exit(0));
}

/** Starts a file that calls `serve`. What it prints goes to `output`, a file that is open. */
export function startHelper<H>(file: string, output: number): Helper<H> {
  const child = fork(new URL(file, import.meta.url), {
    stdio: ["ignore", output, output, "ipc"],
  });
  if (child.pid === undefined) throw new Error(`${file} did not start`);
  return { pid: child.pid, call: callsOf<H>(child) };
}

function callsOf<H>(child: ChildProcess): Remote<H> {
  const asked = new Map<number, (answer: Answer) => void>();
  let last = 0;
  child.on("message", (answer: Answer) => {
    asked.get(answer.id)?.(answer);
    asked.delete(answer.id);
  });
  child.once("exit", (code) => {
    for (const [id, hear] of asked) hear({ id, error: `A process of the bench ended: ${code}` });
  });
  const call = (name: string, given: unknown[]) =>
    new Promise((resolve, reject) => {
      last += 1;
      asked.set(last, (answer) =>
        "error" in answer ? reject(new Error(answer.error)) : resolve(answer.value),
      );
      child.send({ id: last, name, given } satisfies Question);
    });
  return new Proxy({} as Remote<H>, {
    get:
      (_, name) =>
      (...given: unknown[]) =>
        call(String(name), given),
  });
}
