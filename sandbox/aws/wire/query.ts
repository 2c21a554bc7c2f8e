// AWS's query protocol, which STS speaks: a form goes in, XML comes out.
import { Refusal } from "../refusal.ts";
import type { Answer } from "./answer.ts";
import { xml } from "./xml.ts";

/** `Tags.member.1.Key=a` becomes `{ Tags: [{ Key: "a" }] }`. */
export function decodeQuery(form: URLSearchParams): unknown {
  const root: Record<string, unknown> = {};
  for (const [path, value] of form) {
    if (path === "Action" || path === "Version") continue;
    const steps = path.split(".");
    let at = root;
    for (const [i, step] of steps.entries()) {
      if (i === steps.length - 1) at[step] = value;
      else {
        at[step] ??= {};
        at = at[step] as Record<string, unknown>;
      }
    }
  }
  return lists(root);
}

export function encodeQuery(
  value: object | Refusal,
  asked: { operation: string; namespace: string; requestId: string },
): Answer {
  const { operation, namespace, requestId } = asked;
  const headers = { "content-type": "text/xml", "x-amzn-requestid": requestId };
  const xmlns = ` xmlns="${namespace}"`;
  if (value instanceof Refusal) {
    const problem = {
      Type: value.status < 500 ? "Sender" : "Receiver",
      Code: value.code,
      Message: value.message,
    };
    const body = xml("ErrorResponse", { Error: problem, RequestId: requestId }, xmlns);
    return { status: value.status, headers, body: Buffer.from(body) };
  }
  const content = { [`${operation}Result`]: value, ResponseMetadata: { RequestId: requestId } };
  return { status: 200, headers, body: Buffer.from(xml(`${operation}Response`, content, xmlns)) };
}

// A list arrives as an object of numbers below "member".
function lists(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, lists(item)] as const);
  const [first] = entries;
  if (entries.length === 1 && first?.[0] === "member" && typeof first[1] === "object")
    return Object.entries(first[1] ?? {})
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, item]) => item);
  return Object.fromEntries(entries);
}
