// AWS JSON 1.1: CodePipeline, CodeBuild and CloudWatch Logs.
import { Refusal, refuse } from "../refusal.ts";
import type { Answer } from "./answer.ts";

export function decodeJson(body: Buffer): unknown {
  try {
    // A member that is null counts as absent.
    return JSON.parse(body.toString("utf8") || "{}", (_, value) => value ?? undefined);
  } catch {
    return refuse("SerializationException", "Start of structure or map found where not expected.");
  }
}

export function encodeJson(value: object | Refusal, requestId: string): Answer {
  const isRefusal = value instanceof Refusal;
  const content = isRefusal ? { __type: value.code, message: value.message } : value;
  // An operation without output answers with nothing at all.
  const body = Object.keys(content).length === 0 ? "" : JSON.stringify(content);
  return {
    status: isRefusal ? value.status : 200,
    headers: { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": requestId },
    body: Buffer.from(body),
  };
}

/** AWS writes times as seconds with a fraction. */
export function seconds(ms: number): number {
  return ms / 1000;
}
