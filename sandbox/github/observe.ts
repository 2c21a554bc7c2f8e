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
    const asked = withBody({ method, url: url.href }, body);
    if (answer.kind === "lost") observe(asked, undefined);
    else observe(asked, withBody({ status: answer.status }, answer.body));
    return answer;
  };
}

/** Read when it is asked for: most observers want to know the half of it. */
function withBody<T extends object>(of: T, bytes: Buffer): T & { body?: unknown } {
  if (bytes.length === 0) return of;
  let read: { readonly body: unknown } | undefined;
  return Object.defineProperty(of, "body", {
    enumerable: true,
    get: () => {
      read ??= { body: json(bytes) };
      return read.body;
    },
  });
}

function json(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    // A file asked for raw is no JSON, and has no shape to be held against.
    return undefined;
  }
}
