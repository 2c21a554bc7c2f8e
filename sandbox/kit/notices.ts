// SNS and SQS of the sandbox: the topic that tells of pipelines with Interlock's queue, and the topic that tells people.

import { type FauxqsServer, startFauxqs } from "fauxqs";

export interface Notifications {
  /** Where both are asked for over HTTP. */
  readonly address: string;
  /** For the events of pipelines; Interlock's queue listens to it. */
  readonly eventsTopic: string;
  /** The name of that queue. */
  readonly queue: string;
  /** The subjects of what was told so far, oldest first. */
  told(): readonly string[];
  close(): Promise<void>;
}

const releases = "releases";

/** The topic for what people are told of releases. All that is here belongs to one account. */
export function releasesTopicArn(region: string): string {
  return `arn:aws:sns:${region}:000000000000:${releases}`;
}

export async function openNotifications(region: string): Promise<Notifications> {
  const server = await startFauxqs({ port: 0, host: "127.0.0.1", logger: false });
  const queue = "interlock";
  const people = "people";
  const eventsTopic = wire(server, { region, topic: "pipeline-events", queue });
  wire(server, { region, topic: releases, queue: people });
  return {
    address: server.address,
    eventsTopic,
    queue,
    told: () =>
      (server.inspectQueue(people)?.messages.ready ?? []).map(({ body }) => {
        const { Subject = "" } = JSON.parse(body) as { Subject?: string };
        return Subject;
      }),
    close: () => server.stop(),
  };
}

function wire(
  server: FauxqsServer,
  { region, topic, queue }: { region: string; topic: string; queue: string },
): string {
  const { topicArn } = server.createTopic(topic, { region });
  server.createQueue(queue, { region });
  server.subscribe({ topic, queue, region });
  return topicArn;
}
