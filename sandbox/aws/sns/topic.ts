// A topic with HTTP endpoints, which the other emulator of SNS does not have: signed posts, confirmed first.
import type { World } from "../model.ts";
import { certificateOf, type Signer } from "./certificate.ts";
import { compose, type SnsFields, type SnsPost } from "./message.ts";

/** Where posts go: over HTTP, or straight into a function that answers with a status. */
export type Endpoint = { url: string } | { deliver: (post: SnsPost) => Promise<number> };

export type Attempt = { type: SnsFields["Type"]; messageId: string; status: number };

export type Subscription = {
  readonly arn: string;
  /** Only a confirmed one gets notifications. */
  readonly confirmed: boolean;
};

/** SNS tries again at once three times, and later for hours. */
const tries = 3;
const answer_ms_max = 15_000;

export class Topic {
  readonly arn: string;
  /** Every post, oldest first; status 0 where no answer came. */
  readonly attempts: Attempt[] = [];
  /** SHA1 is what a topic has unless its attribute says 2. */
  signatureVersion: "1" | "2";
  readonly #world: World;
  readonly #subscribers: Subscriber[] = [];

  constructor(world: World, wanted: { arn: string; signatureVersion: "1" | "2" }) {
    this.#world = world;
    this.arn = wanted.arn;
    this.signatureVersion = wanted.signatureVersion;
  }

  /** Asks the endpoint to confirm. Resolves when that was delivered, not when it is confirmed. */
  async subscribe(endpoint: Endpoint): Promise<Subscription> {
    const token = this.#world.random.token("").repeat(3);
    const arn = `${this.arn}:${this.#world.random.guid()}`;
    const subscriber: Subscriber = { arn, token, endpoint, confirmed: false };
    this.#subscribers.push(subscriber);
    const host = this.#host();
    await this.#insist(subscriber, {
      ...this.#common("SubscriptionConfirmation"),
      Token: token,
      Message: `You have chosen to subscribe to the topic ${this.arn}.\nTo confirm the subscription, visit the SubscribeURL included in this message.`,
      SubscribeURL: `https://${host}/?Action=ConfirmSubscription&TopicArn=${this.arn}&Token=${token}`,
    });
    return subscriber;
  }

  /** What a visit of the link in the message does. Returns the subscription's ARN. */
  confirm(token: string): string | undefined {
    const found = this.#subscribers.find((s) => s.token === token);
    if (found) found.confirmed = true;
    return found?.arn;
  }

  async publish(wanted: { message: string; subject?: string }): Promise<void> {
    const { message, subject } = wanted;
    const fields: SnsFields = {
      ...this.#common("Notification"),
      ...(subject === undefined ? {} : { Subject: subject }),
      Message: message,
    };
    const fault = this.#world.faults.forMessage(this.arn);
    if (fault?.kind === "lost") return;
    for (const subscriber of this.#subscribers) {
      if (!subscriber.confirmed) continue;
      await this.#insist(subscriber, fields);
      if (fault?.kind === "doubled") await this.#insist(subscriber, fields);
    }
  }

  /** A post as it would be sent, with fields of the test's choice, signed over all of them. */
  compose(fields: Partial<SnsFields> & { Message: string }, signer: Signer = "sns"): SnsPost {
    const whole = { ...this.#common(fields.Type ?? "Notification"), ...fields };
    const certificate = certificateOf(signer);
    return compose(whole, { certificate, subscriptionArn: `${this.arn}:test` });
  }

  #common(type: SnsFields["Type"]): Omit<SnsFields, "Message"> {
    const host = this.#host();
    return {
      Type: type,
      MessageId: this.#world.random.guid(),
      TopicArn: this.arn,
      Timestamp: new Date(this.#world.clock.now()).toISOString(),
      SignatureVersion: this.signatureVersion,
      SigningCertURL: `https://${host}${certificate_path}`,
      ...(type === "Notification"
        ? { UnsubscribeURL: `https://${host}/?Action=Unsubscribe&SubscriptionArn=${this.arn}` }
        : {}),
    };
  }

  #host(): string {
    return `sns.${this.arn.split(":")[3]}.amazonaws.com`;
  }

  async #insist(subscriber: Subscriber, fields: SnsFields) {
    const certificate = certificateOf("sns");
    // The same message each time, by which a receiver knows that it is a repetition.
    const post = compose(fields, { certificate, subscriptionArn: subscriber.arn });
    for (let left = tries; left > 0; left--) {
      const status = await send(subscriber.endpoint, post);
      this.attempts.push({ type: fields.Type, messageId: fields.MessageId, status });
      // What the receiver refuses is not offered again.
      if (status >= 200 && status < 500 && status !== 429) return;
    }
  }
}

export const certificate_path = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

type Subscriber = { arn: string; token: string; endpoint: Endpoint; confirmed: boolean };

async function send(endpoint: Endpoint, post: SnsPost): Promise<number> {
  try {
    if ("deliver" in endpoint) return await endpoint.deliver(post);
    const signal = AbortSignal.timeout(answer_ms_max);
    const answer = await fetch(endpoint.url, { method: "POST", ...post, signal });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    // Whatever kept the receiver from answering, SNS only knows that nothing came.
    return 0;
  }
}
