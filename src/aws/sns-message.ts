// A message of SNS as it is posted: read, and held against everything but its certificate.

import { verify } from "node:crypto";
import { z } from "zod";
import { limit } from "../core/model/limit.ts";
import { domainOf } from "./arn.ts";

export type SnsMessage = z.output<typeof message>;

/** Why a message is refused; what it says is not looked at then. */
export type Refusal =
  | "unreadable"
  | "foreign_topic"
  | "stale"
  | "certificate_elsewhere"
  | "certificate_bad"
  | "forged"
  | "replayed"
  | "subscription_elsewhere";

const common = {
  MessageId: z.string().regex(/^[\x21-\x7e]{1,80}$/),
  TopicArn: z.string(),
  Message: z.string(),
  Timestamp: z.string(),
  SignatureVersion: z.enum(["1", "2"]),
  Signature: z.base64().min(1).max(limit.hint.signature_chars),
  SigningCertURL: z.string(),
};

const confirmation = { ...common, Token: z.string(), SubscribeURL: z.string() };

const message = z.discriminatedUnion("Type", [
  z.object({
    Type: z.literal("Notification"),
    ...common,
    // Absent where there is none; what passes through other hands can have it as null.
    Subject: z.string().nullish(),
  }),
  z.object({ Type: z.literal("SubscriptionConfirmation"), ...confirmation }),
  z.object({ Type: z.literal("UnsubscribeConfirmation"), ...confirmation }),
]);

/** As the header `x-amz-sns-message-type` says them. */
export const messageTypes: ReadonlySet<string> = new Set(
  message.options.map(({ shape }) => shape.Type.value),
);

export type SnsReading =
  | { readonly kind: "message"; readonly message: SnsMessage; readonly certificate: URL }
  | { readonly kind: "refused"; readonly why: Refusal };

/** Whether its certificate is worth fetching. Nothing of it is to be believed before `isSigned`. */
export function readSnsMessage(
  body: string,
  expected: { readonly topics: readonly string[]; readonly now: number },
): SnsReading {
  const parsed = message.safeParse(json(body));
  if (!parsed.success) return { kind: "refused", why: "unreadable" };
  const { TopicArn, Timestamp, SigningCertURL } = parsed.data;
  if (!expected.topics.includes(TopicArn)) return { kind: "refused", why: "foreign_topic" };
  const age = expected.now - Date.parse(Timestamp);
  // A time that cannot be read is no number, and no comparison with it is true.
  if (!(age <= limit.hint.age_ms && age >= -limit.hint.future_ms))
    return { kind: "refused", why: "stale" };
  const certificate = snsUrl(SigningCertURL, TopicArn);
  if (certificate === null || certificate.search !== "" || !certificate.pathname.endsWith(".pem"))
    return { kind: "refused", why: "certificate_elsewhere" };
  return { kind: "message", message: parsed.data, certificate };
}

/**
 * An address of SNS itself, in the region of the topic; null for any other. The form alone would let
 * through what everybody may put something at: `sns.s3-us-west-2.amazonaws.com` is a bucket called sns.
 */
export function snsUrl(text: string, topicArn: string): URL | null {
  const url = URL.parse(text);
  if (url === null || url.protocol !== "https:" || url.port !== "") return null;
  if (url.username !== "" || url.password !== "" || url.hash !== "") return null;
  const region = topicArn.split(":")[3] ?? "";
  if (!/^[a-z]{2,4}(?:-[a-z]+)+-\d{1,2}$/.test(region)) return null;
  // docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
  return url.hostname === `sns.${region}.${domainOf(region)}` ? url : null;
}

/** Whether the owner of the key has signed exactly this message. `key` is a public key or certificate in PEM. */
export function isSigned(signed: SnsMessage, key: string): boolean {
  const algorithm = signed.SignatureVersion === "1" ? "RSA-SHA1" : "RSA-SHA256";
  const text = Buffer.from(stringToSign(signed));
  try {
    return verify(algorithm, text, key, Buffer.from(signed.Signature, "base64"));
  } catch {
    return false;
  }
}

/** Names and values by lines, the names in the order of their bytes. */
export function stringToSign(signed: SnsMessage): string {
  const { Message, MessageId, Timestamp, TopicArn, Type } = signed;
  const fields: Record<string, string> = { Message, MessageId, Timestamp, TopicArn, Type };
  if (signed.Type !== "Notification") {
    fields.SubscribeURL = signed.SubscribeURL;
    fields.Token = signed.Token;
  } else if (typeof signed.Subject === "string") fields.Subject = signed.Subject;
  return Object.keys(fields)
    .sort()
    .map((name) => `${name}\n${fields[name]}\n`)
    .join("");
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
