// All topics, and the pages of SNS that a receiver visits: its certificate, and the link that confirms.
import type { World } from "../model.ts";
import { xml } from "../wire/xml.ts";
import { certificateOf } from "./certificate.ts";
import { certificate_path, Topic } from "./topic.ts";

export class Topics {
  readonly #world: World;
  readonly #topics = new Map<string, Topic>();
  /** Every page that was asked for, wherever it is said to be. */
  readonly visited: string[] = [];

  constructor(world: World) {
    this.#world = world;
    world.bus.deliverMessagesTo(async ({ topicArn, subject, message }) => {
      await this.#topics.get(topicArn)?.publish({ subject, message });
    });
  }

  create(wanted: { name: string; region?: string; signatureVersion?: "1" | "2" }): Topic {
    const { name, region = this.#world.region, signatureVersion = "2" } = wanted;
    const arn = `arn:aws:sns:${region}:${this.#world.account}:${name}`;
    const topic = new Topic(this.#world, { arn, signatureVersion });
    this.#topics.set(arn, topic);
    return topic;
  }

  /** A rule of EventBridge sends all events of CodePipeline there. */
  carryEvents(topic: Topic): void {
    this.#world.bus.deliverTo(({ json }) => topic.publish({ message: json }));
  }

  /** What SNS's own host answers; undefined for pages that it does not have. */
  visit(url: URL): { status: number; type: string; body: string } | undefined {
    if (url.pathname === certificate_path)
      return { status: 200, type: "application/x-pem-file", body: certificateOf("sns").pem };
    if (url.searchParams.get("Action") !== "ConfirmSubscription") return undefined;
    const topic = this.#topics.get(url.searchParams.get("TopicArn") ?? "");
    const arn = topic?.confirm(url.searchParams.get("Token") ?? "");
    if (arn === undefined) return { status: 400, type: "text/xml", body: xml("ErrorResponse", {}) };
    const result = { ConfirmSubscriptionResult: { SubscriptionArn: arn } };
    return { status: 200, type: "text/xml", body: xml("ConfirmSubscriptionResponse", result) };
  }

  /** For a receiver under test, in place of the internet: knows SNS's hosts and nothing else. */
  readonly fetch: typeof fetch = async (input, init) => {
    const url = new URL(new Request(input, init).url);
    this.visited.push(url.href);
    const isSns = /^sns\.[a-z0-9-]+\.amazonaws\.com$/.test(url.hostname);
    const page = isSns ? this.visit(url) : undefined;
    if (!page) throw new TypeError("fetch failed");
    return new Response(page.body, { status: page.status, headers: { "content-type": page.type } });
  };
}
