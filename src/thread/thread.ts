// Work that hostile input can make long, in a thread of its own with limits of memory and time.

import { Worker } from "node:worker_threads";

export type ThreadAnswer<T> =
  | { readonly kind: "done"; readonly value: T }
  /** `why` completes "the plan …" or "the report …". */
  | { readonly kind: "failed"; readonly why: string };

export interface Thread<In, Out> {
  /** Those who ask take turns by `of`, so that one who asks much has only their own questions wait. */
  ask(input: In, of: number): Promise<ThreadAnswer<Out>>;
  /** Ends it; anyone who still waits is told that it could not be read. */
  close(): Promise<void>;
}

export interface ThreadOptions {
  /** A module that sends one message when it is ready, and then answers each message with one. */
  readonly entry: URL;
  readonly memory_mb: number;
  /** For one question, from the moment when its turn has come. */
  readonly within_ms: number;
  /** How long the thread is kept for the next question. */
  readonly idle_ms: number;
}

interface Question<In, Out> {
  readonly input: In;
  readonly of: number;
  readonly resolve: (answer: ThreadAnswer<Out>) => void;
}

/** One question at a time. A thread that failed is replaced. */
export function openThread<In, Out>(options: ThreadOptions): Thread<In, Out> {
  let waiting: Question<In, Out>[] = [];
  let worker: Worker | null = null;
  let isBusy = false;
  let isClosed = false;
  let idling: NodeJS.Timeout | undefined;
  /** Whose turn was when, oldest first. */
  const turns = new Set<number>();

  return {
    ask: (input, of) =>
      new Promise((resolve) => {
        waiting.push({ input, of, resolve });
        void run();
      }),
    async close() {
      isClosed = true;
      for (const { resolve } of waiting) resolve(failed("could not be read"));
      waiting = [];
      await end();
    },
  };

  async function run(): Promise<void> {
    if (isBusy || isClosed) return;
    isBusy = true;
    clearTimeout(idling);
    for (let question = next(); question !== undefined; question = next())
      question.resolve(await answerTo(question));
    isBusy = false;
    idling = setTimeout(() => void end(), options.idle_ms);
    idling.unref();
  }

  /** Of anyone who had no turn for longest, the first. */
  function next(): Question<In, Out> | undefined {
    const order = [...turns];
    const rank = ({ of }: Question<In, Out>) => order.indexOf(of);
    const question = waiting.reduce<Question<In, Out> | undefined>(
      (first, one) => (first === undefined || rank(one) < rank(first) ? one : first),
      undefined,
    );
    if (question === undefined) {
      turns.clear();
      return undefined;
    }
    waiting = waiting.filter((one) => one !== question);
    turns.delete(question.of);
    turns.add(question.of);
    return question;
  }

  async function answerTo({ input }: Question<In, Out>): Promise<ThreadAnswer<Out>> {
    let answer: ThreadAnswer<unknown> = { kind: "done", value: null };
    if (worker === null) {
      worker = start();
      answer = await message(worker, startup_ms);
    }
    if (answer.kind === "done") {
      const asked = worker;
      const answering = message<Out>(asked, options.within_ms);
      asked.postMessage(input);
      answer = await answering;
    }
    if (answer.kind === "failed") await end();
    return answer as ThreadAnswer<Out>;
  }

  /** The next one that it sends. */
  function message<T>(from: Worker, within_ms: number): Promise<ThreadAnswer<T>> {
    return new Promise((resolve) => {
      const give = (given: ThreadAnswer<T>) => {
        clearTimeout(timer);
        from.removeAllListeners();
        // An error that comes after all must not end the program.
        from.on("error", () => {});
        resolve(given);
      };
      const timer = setTimeout(() => give(failed("takes too long to be read")), within_ms);
      from.removeAllListeners();
      from.once("message", (value: T) => give({ kind: "done", value }));
      from.once("error", (error: unknown) => give(failed(whyOf(error))));
      from.once("exit", () => give(failed("could not be read")));
    });
  }

  function start(): Worker {
    const started = new Worker(options.entry, {
      resourceLimits: { maxOldGenerationSizeMb: options.memory_mb },
      // Nothing of the program's own is of use there.
      env: {},
    });
    started.unref();
    return started;
  }

  async function end(): Promise<void> {
    const ending = worker;
    worker = null;
    clearTimeout(idling);
    await ending?.terminate();
  }
}

/** To load its modules, however busy the machine is. */
const startup_ms = 60_000;

function failed(why: string): ThreadAnswer<never> {
  return { kind: "failed", why };
}

function whyOf(error: unknown): string {
  const isMemory =
    error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  return isMemory ? "takes too much memory to be read" : "could not be read";
}
