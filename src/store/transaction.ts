// The statements of one transaction, of which none has to wait for the answer to another: all of them count, or none.

import type { Connection } from "./database.ts";

export interface Statements extends Connection {
  /**
   * Lets nothing more be sent, and waits for all that was. Rejects with the first failure, anyone who waited for
   * that statement, and where nobody did.
   */
  settle(): Promise<void>;
}

/**
 * What `on` is given runs there in the order in which it was asked for. What only reads can be sent before
 * `started` resolves; all else waits for it, and is not sent where it rejects: outside of its transaction a
 * statement would count alone.
 */
export function openStatements(on: Connection, started: Promise<unknown>): Statements {
  let state: "beginning" | "open" | "ended" = "beginning";
  let failure: { readonly why: unknown } | null = null;
  let waiting: (() => void)[] = [];
  const answers: Promise<void>[] = [];

  const fail = (why: unknown) => {
    failure ??= { why };
  };
  const beginning = started.catch(fail).then(() => {
    if (state === "beginning") state = "open";
    for (const send of waiting) send();
    waiting = [];
  });

  const send = <T>(what: "reads" | "writes", run: () => Promise<T>): Promise<T> => {
    const unlessFailed = () => (failure === null ? run() : Promise.reject(failure.why));
    const isNow = state === "open" || (what === "reads" && waiting.length === 0);
    const answer =
      state === "ended"
        ? Promise.reject(new Error("The transaction has ended"))
        : isNow
          ? unlessFailed()
          : new Promise<T>((resolve) => void waiting.push(() => resolve(unlessFailed())));
    // Anyone who does not wait for it hears of it when the transaction ends.
    answers.push(answer.then(() => {}, fail));
    return answer;
  };

  return {
    query: (text, params) => send("writes", () => on.query(text, params)),
    read: (text, params) => send("reads", () => on.read(text, params)),
    exec: (script) => send("writes", () => on.exec(script)),
    async settle() {
      state = "ended";
      await beginning;
      await Promise.all(answers);
      if (failure !== null) throw (failure as { readonly why: unknown }).why;
    },
  };
}

/** For what is waited for later, or by nobody: where it fails, so does the transaction. */
export function later<T>(answer: Promise<T>): Promise<T> {
  answer.catch(() => {});
  return answer;
}
