// What can go wrong between AWS and us, asked for by a test: in answers and in events.
import type { Random } from "../github/random.ts";

export type RequestFault =
  /** "Rate exceeded", in the form of the service, before anything took effect. */
  | { kind: "throttled" }
  /** An error before anything took effect. */
  | { kind: "error"; status?: 500 | 503 }
  /** An error after it took effect. */
  | { kind: "lateError"; status?: 500 | 503 }
  /** It took effect, and the connection broke before the answer came. */
  | { kind: "answerLost" }
  /** The connection broke before anything took effect. */
  | { kind: "cut" }
  /** Nothing happens and no answer comes until the caller gives up. */
  | { kind: "hangs" }
  | { kind: "slow"; ms: number }
  /** It took effect at once, and events tell of it before the answer does. */
  | { kind: "slowAnswer"; ms: number }
  /** Any refusal of that service. */
  | { kind: "refused"; code: string; message?: string; status?: number }
  /** Executions younger than this are not there yet, by the model's clock. */
  | { kind: "unseen"; ms: number }
  /** It took effect, and something between AWS and the caller answers in its place; `early`: before it could. */
  | { kind: "replaced"; status: number; body: string; type?: string; early?: true }
  /** It took effect, and half of the answer comes, as if that were the whole. */
  | { kind: "halved" };

export type EventFault =
  | { kind: "lost" }
  /** Sent twice with one id. */
  | { kind: "doubled" }
  | { kind: "delayed"; ms: number }
  /** Sent after the one that follows it. */
  | { kind: "reordered" };

type MessageFault =
  | { kind: "lost" }
  /** Delivered twice, as one message. */
  | { kind: "doubled" };

/** How often a rule strikes: the first `times` matches after `skip`, each with that chance. */
type Frequency = { times?: number; skip?: number; chance?: number };

type RequestRule = Frequency & { service?: string; operation?: string; fault: RequestFault };
type EventRule = Frequency & {
  type?: "Pipeline" | "Stage" | "Action";
  state?: string;
  fault: EventFault;
};

type MessageRule = Frequency & { topicArn?: string; fault: MessageFault };

export type Faults = {
  onRequest(rule: RequestRule): void;
  onEvent(rule: EventRule): void;
  /** On notifications of our own topics. */
  onMessage(rule: MessageRule): void;
  /** From here on everything works. */
  stop(): void;
  forRequest(request: { service: string; operation: string }): RequestFault | undefined;
  forEvent(event: AwsEvent): EventFault | undefined;
  forMessage(topicArn: string): MessageFault | undefined;
};

export function createFaults(random: Random): Faults {
  let requests: Armed<RequestRule>[] = [];
  let events: Armed<EventRule>[] = [];
  let messages: Armed<MessageRule>[] = [];
  const strike = <R extends Frequency>(armed: Armed<R>): boolean => {
    armed.seen += 1;
    if (armed.seen <= (armed.rule.skip ?? 0)) return false;
    if (armed.struck >= (armed.rule.times ?? Number.POSITIVE_INFINITY)) return false;
    if (armed.rule.chance !== undefined && random.next() >= armed.rule.chance) return false;
    armed.struck += 1;
    return true;
  };
  return {
    onRequest: (rule) => requests.push({ rule, seen: 0, struck: 0 }),
    onEvent: (rule) => events.push({ rule, seen: 0, struck: 0 }),
    onMessage: (rule) => messages.push({ rule, seen: 0, struck: 0 }),
    stop() {
      requests = [];
      events = [];
      messages = [];
    },
    forRequest: ({ service, operation }) =>
      requests.find(
        (a) =>
          (a.rule.service ?? service) === service &&
          (a.rule.operation ?? operation) === operation &&
          strike(a),
      )?.rule.fault,
    forEvent: (event) => events.find((a) => matchesEvent(a.rule, event) && strike(a))?.rule.fault,
    forMessage: (topicArn) =>
      messages.find((a) => (a.rule.topicArn ?? topicArn) === topicArn && strike(a))?.rule.fault,
  };
}

type Armed<R> = { rule: R; seen: number; struck: number };

function matchesEvent(rule: EventRule, event: AwsEvent): boolean {
  if (rule.type !== undefined && !event["detail-type"].startsWith(`CodePipeline ${rule.type} `))
    return false;
  return rule.state === undefined || rule.state === event.detail.state;
}

export type AwsEvent = {
  version: string;
  id: string;
  "detail-type": string;
  source: string;
  account: string;
  time: string;
  region: string;
  resources: string[];
  detail: Record<string, unknown>;
};
