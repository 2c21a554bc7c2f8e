// Lets a test see what is asked and answered, as JSON values.
import type { Api } from "./api.ts";

export type Observer = (
  request: { method: string; url: string; body?: unknown },
  /** Undefined when the connection broke. */
  answer: { status: number; body?: unknown } | undefined,
) => void;

export function observed(api: Api, observe: Observer): Api {
  return async (request) => {
    const answer = await api(request);
    const { method, url, body } = request;
    // Downloads are no part of the API that is described.
    if (url.pathname.startsWith("/_codeload/")) return answer;
    const asked = { method, url: url.href, ...json(body) };
    if (answer.kind === "lost") observe(asked, undefined);
    else observe(asked, { status: answer.status, ...json(answer.body) });
    return answer;
  };
}

function json(bytes: Buffer): { body?: unknown } {
  if (bytes.length === 0) return {};
  try {
    return { body: JSON.parse(bytes.toString("utf8")) };
  } catch {
    // A file asked for raw is no JSON, and has no shape to be held against.
    return {};
  }
}
