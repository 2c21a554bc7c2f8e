// What can go wrong between GitHub and us, asked for by a test: in answers and in webhooks.
import type { Random } from "./random.ts";

export type RequestFault =
  /** An error before anything took effect. */
  | { kind: "error"; status?: 500 | 502 | 503 }
  /** An error after it took effect. */
  | { kind: "lateError"; status?: 500 | 502 | 503 }
  /** It took effect, and the connection broke before the answer came. */
  | { kind: "answerLost" }
  /** It takes effect so much later, by the model's clock; the connection broke long before. */
  | { kind: "late"; ms: number }
  /** It took effect, and the connection broke within the body of the answer. */
  | { kind: "cut" }
  /** It took effect, and somebody between us answered in this way. */
  | { kind: "foreign"; status: number; type: string; body: string }
  /** A refusal in GitHub's form, before anything took effect. */
  | { kind: "refused"; status: number; message: string; headers?: Readonly<Record<string, string>> }
  | { kind: "secondaryLimit"; status?: 403 | 429; retryAfterSeconds: number }
  | { kind: "slow"; ms: number }
  /** What is younger than this is not found yet, by the model's clock. */
  | { kind: "unseen"; ms: number }
  /** What is read is as it was so long ago, by the model's clock: what happened since is not in it yet. */
  | { kind: "stale"; ms: number };

type WebhookFault =
  /** Neither sent nor listed. */
  | { kind: "lost" }
  /** Not received, and listed as failed. */
  | { kind: "failed" }
  /** Received, and listed as failed because the answer did not come. */
  | { kind: "unanswered" }
  /** Sent twice with one GUID. */
  | { kind: "doubled" }
  | { kind: "delayed"; ms: number }
  /** Sent after the one that follows it. */
  | { kind: "reordered" };

/** How often a rule strikes: the first `times` matches after `skip`, each with that chance. */
type Frequency = { times?: number; skip?: number; chance?: number };

type RequestRule = Frequency & {
  method?: string;
  /** A route's template, as in the request log, or an expression for the real path. */
  path?: string | RegExp;
  fault: RequestFault;
};

type WebhookRule = Frequency & { event?: string; action?: string; fault: WebhookFault };

export type Faults = {
  onRequest(rule: RequestRule): void;
  onWebhook(rule: WebhookRule): void;
  /** From here on everything works. */
  stop(): void;
  forRequest(request: { method: string; template: string; path: string }): RequestFault | undefined;
  forWebhook(webhook: { event: string; action: string | undefined }): WebhookFault | undefined;
};

/** `past` is told when answers of the past are asked for: from then on it has to be remembered. */
export function createFaults(random: Random, past: { begin(): void }): Faults {
  let requests: Armed<RequestRule>[] = [];
  let webhooks: Armed<WebhookRule>[] = [];
  const strike = <R extends Frequency>(armed: Armed<R>): boolean => {
    armed.seen += 1;
    if (armed.seen <= (armed.rule.skip ?? 0)) return false;
    if (armed.struck >= (armed.rule.times ?? Number.POSITIVE_INFINITY)) return false;
    if (armed.rule.chance !== undefined && random.next() >= armed.rule.chance) return false;
    armed.struck += 1;
    return true;
  };
  return {
    onRequest(rule) {
      if (rule.fault.kind === "stale") past.begin();
      requests.push(arm(rule));
    },
    onWebhook: (rule) => webhooks.push(arm(rule)),
    stop() {
      requests = [];
      webhooks = [];
    },
    forRequest: (request) =>
      requests.find((a) => matchesRequest(a.rule, request) && strike(a))?.rule.fault,
    forWebhook: (webhook) =>
      webhooks.find((a) => matchesWebhook(a.rule, webhook) && strike(a))?.rule.fault,
  };
}

type Armed<R> = { rule: R; seen: number; struck: number };

function arm<R>(rule: R): Armed<R> {
  return { rule, seen: 0, struck: 0 };
}

function matchesRequest(
  rule: RequestRule,
  request: { method: string; template: string; path: string },
): boolean {
  if (rule.method !== undefined && rule.method !== request.method) return false;
  // Token requests are the client library's own affair: only a rule that names them hits them.
  if (rule.path === undefined) return !request.template.endsWith("/access_tokens");
  return typeof rule.path === "string"
    ? rule.path === request.template
    : rule.path.test(request.path);
}

function matchesWebhook(
  rule: WebhookRule,
  webhook: { event: string; action: string | undefined },
): boolean {
  if (rule.event !== undefined && rule.event !== webhook.event) return false;
  return rule.action === undefined || rule.action === webhook.action;
}
