// Where SNS posts what pipelines do: signature, topic and age first, then nothing but storing. Answers 200 only for what is stored.

import { limit } from "../core/model/limit.ts";
import type { Post, PostReply } from "../ports/http.ts";
import type { Clock, Log } from "../ports/log.ts";
import type { Ingest } from "./message.ts";
import { openCertificates } from "./sns-certificate.ts";
import {
  isSigned,
  messageTypes,
  type Refusal,
  readSnsMessage,
  type SnsMessage,
  snsUrl,
} from "./sns-message.ts";

export const snsPath = "/aws/sns";

export interface SnsEndpoint {
  answer(post: Post): Promise<PostReply | null>;
  /** The same without a server. Null stands for a body that is too large. */
  take(body: string | null): Promise<SnsReply>;
  /** How often each outcome came about since the start. */
  counts(): ReadonlyMap<Outcome, number>;
}

export interface SnsReply {
  readonly status: 200 | 403 | 413 | 503;
  readonly text: string;
}

type Outcome =
  | Refusal
  | "stored"
  | "repeated"
  | "ignored"
  | "subscribed"
  | "unsubscribed"
  | "later";

export interface SnsSettings {
  readonly ingest: Ingest;
  readonly clock: Clock;
  /** ARNs; messages of any other topic are refused. */
  readonly topics: readonly string[];
  readonly fetch: typeof globalThis.fetch;
  readonly log: Log;
}

export function openSnsEndpoint(settings: SnsSettings): SnsEndpoint {
  const { ingest, clock, topics, fetch, log } = settings;
  const certificates = openCertificates({ fetch, clock });
  const counts = new Map<Outcome, number>();
  return { answer, take, counts: () => counts };

  async function answer(post: Post): Promise<PostReply | null> {
    const { status, text } = (await reply(post)) ?? { status: null, text: "" };
    return status === null
      ? null
      : { status, type: "text/plain; charset=utf-8", text: `${text}\n` };
  }

  /** SNS says of what kind and of which topic a message is before its body, so that others are not read. */
  async function reply({ headers, body }: Post): Promise<SnsReply | null> {
    const topic = headers["x-amz-sns-topic-arn"];
    if (typeof topic !== "string" || !topics.includes(topic)) return refuse("foreign_topic");
    if (!messageTypes.has(String(headers["x-amz-sns-message-type"]))) return refuse("unreadable");
    const read = await body({ most_bytes: limit.hint.body_bytes });
    switch (read.kind) {
      case "too_large":
        return await take(null);
      case "no_room":
        return later("Too much is being sent to the SNS endpoint", {});
      case "broken":
      case "unverified":
        return null;
      case "whole":
        return await take(read.text);
    }
  }

  async function take(body: string | null): Promise<SnsReply> {
    if (body === null) return { status: 413, text: "The message is too large." };
    const read = readSnsMessage(body, { topics, now: clock() });
    if (read.kind === "refused") return refuse(read.why);
    const { message } = read;
    const certificate = await certificates.at(read.certificate);
    if (certificate.kind === "away") return later("Its certificate is not to be had", certificate);
    if (certificate.kind === "bad") return refuse("certificate_bad");
    if (!isSigned(message, certificate.pem)) return refuse("forged");
    switch (message.Type) {
      case "Notification":
        return await notified(message);
      case "SubscriptionConfirmation":
        return await confirm(message);
      case "UnsubscribeConfirmation":
        // Anyone who ended the subscription meant to; the sweep still finds what happens.
        log.warn({ topic: message.TopicArn }, "A subscription to a topic was ended");
        return done("unsubscribed");
    }
  }

  async function notified({ MessageId, Message, Timestamp }: SnsMessage): Promise<SnsReply> {
    try {
      const ingested = await ingest({ id: `sns:${MessageId}`, text: Message });
      if (ingested.kind !== "known") return done(ingested.kind);
      // SNS itself repeats at once what it had no answer for. What comes later comes from others.
      const late = clock() - Date.parse(Timestamp) > limit.hint.repeat_ms;
      return late ? refuse("replayed") : done("repeated");
    } catch (error) {
      return later("A notice could not be stored", { err: error });
    }
  }

  /** Only for the topics of the settings, whose signature has been checked by now. */
  async function confirm(
    message: Extract<SnsMessage, { Type: "SubscriptionConfirmation" }>,
  ): Promise<SnsReply> {
    const { TopicArn: topic, SubscribeURL } = message;
    const url = snsUrl(SubscribeURL, topic);
    if (
      url?.searchParams.get("Action") !== "ConfirmSubscription" ||
      url.searchParams.get("TopicArn") !== topic
    )
      return refuse("subscription_elsewhere");
    try {
      const response = await fetch(url, {
        redirect: "error",
        signal: AbortSignal.timeout(limit.hint.confirm_ms),
      });
      await response.body?.cancel();
      if (!response.ok)
        return later("A subscription was not confirmed", { topic, status: response.status });
    } catch (error) {
      return later("A subscription was not confirmed", { topic, why: messageOf(error) });
    }
    log.info({ topic }, "Subscribed to a topic");
    return done("subscribed");
  }

  function done(outcome: Outcome): SnsReply {
    count(outcome);
    return { status: 200, text: outcome };
  }

  /** SNS comes again after a 5xx, and not after a 4xx. */
  function later(message: string, fields: object): SnsReply {
    count("later");
    log.warn(fields, message);
    return { status: 503, text: "Send it again later." };
  }

  function refuse(why: Refusal): SnsReply {
    const times = count(why);
    // Every tenfold: the log does not belong to anyone who posts here.
    if (/^10*$/.test(String(times)))
      log.warn({ why, times }, "A message to the SNS endpoint was refused");
    return { status: 403, text: "Refused." };
  }

  function count(outcome: Outcome): number {
    const times = (counts.get(outcome) ?? 0) + 1;
    counts.set(outcome, times);
    return times;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
