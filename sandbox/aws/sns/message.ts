// Messages of SNS to an HTTP endpoint: their fields, what is signed of them, and their headers.
import { createSign } from "node:crypto";
import type { Certificate } from "./certificate.ts";

type SnsType = "SubscriptionConfirmation" | "Notification" | "UnsubscribeConfirmation";

export type SnsFields = {
  Type: SnsType;
  MessageId: string;
  TopicArn: string;
  Message: string;
  Timestamp: string;
  SignatureVersion: "1" | "2";
  SigningCertURL: string;
  Subject?: string;
  Token?: string;
  SubscribeURL?: string;
  UnsubscribeURL?: string;
};

export type SnsPost = { headers: Record<string, string>; body: string };

/** As SNS posts it: JSON, and called plain text. */
export function compose(
  fields: SnsFields,
  parts: { certificate: Certificate; subscriptionArn: string },
): SnsPost {
  const signed = { ...fields, Signature: sign(fields, parts.certificate) };
  return {
    headers: {
      "content-type": "text/plain; charset=UTF-8",
      "user-agent": "Amazon Simple Notification Service Agent",
      "x-amz-sns-message-type": fields.Type,
      "x-amz-sns-message-id": fields.MessageId,
      "x-amz-sns-topic-arn": fields.TopicArn,
      // Before it is confirmed, a subscription has no name yet.
      ...(fields.Type === "Notification"
        ? { "x-amz-sns-subscription-arn": parts.subscriptionArn }
        : {}),
    },
    body: JSON.stringify(signed, null, 2),
  };
}

/** docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message-verify-message-signature.html */
const signed_fields = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: confirmation(),
  UnsubscribeConfirmation: confirmation(),
} as const;

function confirmation() {
  const names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"];
  return names as (keyof SnsFields)[];
}

function sign(fields: SnsFields, certificate: Certificate): string {
  const text = signed_fields[fields.Type]
    .flatMap((name) => (fields[name] === undefined ? [] : [name, fields[name]]))
    .map((line) => `${line}\n`)
    .join("");
  const algorithm = fields.SignatureVersion === "1" ? "RSA-SHA1" : "RSA-SHA256";
  return createSign(algorithm).update(text, "utf8").sign(certificate.key, "base64");
}
