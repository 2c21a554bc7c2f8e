// EventBridge and the topics behind it: what is told, to whom, and what goes wrong on the way.

import type { Clock } from "../github/clock.ts";
import type { AwsEvent, EventFault, Faults } from "./faults.ts";

/** Who hears events: a rule's target. Rejecting makes the bus try again, as AWS does. */
export type Target = (event: { json: string; event: AwsEvent }) => Promise<void>;

/** A message that a service sends to a topic by itself. */
type TopicMessage = { topicArn: string; subject: string; message: string };

/** How numbers are written: all three have been seen. */
type NumberForm = "decimal" | "whole" | "text";

export type EventBus = {
  /** Everything that was told, oldest first, whether it was delivered or not. */
  readonly events: AwsEvent[];
  readonly messages: TopicMessage[];
  numbers: NumberForm;
  emit(event: AwsEvent): void;
  publish(message: TopicMessage): void;
  deliverTo(target: Target): void;
  deliverMessagesTo(target: (message: TopicMessage) => Promise<void>): void;
  /** Waits until everything is delivered, apart from what a fault delays. */
  settled(): Promise<void>;
};

/** A target that is away is tried as often; a real rule tries for a day. */
const tries = 3;

export function createBus(parts: { clock: Clock; faults: Faults }): EventBus {
  const { clock, faults } = parts;
  const events: AwsEvent[] = [];
  const messages: TopicMessage[] = [];
  const targets: Target[] = [];
  const listeners: ((message: TopicMessage) => Promise<void>)[] = [];
  const waiting: (() => Promise<void>)[] = [];
  let held: AwsEvent[] = [];
  let running: Promise<void> | undefined;

  const pump = () => {
    running ??= (async () => {
      // What happens is finished before anybody hears of it.
      await Promise.resolve();
      for (let next = waiting.shift(); next; next = waiting.shift()) await next();
      running = undefined;
    })();
  };
  const queue = (event: AwsEvent) => {
    const json = write(event, bus.numbers);
    for (const target of targets) waiting.push(() => insist(() => target({ json, event })));
    pump();
  };
  const release = () => {
    const late = held;
    held = [];
    for (const event of late.reverse()) queue(event);
  };

  const bus: EventBus = {
    events,
    messages,
    numbers: "decimal",
    emit(event) {
      events.push(event);
      deliver(event, faults.forEvent(event));
    },
    publish(message) {
      messages.push(message);
      for (const listener of listeners) waiting.push(() => insist(() => listener(message)));
      pump();
    },
    deliverTo: (target) => targets.push(target),
    deliverMessagesTo: (listener) => listeners.push(listener),
    async settled() {
      while (running || waiting.length > 0 || held.length > 0) {
        if (!running) release();
        await running;
      }
    },
  };

  const deliver = (event: AwsEvent, fault: EventFault | undefined) => {
    switch (fault?.kind) {
      case undefined:
        queue(event);
        return release();
      case "lost":
        return;
      case "doubled":
        queue(event);
        return queue(event);
      case "delayed":
        void clock.sleep(fault.ms).then(() => queue(event));
        return;
      case "reordered":
        held.push(event);
    }
  };
  return bus;
}

async function insist(attempt: () => Promise<void>): Promise<void> {
  for (let left = tries; left > 0; left--) {
    try {
      return await attempt();
    } catch {
      // Whatever kept the target from taking it, it is offered again, and then given up.
    }
  }
}

function write(event: AwsEvent, form: NumberForm): string {
  return JSON.stringify(event, (_, value) => {
    if (typeof value !== "number" || form === "whole") return value;
    return form === "text" ? String(value) : `\u0000${value}\u0000`;
  }).replace(/"\\u0000(\d+)\\u0000"/g, "$1.0");
}
