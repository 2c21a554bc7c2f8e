// Brings together what is asked for within one turn of the event loop, so that it costs one statement.

import type { Connection, Param } from "./database.ts";

/**
 * Gives to `work` what was given within one turn of the event loop, in its order. `work` answers in that
 * order; where it rejects, everybody hears so.
 */
export function gathered<Given, Answer>(
  work: (all: readonly Given[]) => Promise<readonly Answer[]>,
): (given: Given) => Promise<Answer> {
  let waiting: {
    given: Given;
    resolve: (answer: Answer) => void;
    reject: (why: unknown) => void;
  }[] = [];
  const send = async (all: typeof waiting) => {
    try {
      const answers = await work(all.map(({ given }) => given));
      for (const [turn, { resolve }] of all.entries()) resolve(answers[turn] as Answer);
    } catch (error) {
      for (const { reject } of all) reject(error);
    }
  };
  return (given) =>
    new Promise((resolve, reject) => {
      if (waiting.length === 0)
        setImmediate(() => {
          const all = waiting;
          waiting = [];
          void send(all);
        });
      waiting.push({ given, resolve, reject });
    });
}

/** Queries on this connection that only read, and whose columns JSON can hold: numbers, texts, lists of them. */
export function readingTogether(on: Connection): Pick<Connection, "query"> {
  const ask = gathered<Asked, readonly unknown[]>((all) => askAll(on, all));
  return {
    query: async <Row>(text: string, params: readonly Param[] = []) =>
      (await ask({ text, params })) as readonly Row[],
  };
}

interface Asked {
  readonly text: string;
  readonly params: readonly Param[];
}

async function askAll(
  on: Connection,
  all: readonly Asked[],
): Promise<readonly (readonly unknown[])[]> {
  const [only] = all;
  if (only !== undefined && all.length === 1) return [await on.query(only.text, only.params)];
  const params: Param[] = [];
  const columns = all.map(({ text, params: own }, turn) => {
    const first = params.length;
    params.push(...own);
    const shifted = text.replaceAll(/\$(\d+)/g, (_, number) => `$${Number(number) + first}`);
    return `(select json_agg(own) from (${shifted}) as own)::text as r${turn}`;
  });
  const [row] = await on.query<Readonly<Record<string, string | null>>>(
    `select ${columns.join(",\n")}`,
    params,
  );
  return all.map((_, turn) => JSON.parse(row?.[`r${turn}`] ?? "[]") as readonly unknown[]);
}
