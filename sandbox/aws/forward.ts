// Hands requests for SNS and SQS on to an emulator of those, so that one endpoint serves for all.
import type { World } from "./model.ts";
import type { Prepared } from "./operation.ts";
import { refuse } from "./refusal.ts";
import type { Answer } from "./wire/answer.ts";

type Wire = {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
};

/** What the request is about for IAM, and the way there. */
export function forward(
  world: World,
  asked: { service: "sns" | "sqs"; operation: string; resource: string; request: Wire },
): Prepared {
  const { service, operation, resource, request } = asked;
  return {
    // IAM knows no batches.
    action: `${service}:${operation.replace(/Batch$/, "")}`,
    resource,
    async run() {
      const endpoint = world.forward[service];
      if (endpoint === undefined)
        return refuse("UnknownOperationException", `No emulator of ${service} is set.`);
      const to = new URL(request.url.pathname + request.url.search, endpoint);
      const away = refuse("ServiceUnavailable", `The emulator of ${service} is away.`, 503);
      return pass(to, request).catch(() => away);
    },
  };
}

async function pass(to: URL, { method, headers, body }: Wire): Promise<Answer> {
  const skipped = new Set(["host", "connection", "content-length", "transfer-encoding"]);
  const kept = Object.entries(headers).filter(([name]) => !skipped.has(name));
  const answer = await fetch(to, {
    method,
    headers: Object.fromEntries(kept),
    body: new Uint8Array(body),
  });
  const type = answer.headers.get("content-type") ?? "application/octet-stream";
  return {
    status: answer.status,
    headers: { "content-type": type },
    body: Buffer.from(await answer.arrayBuffer()),
  };
}
