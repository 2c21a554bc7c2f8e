// The webhook endpoint: size, signature, form, and then nothing but storing. Answers 2xx only for what is stored.

import { createHmac, timingSafeEqual } from "node:crypto";
import { limit } from "../core/model/limit.ts";
import type { Post, PostReply } from "../ports/http.ts";
import type { Clock, Log } from "../ports/log.ts";
import type { DeliveryOutcome, Meter } from "../ports/meter.ts";
import type { Accepted, Delivery } from "../ports/store.ts";
import { actionOf, readWebhook, regainedIn } from "./webhook.ts";
import type { WrongSignatures } from "./wrong-signatures.ts";

export const webhookPath = "/api/github/webhooks";

export interface Hook {
  /** A delivery may be signed with any of them: two while the secret is changed. */
  readonly secrets: readonly string[];
  readonly receive: (delivery: Delivery) => Promise<Accepted>;
  readonly appId: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly unsigned?: WrongSignatures;
  /** Told where an installation may do again what it might not. */
  readonly regained?: (installation: number) => Promise<void>;
  readonly meter?: Pick<Meter, "delivery">;
}

/**
 * Probot's own middleware is not used: it answers 202 after nine seconds whether or not the handler
 * has finished, and builds an API client for each event. See docs/decisions.md.
 */
export async function answerHook(hook: Hook, post: Post): Promise<PostReply | null> {
  const answer = await answerOf(hook, post);
  hook.meter?.delivery(answer.outcome);
  return answer.reply;
}

interface Answer {
  readonly outcome: DeliveryOutcome;
  /** Null where the sender is gone. */
  readonly reply: PostReply | null;
}

async function answerOf(hook: Hook, post: Post): Promise<Answer> {
  const guid = header(post, "x-github-delivery");
  const name = header(post, "x-github-event");
  const signature = header(post, "x-hub-signature-256");
  if (guid === null || name === null)
    return refuse(400, "X-GitHub-Delivery and X-GitHub-Event must be set.");
  if (guid.length > limit.receive.guid_chars || !/^[\x21-\x7e]+$/.test(guid))
    return refuse(400, "X-GitHub-Delivery is not a delivery id.");
  if (signature === null) {
    hook.unsigned?.count("missing");
    return unsigned("X-Hub-Signature-256 must be set.");
  }
  if (!/^sha256=[0-9a-f]{64}$/.test(signature)) {
    hook.unsigned?.count("wrong");
    return unsigned("X-Hub-Signature-256 must be sha256= and 64 hexadecimal digits.");
  }
  if (!/^application\/json\b/i.test(header(post, "content-type") ?? ""))
    return refuse(415, "Set the webhook's content type to application/json.");

  const read = await post.body({
    most_bytes: limit.receive.body_bytes,
    ...openSignature(hook.secrets, signature),
  });
  switch (read.kind) {
    case "too_large":
      return refuse(413, `At most ${limit.receive.body_bytes} bytes are read.`);
    case "unverified":
      hook.unsigned?.count("wrong");
      return unsigned("The signature does not match the body and the secret.");
    case "no_room":
      return failed("Too much is being sent at this moment. Send it again later.");
    case "broken":
      hook.log.debug({ delivery: guid }, "The sender of a delivery broke off");
      return { outcome: "refused", reply: null };
    case "whole":
      return await takeIn(hook, { guid, name, body: read.text });
  }
}

/** Verifies while the body arrives, so that a forged one is never put together. */
function openSignature(secrets: readonly string[], signature: string) {
  const given = Buffer.from(signature.slice("sha256=".length), "hex");
  const hmacs = secrets.map((secret) => createHmac("sha256", secret));
  return {
    seen: (piece: Uint8Array) => {
      for (const hmac of hmacs) hmac.update(piece);
    },
    verified: () =>
      hmacs.map((hmac) => timingSafeEqual(hmac.digest(), given)).some((matches) => matches),
  };
}

async function takeIn(
  hook: Hook,
  { guid, name, body }: { readonly guid: string; readonly name: string; readonly body: string },
): Promise<Answer> {
  const payload = parse(body);
  if (payload === undefined) return refuse(400, "The body must be a JSON object.");

  const receivedAt = hook.clock();
  const event = readWebhook({ name, body: payload, receivedAt, appId: hook.appId });
  const delivery: Delivery = { guid, name, action: actionOf(payload), receivedAt, event };
  try {
    const accepted = await hook.receive(delivery);
    const regained = regainedIn(name, payload);
    if (regained !== null) await hook.regained?.(regained);
    const { outcome, ok } =
      accepted === "known"
        ? ({ outcome: "known", ok: "known already" } as const)
        : event.kind === "ignored"
          ? ({ outcome: "ignored", ok: `ignored: ${event.reason}` } as const)
          : ({ outcome: "stored", ok: "stored" } as const);
    if (event.kind === "ignored" && event.reason === "id_too_large")
      hook.log.warn(
        { delivery: guid, event: name },
        "A delivery has an id above 2^53 and is ignored",
      );
    hook.log.debug({ delivery: guid, event: name, outcome: ok }, "A delivery arrived");
    return { outcome, reply: reply(202, { ok }) };
  } catch (error) {
    // GitHub marks the delivery as failed, and the sweep asks for it again.
    hook.log.error({ err: error, delivery: guid }, "A delivery could not be stored");
    return failed("The delivery could not be stored. Send it again later.");
  }
}

function parse(body: string): object | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function header(post: Post, name: string): string | null {
  const value = post.headers[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function refuse(status: number, error: string): Answer {
  return { outcome: "refused", reply: reply(status, { error }) };
}

function unsigned(error: string): Answer {
  return { outcome: "unsigned", reply: reply(401, { error }) };
}

function failed(error: string): Answer {
  return { outcome: "failed", reply: reply(503, { error }) };
}

function reply(status: number, body: { readonly ok?: string; readonly error?: string }): PostReply {
  return { status, type: "application/json", text: JSON.stringify(body) };
}
