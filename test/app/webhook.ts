// Webhooks as GitHub sends them, and as it never would.

import { createHmac, randomUUID } from "node:crypto";

export const secret = "the secret of the tests";

export interface Hook {
  readonly event: string;
  readonly body: string;
  readonly guid?: string;
}

/** The headers of a delivery; `without` and `more` spoil them. */
export function headersOf(hook: Hook, signedWith = secret): Record<string, string> {
  return {
    "content-type": "application/json",
    "user-agent": "GitHub-Hookshot/0000000",
    "x-github-delivery": hook.guid ?? randomUUID(),
    "x-github-event": hook.event,
    "x-hub-signature-256": `sha256=${createHmac("sha256", signedWith).update(hook.body).digest("hex")}`,
  };
}

export async function deliver(app: { readonly url: string }, hook: Hook): Promise<Response> {
  return await post(app, headersOf(hook), hook.body);
}

export async function post(
  app: { readonly url: string },
  headers: Record<string, string>,
  body: RequestInit["body"],
): Promise<Response> {
  return await fetch(`${app.url}${path}`, { method: "POST", headers, body: body ?? null });
}

export const path = "/api/github/webhooks";
