// Where events go beside our own topics: to an SNS or SQS that somebody else emulates.
import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Target } from "./bus.ts";

type Elsewhere = { endpoint: string; region?: string };

/** A rule's target: the topic passes the event on in its own envelope. */
export function snsTarget(wanted: Elsewhere & { topicArn: string }): Target {
  const client = new SNSClient(settings(wanted));
  return async ({ json }) => {
    await client.send(new PublishCommand({ TopicArn: wanted.topicArn, Message: json }));
  };
}

/** A rule's target: the event itself is the message. */
export function sqsTarget(wanted: Elsewhere & { queueUrl: string }): Target {
  const client = new SQSClient(settings(wanted));
  return async ({ json }) => {
    await client.send(new SendMessageCommand({ QueueUrl: wanted.queueUrl, MessageBody: json }));
  };
}

function settings({ endpoint, region = "eu-west-1" }: Elsewhere) {
  // They take any key; without one the client would look for a real one on this machine.
  return { endpoint, region, credentials: { accessKeyId: "sandbox", secretAccessKey: "sandbox" } };
}
