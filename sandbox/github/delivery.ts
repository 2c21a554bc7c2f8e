// Sends webhooks in the background, keeps a record of each attempt, and sends one again when asked.

import { createHmac } from "node:crypto";
import type { Clock } from "./clock.ts";
import type { Faults } from "./faults.ts";
import type { Delivery, Hook, Outbox, WebhookResponse, WebhookTarget } from "./model.ts";

/** GitHub gives a receiver ten seconds (docs: handling-failed-webhook-deliveries). */
const answer_ms_max = 10_000;

/** Real ones have 19 digits since 2026: more than a JavaScript number can tell apart. */
const first_id = 3_804_004_623_172_700_001n;

type Parts = { clock: Clock; faults: Faults };

export function createOutbox(parts: Parts): Outbox {
  const deliveries: Delivery[] = [];
  const waiting: (() => Promise<void>)[] = [];
  let held: Hook[] = [];
  let running: Promise<void> | undefined;

  const attempt = async (hook: Hook, as: "first" | "again", reach: Reach) => {
    const target = hook.app.webhook;
    if (!target) return;
    const headers = headersOf(hook, target);
    const startedAt = parts.clock.now();
    const answer = reach === "not" ? undefined : await post(target, headers, hook.body);
    const result = reach === "all" ? answer : undefined;
    deliveries.push({
      ...hook,
      // Numbered apart from everything else, since attempts happen at their own time.
      id: first_id + BigInt(deliveries.length),
      deliveredAt: startedAt,
      durationSeconds: (parts.clock.now() - startedAt) / 1000,
      redelivery: as === "again",
      ...outcome(result),
      request: { headers },
      response: result?.body,
    });
  };

  const pump = () => {
    running ??= (async () => {
      // What happens is finished before anybody hears of it.
      await Promise.resolve();
      for (let next = waiting.shift(); next; next = waiting.shift()) await next();
      running = undefined;
    })();
  };

  const queue = (hook: Hook, reach: Reach = "all") => {
    waiting.push(() => attempt(hook, "first", reach));
    const late = held;
    held = [];
    for (const other of late) waiting.push(() => attempt(other, "first", "all"));
    pump();
  };

  return {
    deliveries,
    send(hook) {
      const fault = parts.faults.forWebhook(hook);
      switch (fault?.kind) {
        case undefined:
          return queue(hook);
        case "lost":
          return;
        case "failed":
          return queue(hook, "not");
        case "unanswered":
          return queue(hook, "onlyThere");
        case "doubled":
          queue(hook);
          return queue(hook);
        case "delayed":
          void parts.clock.sleep(fault.ms).then(() => queue(hook));
          return;
        case "reordered":
          held.push(hook);
          return;
      }
    },
    redeliver(delivery) {
      waiting.push(() => attempt(delivery, "again", "all"));
      pump();
    },
    async settled() {
      while (running || waiting.length > 0 || held.length > 0) {
        const [first, ...rest] = held;
        if (!running && first) {
          held = rest;
          queue(first);
        }
        await running;
      }
    },
  };
}

/** How far an attempt gets: there and back, only there, or nowhere. */
type Reach = "all" | "onlyThere" | "not";

function headersOf(hook: Hook, target: WebhookTarget): Record<string, string> {
  const digest = (algorithm: string) =>
    createHmac(algorithm, target.secret).update(hook.body).digest("hex");
  return {
    "content-type": "application/json",
    accept: "*/*",
    "user-agent": "GitHub-Hookshot/0000000",
    "x-github-delivery": hook.guid,
    "x-github-event": hook.event,
    "x-github-hook-id": String(hook.app.id),
    "x-github-hook-installation-target-type": "integration",
    "x-github-hook-installation-target-id": String(hook.app.id),
    // Made when they are asked for.
    get "x-hub-signature"() {
      return `sha1=${digest("sha1")}`;
    },
    get "x-hub-signature-256"() {
      return `sha256=${digest("sha256")}`;
    },
  };
}

async function post(
  target: WebhookTarget,
  headers: Record<string, string>,
  body: string,
): Promise<WebhookResponse | undefined> {
  try {
    if (target.to.kind === "function") return await target.to.deliver({ headers, body });
    const signal = AbortSignal.timeout(answer_ms_max);
    const answer = await fetch(target.to.url, { method: "POST", headers, body, signal });
    return { status: answer.status, body: await answer.text() };
  } catch {
    // Whatever kept the receiver from answering, GitHub records it as a failed delivery.
    return undefined;
  }
}

function outcome(answer: WebhookResponse | undefined): { status: string; statusCode: number } {
  if (!answer) return { status: "failed to connect to host", statusCode: 0 };
  const ok = answer.status >= 200 && answer.status < 300;
  const status = ok ? "OK" : `Invalid HTTP Response: ${answer.status}`;
  return { status, statusCode: answer.status };
}
