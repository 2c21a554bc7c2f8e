// The webhook endpoint: size, signature, form, and then nothing but storing. Answers 2xx only for what is stored.

import type { IncomingMessage, ServerResponse } from "node:http";
import { limit } from "../core/limit.ts";
import type { Accepted, Clock, Delivery, Log } from "../port.ts";
import { actionOf, readWebhook } from "./webhook.ts";

export const webhookPath = "/api/github/webhooks";

export interface Hook {
  /** Probot's own verification, in constant time. */
  readonly verify: (body: string, signature: string) => Promise<boolean>;
  readonly receive: (delivery: Delivery) => Promise<Accepted>;
  readonly appId: number;
  readonly clock: Clock;
  readonly log: Log;
}

/** A request as far as the intake needs it. */
export interface Arrival {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Null where it is too large. */
  readonly body: () => Promise<string | null>;
}

export interface Reply {
  readonly status: number;
  readonly body: { readonly ok?: string; readonly error?: string };
}

/**
 * Probot's own middleware is not used: it answers 202 after nine seconds whether or not the handler
 * has finished, and builds an API client for each event. See docs/decisions.md.
 */
export async function answerHook(
  hook: Hook,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const reply = await takeIn(hook, {
      headers: request.headers,
      body: () => readBody(request),
    });
    const text = JSON.stringify(reply.body);
    response.writeHead(reply.status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  } catch (error) {
    if (!(error instanceof BrokenOff)) throw error;
    hook.log.debug({}, "The sender of a delivery broke off");
    // It may still listen, where only its time was up.
    response.destroy();
  }
}

/** The intake itself, whatever the request came over. */
export async function takeIn(hook: Hook, arrival: Arrival): Promise<Reply> {
  const guid = header(arrival, "x-github-delivery");
  const name = header(arrival, "x-github-event");
  const signature = header(arrival, "x-hub-signature-256");
  if (guid === null || name === null)
    return refuse(400, "X-GitHub-Delivery and X-GitHub-Event must be set.");
  if (guid.length > limit.receive.guid_chars || !/^[\x21-\x7e]+$/.test(guid))
    return refuse(400, "X-GitHub-Delivery is not a delivery id.");
  if (signature === null) return refuse(401, "X-Hub-Signature-256 must be set.");
  if (!/^application\/json\b/i.test(header(arrival, "content-type") ?? ""))
    return refuse(415, "Set the webhook's content type to application/json.");

  const body = await arrival.body();
  if (body === null) return refuse(413, `At most ${limit.receive.body_bytes} bytes are read.`);
  if (!(await hook.verify(body, signature).catch(() => false)))
    return refuse(401, "The signature does not match the body and the secret.");
  const payload = parse(body);
  if (payload === undefined) return refuse(400, "The body must be a JSON object.");

  const delivery: Delivery = {
    guid,
    name,
    action: actionOf(payload),
    receivedAt: hook.clock(),
    event: readWebhook({ guid, name, body: payload, appId: hook.appId }),
  };
  try {
    const accepted = await hook.receive(delivery);
    const { event } = delivery;
    if (accepted === "known") return { status: 202, body: { ok: "known already" } };
    return {
      status: 202,
      body: { ok: event.kind === "ignored" ? `ignored: ${event.reason}` : "stored" },
    };
  } catch (error) {
    // GitHub marks the delivery as failed, and the sweep asks for it again.
    hook.log.error({ err: error, guid }, "A delivery could not be stored");
    return refuse(503, "The delivery could not be stored. Send it again later.");
  }
}

/** The sender was gone before its body was there: nobody is left to be answered. */
class BrokenOff extends Error {
  override name = "BrokenOff";
}

/**
 * Null where the body is too large. It is dropped as it arrives, but read to its end: a sender whose
 * connection is cut while it sends may never see the answer. A body without end has its time limit.
 */
async function readBody(request: IncomingMessage): Promise<string | null> {
  return await new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= limit.receive.body_bytes) chunks.push(chunk);
      else chunks = [];
    });
    request.once("end", () =>
      resolve(bytes <= limit.receive.body_bytes ? Buffer.concat(chunks).toString("utf8") : null),
    );
    request.on("error", (cause) => reject(new BrokenOff("The body broke off", { cause })));
  });
}

function parse(body: string): object | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function header(arrival: Arrival, name: string): string | null {
  const value = arrival.headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function refuse(status: number, error: string): Reply {
  return { status, body: { error } };
}
