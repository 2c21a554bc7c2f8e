// A server that knows nothing of AWS but its service descriptions: whatever they allow may be its answer.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { checkAwsExchange } from "../../aws-contract.ts";
import type { AwsOperation, Model, Ref } from "../../aws-wire.ts";

export interface Described {
  readonly url: string;
  /** What was asked that the descriptions do not allow. */
  readonly problems: readonly string[];
  /** Names of the operations that were asked for. */
  readonly asked: ReadonlySet<string>;
  close(): Promise<void>;
}

/** The words that its answers are made of, so that one answer may speak of what another spoke of. */
export interface Vocabulary {
  readonly words: readonly string[];
  readonly random: () => number;
}

export async function startDescribed(vocabulary: Vocabulary): Promise<Described> {
  const problems: string[] = [];
  const asked = new Set<string>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const [prefix = "", operation = ""] = String(request.headers["x-amz-target"]).split(".");
      const service = services.get(prefix);
      const model = service === undefined ? undefined : modelOf(service);
      const described = model?.operations[operation];
      if (service === undefined || model === undefined || described === undefined) {
        problems.push(`${request.headers["x-amz-target"]} is in no description`);
        response.writeHead(400).end("{}");
        return;
      }
      asked.add(`${service}:${operation}`);
      const body = Buffer.concat(parts);
      const { method = "", url = "" } = request;
      const headers = { "content-type": String(request.headers["content-type"]) };
      problems.push(
        ...checkAwsExchange({
          service,
          operation,
          request: { method, url, headers, body },
          answer: undefined,
        }),
      );
      const { status, answer } = answerTo(model, described, vocabulary);
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1" });
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    problems,
    asked,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const services: ReadonlyMap<string, string> = new Map([
  ["CodePipeline_20150709", "codepipeline"],
  ["CodeBuild_20161006", "codebuild"],
  ["Logs_20140328", "logs"],
]);

function modelOf(service: string): Model {
  const file = new URL(`../../contracts/aws/${service}.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Model;
}

/** One time in six an error that the operation may have. */
function answerTo(
  model: Model,
  { output, errors = [] }: AwsOperation,
  vocabulary: Vocabulary,
): { readonly status: number; readonly answer: unknown } {
  const { random } = vocabulary;
  const error = errors[Math.floor(random() * errors.length)];
  if (error !== undefined && random() < 1 / 6)
    return { status: 400, answer: { __type: error.shape, message: "As it is described." } };
  return { status: 200, answer: output ? make(model, output, { ...vocabulary, depth: 0 }) : {} };
}

function make(
  model: Model,
  { shape: name }: Ref,
  at: Vocabulary & { readonly depth: number },
): unknown {
  const shape = model.shapes[name];
  const { random, words, depth } = at;
  const below = { ...at, depth: depth + 1 };
  switch (shape?.type) {
    case "structure": {
      const { members = {}, required = [] } = shape;
      const chosen = Object.entries(members).filter(
        ([member]) => required.includes(member) || (depth < 8 && random() < 0.8),
      );
      return Object.fromEntries(chosen.map(([member, ref]) => [member, make(model, ref, below)]));
    }
    case "list": {
      const count = depth > 8 ? 0 : Math.floor(random() * 3);
      const { member } = shape;
      if (member === undefined) return [];
      return Array.from({ length: Math.max(count, shape.min ?? 0) }, () =>
        make(model, member, below),
      );
    }
    case "map":
      return {};
    case "boolean":
      return random() < 0.5;
    case "integer":
    case "long":
    case "double":
    case "float":
      return Math.max(shape.min ?? 0, Math.floor(random() * 4));
    case "timestamp":
      return 1_767_600_000 + Math.floor(random() * 10_000);
    case "string": {
      const form = shape.pattern === undefined ? null : new RegExp(`^(?:${shape.pattern})$`);
      const long = words.filter((word) => word.length >= (shape.min ?? 0));
      const fitting = long.filter((word) => form?.test(word) ?? true);
      const choices = shape.enum ?? (fitting.length > 0 ? fitting : long);
      const word = choices[Math.floor(random() * choices.length)] ?? "";
      return word.slice(0, shape.max ?? word.length);
    }
    default:
      return null;
  }
}
