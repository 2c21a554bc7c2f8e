// Takes notices of AWS from a queue, for those who open no port: long polling, deleted once they are durable.

import { setTimeout as sleep } from "node:timers/promises";
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { z } from "zod";
import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";
import { patience } from "./clients.ts";
import { type AwsMeter, counted } from "./count.ts";
import { type AwsEnvironment, settingsFrom } from "./environment.ts";
import type { Ingest } from "./message.ts";

export interface QueueReader {
  /** How many messages came to which end since the start. */
  counts(): ReadonlyMap<Outcome, number>;
  /** Ends the waiting at once, and resolves when what was received is stored. */
  stop(): Promise<void>;
}

type Outcome = "stored" | "known" | "ignored" | "malformed" | "failed";

/** With Interlock's own credentials: the queue is the operator's. */
export function queueClient(
  queueUrl: string,
  environment: AwsEnvironment | null,
  meter?: AwsMeter,
): SQSClient {
  const { credentials, endpoint } = settingsFrom(environment);
  const region = regionOf(queueUrl);
  const client = new SQSClient({
    ...(region !== null && { region }),
    ...(credentials !== undefined && { credentials }),
    ...endpoint("SQS"),
    requestHandler: patience(limit.sqs.wait_s * 1_000 + limit.sqs.answer_ms),
    // The reader itself asks again, and says so.
    maxAttempts: 1,
  });
  return counted(client, "sqs", meter);
}

/**
 * As AWS's addresses tell it, old ones too. Null for a queue that is not at AWS, as in the sandbox: its
 * region is left to the SDK's own settings. docs.aws.amazon.com/general/latest/gr/sqs-service.html
 */
export function regionOf(queueUrl: string): string | null {
  const host = /^https?:\/\/([^/:]+)/.exec(queueUrl)?.[1] ?? "";
  if (host === "queue.amazonaws.com") return "us-east-1";
  const old = /^([a-z0-9-]+)\.queue\.amazonaws\.com(?:\.cn)?$/.exec(host)?.[1];
  // Behind an endpoint in a network of the operator's own the service's name is not the first.
  return old ?? /(?:^|\.)sqs(?:-fips)?\.([a-z0-9-]+)\./.exec(host)?.[1] ?? null;
}

/** Begins at once. Who may send to the queue is said by its policy: messages carry no signature here. */
export function readQueue(with_: {
  readonly client: SQSClient;
  readonly queueUrl: string;
  readonly ingest: Ingest;
  readonly log: Log;
  /** Resolves after so many milliseconds, or once the signal comes. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}): QueueReader {
  const { client, queueUrl: QueueUrl, ingest, log, wait = waited } = with_;
  const stopping = new AbortController();
  const counts = new Map<Outcome, number>();
  /** Messages that could not be stored, by their ids. */
  const refused = new Set<string>();
  let failures = 0;
  const running = run();
  return {
    counts: () => counts,
    async stop() {
      stopping.abort();
      await running;
    },
  };

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      try {
        const since = performance.now();
        const messages = await receive();
        const done = await Promise.all(messages.map(take));
        await remove(done.filter((message) => typeof message === "object"));
        // Where another one was stored it is the message, and the store is well.
        const isDown =
          done.includes("down") && !done.some((message) => typeof message === "object");
        failures = isDown ? failures + 1 : 0;
        // AWS waits with an empty answer; something else that does not would be asked without end.
        const isHasty = messages.length === 0 && performance.now() - since < limit.sqs.again_ms;
        if (isHasty && failures === 0) await pause(1);
      } catch (error) {
        if (stopping.signal.aborted) return;
        failures += 1;
        log.warn({ err: error, failures }, "The queue of notices could not be read");
      }
      if (failures > 0) await pause(failures);
    }
  }

  async function receive(): Promise<readonly Message[]> {
    const command = new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: limit.sqs.batch,
      WaitTimeSeconds: limit.sqs.wait_s,
    });
    const answer = await client.send(command, { abortSignal: stopping.signal });
    return answer.Messages ?? [];
  }

  /**
   * What could not be stored stays in the queue, which shows it again after a while, or puts it aside. The
   * first time it may be the store that is down; the second time it is the message, and nobody waits for it.
   */
  async function take(message: Message): Promise<Message | "down" | "again"> {
    const { MessageId: id, Body: body } = message;
    if (id === undefined || body === undefined) {
      count("malformed");
      return message;
    }
    try {
      const ingested = await ingest(unwrap(id, body));
      const malformed = ingested.kind === "ignored" && ingested.reason !== "unknown_execution";
      count(malformed ? "malformed" : ingested.kind);
      return message;
    } catch (error) {
      count("failed");
      log.warn({ err: error, message: id }, "A notice could not be stored");
      if (refused.has(id)) return "again";
      if (refused.size >= limit.sqs.refused) refused.clear();
      refused.add(id);
      return "down";
    }
  }

  /** One that is not deleted comes again, and is known then. */
  async function remove(messages: readonly Message[]): Promise<void> {
    const Entries = messages.map(({ ReceiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle,
    }));
    if (Entries.length === 0) return;
    const answer = await client.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }), {
      requestTimeout: limit.sqs.answer_ms,
    });
    if (answer.Failed !== undefined && answer.Failed.length > 0)
      log.warn({ messages: answer.Failed.length }, "Some notices were not deleted and come again");
  }

  async function pause(times: number): Promise<void> {
    const ms = Math.min(limit.sqs.again_ms * 2 ** (times - 1), limit.sqs.again_ms_max);
    await wait(ms, stopping.signal);
  }

  function count(outcome: Outcome): void {
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
}

async function waited(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, null, { signal }).catch(() => {});
}

const envelope = z.object({
  Type: z.literal("Notification"),
  MessageId: z.string().regex(/^[\x21-\x7e]{1,80}$/),
  Message: z.string(),
});

/** Without raw delivery a topic wraps the event, and its id is the same that the HTTPS endpoint sees. */
function unwrap(id: string, body: string): { readonly id: string; readonly text: string } {
  try {
    const wrapped = envelope.safeParse(JSON.parse(body));
    if (wrapped.success) return { id: `sns:${wrapped.data.MessageId}`, text: wrapped.data.Message };
  } catch {
    // Not even JSON: anyone who reads it as an event says so.
  }
  return { id: `sqs:${id}`, text: body };
}
