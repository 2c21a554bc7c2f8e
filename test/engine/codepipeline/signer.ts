// A topic that signs as SNS does, and the place where its certificate lies.

import { sign } from "node:crypto";
import { readFileSync } from "node:fs";

export const topic = "arn:aws:sns:eu-west-1:111122223333:pipelines";
export const certificateUrl =
  "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem";
/** Within the time for which the certificate is valid. */
export const now = Date.parse("2030-05-01T12:00:00.000Z");

/** Made for the tests: the key of nothing else, valid until 2126. */
export const signerKey = readFileSync("test/fixtures/sns/signer.key.pem", "utf8");
export const certificate = readFileSync("test/fixtures/sns/signer.pem", "utf8");
export const stranger = readFileSync("test/fixtures/sns/stranger.pem", "utf8");

export type Posted = Record<string, string | null>;

let count = 0;

export function notification(text: string, more: Posted = {}): Posted {
  count += 1;
  return {
    Type: "Notification",
    MessageId: `22b80b92-fdea-4c2c-8f9d-${String(count).padStart(12, "0")}`,
    TopicArn: topic,
    Message: text,
    Timestamp: new Date(now - 1_000).toISOString(),
    SignatureVersion: "2",
    SigningCertURL: certificateUrl,
    UnsubscribeURL: "https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe",
    ...more,
  };
}

export function confirmation(more: Posted = {}): Posted {
  const { UnsubscribeURL: _, ...rest } = notification("You have chosen to subscribe.");
  return {
    ...rest,
    Type: "SubscriptionConfirmation",
    Token: "2336412f37",
    SubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${topic}&Token=2336412f37`,
    ...more,
  };
}

/** As a body, signed over what AWS says is signed. */
export function signed(message: Posted, key = signerKey): string {
  const lines = (...names: string[]) => names.map((name) => `${name}\n${message[name]}\n`).join("");
  const { Type, Subject, SignatureVersion } = message;
  const text =
    Type !== "Notification"
      ? lines("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
      : typeof Subject === "string"
        ? lines("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
        : lines("Message", "MessageId", "Timestamp", "TopicArn", "Type");
  const algorithm = SignatureVersion === "1" ? "RSA-SHA1" : "RSA-SHA256";
  const Signature = sign(algorithm, Buffer.from(text), key).toString("base64");
  return JSON.stringify({ ...message, Signature });
}
