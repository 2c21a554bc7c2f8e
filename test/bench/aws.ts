// The embedded AWS in a process of its own, with verbs for its executions and what the bench asks about calls.

import type { ExecutionHandle } from "../../sandbox/aws/execution-handle.ts";
import { type RunningAws, startAws } from "../../sandbox/aws/server.ts";
import type { SnsPost } from "../../sandbox/aws/sns/message.ts";
import type { Topic } from "../../sandbox/aws/sns/topic.ts";
import { type FakeClock, fakeClock, wallClock } from "../../sandbox/github/clock.ts";
import { goAhead } from "./ahead.ts";
import { serve } from "./remote.ts";

export interface NewPipeline {
  readonly name: string;
  readonly account: string;
  /** `owner/name` */
  readonly repository: string;
  /** After Source. */
  readonly stages: readonly string[];
}

export interface AwsExecution {
  readonly id: string;
  readonly sha: string;
}

export interface Act {
  readonly execution: string;
  readonly kind: "pass" | "fail" | "stop";
  readonly stage: string;
  /** Files of its output artifact. */
  readonly files?: Readonly<Record<string, string>>;
}

let running: RunningAws | undefined;
let topic: Topic | undefined;
let turned: FakeClock | null = null;

/** When the first message since the last act was sent. */
let firstAt: number | null = null;
/** Messages that wait to be sent on demand; null where they go at once. */
let held: SnsPost[] | null = null;
let endpoint = "";

const functions = {
  /** With `clock`, time stands still from there on but for `turn`. */
  async start(clock: number | null) {
    turned = clock === null ? null : fakeClock(clock);
    running = await startAws({ clock: turned ?? wallClock, authClock: wallClock });
    const { aws, url } = running;
    topic = aws.sns.create({ name: "pipelines" });
    aws.sns.carryEvents(topic);
    return { url, credentials: aws.credentials, topic: topic.arn };
  },

  /** With a role that only the repository may assume, whose ARN it returns. */
  pipeline({ name, account, repository, stages }: NewPipeline): string {
    const { aws } = started();
    // All its executions go on side by side.
    aws.createPipeline({ name, account, stages, mode: "PARALLEL", source: { repository } });
    return aws.createRole({ name: `for-${name}`, account, externalId: repository }).arn;
  },

  async subscribe(url: string): Promise<void> {
    endpoint = url;
    const subscription = await topic?.subscribe({ deliver });
    if (!subscription?.confirmed) throw new Error("The subscription was not confirmed");
  },

  /** Oldest first. */
  executions(): readonly AwsExecution[] {
    return [...started().aws.world.pipelines.values()]
      .flatMap(({ executions }) => executions)
      .map(({ id, overrides }) => ({ id, sha: overrides.get("Source") ?? "" }));
  },

  /** Returns when the first message about it was sent. All of them have been answered by then. */
  async act(acts: readonly Act[]): Promise<number> {
    firstAt = null;
    for (const act of acts) perform(act);
    await started().aws.settled();
    return firstAt ?? Number.NaN;
  },

  calls(): Readonly<Record<string, number>> {
    return started().aws.log.counts();
  },
  forget(): void {
    started().aws.log.clear();
  },
  /** How many calls there were since the last `forget`. */
  seen(): number {
    return started().aws.log.all.length;
  },

  ahead(ms: number): void {
    goAhead(ms);
  },
  turn(ms: number): void {
    turned?.advance(ms);
  },

  /** Notifications are kept from now on. */
  hold(): void {
    held = [];
  },
  heldCount(): number {
    return held?.length ?? 0;
  },
  /** Sends what is held, by its numbers: those about one execution one after the other. */
  async send(numbers: readonly number[]): Promise<void> {
    const lanes = Map.groupBy(
      numbers.map((number) => held?.[number]),
      (message) => message && executionOf(message),
    );
    await Promise.all(
      [...lanes.values()].map(async (lane) => {
        for (const message of lane) await post(message);
      }),
    );
  },
};

export type AwsFunctions = typeof functions;

function started(): RunningAws {
  if (running === undefined) throw new Error("The embedded AWS is not started");
  return running;
}

function perform({ execution, kind, stage, files }: Act): void {
  const handle = find(execution);
  switch (kind) {
    case "pass":
      handle.pass(stage, files === undefined ? {} : { files });
      return;
    case "fail":
      handle.fail(stage);
      return;
    case "stop":
      started().aws.pipeline(handle.data.pipeline.name).stop(execution, "abandon");
  }
}

function find(id: string): ExecutionHandle {
  const { aws } = started();
  for (const { name, executions } of aws.world.pipelines.values())
    if (executions.some((execution) => execution.id === id))
      return aws.pipeline(name).execution(id);
  throw new Error(`There is no execution ${id}`);
}

async function deliver(message: SnsPost): Promise<number> {
  if (held !== null && message.headers["x-amz-sns-message-type"] === "Notification") {
    held.push(message);
    return 200;
  }
  firstAt ??= performance.timeOrigin + performance.now();
  const answer = await fetch(endpoint, { method: "POST", ...message });
  await answer.arrayBuffer();
  return answer.status;
}

function executionOf({ body }: SnsPost): string {
  const { Message } = JSON.parse(body) as { Message: string };
  const { detail } = JSON.parse(Message) as { detail: { "execution-id": string } };
  return detail["execution-id"];
}

async function post(message: SnsPost | undefined): Promise<void> {
  if (message === undefined) throw new Error("There is nothing to send");
  const answer = await fetch(endpoint, { method: "POST", ...message });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`A message was answered ${answer.status}: ${text}`);
}

serve(functions);
