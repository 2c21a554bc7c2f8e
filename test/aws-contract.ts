// Holds what goes over the wire to and from AWS against AWS's own descriptions of its services.
import { readFileSync } from "node:fs";
import {
  type AwsOperation,
  type AwsShape,
  fromForm,
  fromXml,
  type Model,
  parseXml,
  type Ref,
  scalar,
} from "./aws-wire.ts";

export type AwsExchange = {
  service: string;
  operation: string;
  request: {
    method: string;
    url: string;
    headers: Readonly<Record<string, string>>;
    body: Buffer;
  };
  answer: { status: number; headers: Readonly<Record<string, string>>; body: Buffer } | undefined;
};

/** What AWS's description does not allow, one sentence each; empty when all is well. */
export function checkAwsExchange(exchange: AwsExchange): string[] {
  const model = modelOf(exchange.service);
  const operation = model?.operations[exchange.operation];
  const name = `${exchange.service}:${exchange.operation}`;
  if (!model || !operation) return [`${name} is not in AWS's description`];
  const asked = checkRequest(model, operation, exchange).map((p) => `${name} request: ${p}`);
  const { answer } = exchange;
  const given = answer ? checkAnswer(model, operation, { ...exchange, answer }) : [];
  return [...asked, ...given.map((p) => `${name} answer: ${p}`)];
}

const models = new Map<string, Model | undefined>();
function modelOf(service: string): Model | undefined {
  if (!models.has(service)) models.set(service, load(service));
  return models.get(service);
}

function load(service: string): Model | undefined {
  if (!/^[a-z0-9]+$/.test(service)) return undefined;
  try {
    const source = new URL(`./contracts/aws/${service}.json`, import.meta.url);
    return JSON.parse(readFileSync(source, "utf8"));
  } catch {
    return undefined;
  }
}

/** Errors that every service may answer, which no operation lists. */
const common_errors = new Set(
  [
    "AccessDenied AccessDeniedException ExpiredToken ExpiredTokenException InternalFailure",
    "InvalidAccessKeyId InvalidClientTokenId InvalidRange MissingAuthenticationToken",
    "MissingAuthenticationTokenException NoSuchBucket NoSuchKey SerializationException",
    "ServiceUnavailable SlowDown Throttling ThrottlingException UnrecognizedClientException",
    "ValidationError",
  ]
    .join(" ")
    .split(" "),
);

function checkRequest(model: Model, operation: AwsOperation, { request }: AwsExchange): string[] {
  if (!operation.input) return [];
  switch (model.metadata.protocol) {
    case "json":
      return check(model, operation.input, parse(request.body), "");
    case "query": {
      const form = new URLSearchParams(request.body.toString("utf8"));
      return check(model, operation.input, fromForm(model, operation.input, [...form], ""), "");
    }
    default:
      return checkQueryString(model, operation, new URL(request.url));
  }
}

function checkAnswer(
  model: Model,
  operation: AwsOperation,
  { answer }: { answer: NonNullable<AwsExchange["answer"]> },
): string[] {
  const isXml = model.metadata.protocol !== "json";
  const text = answer.body.toString("utf8");
  if (answer.status >= 400) {
    // A HEAD that fails says nothing but its status.
    if (text === "") return [];
    const code = isXml ? /<Code>(.*?)<\/Code>/.exec(text)?.[1] : codeIn(parse(answer.body));
    return checkError(model, operation, code ?? "");
  }
  if (!operation.output) return text === "" ? [] : ["has a body where there is none"];
  if (!isXml) return check(model, operation.output, parse(answer.body), "");
  const shape = model.shapes[operation.output.shape];
  if (model.metadata.protocol === "rest-xml" && (shape?.payload || text === ""))
    return checkHeaders(model, shape, answer.headers);
  const root = parseXml(text);
  const wrapper = operation.output.resultWrapper;
  const content = wrapper ? root.children.find((c) => c.name === wrapper) : root;
  if (!content) return [`has no ${wrapper}`];
  return check(model, operation.output, fromXml(model, operation.output, content), "");
}

function checkError(model: Model, operation: AwsOperation, code: string): string[] {
  const listed = (operation.errors ?? []).map(
    ({ shape }) => model.shapes[shape]?.error?.code ?? shape,
  );
  return listed.includes(code) || common_errors.has(code) ? [] : [`has the error ${code}`];
}

// ---------------------------------------------------------------- values against shapes

function check(model: Model, ref: Ref, value: unknown, at: string): string[] {
  const shape = model.shapes[ref.shape];
  if (!shape) return [`${at} has no shape`];
  switch (shape.type) {
    case "structure":
      return checkStructure(model, shape, value, at);
    case "list": {
      if (!Array.isArray(value)) return [`${at} is no list`];
      const { member } = shape;
      const items = member ? value.flatMap((v, i) => check(model, member, v, `${at}[${i}]`)) : [];
      return [...size(shape, value.length, at), ...items];
    }
    case "map": {
      if (!isRecord(value)) return [`${at} is no map`];
      const { key, value: item } = shape;
      const entries = Object.entries(value).flatMap(([k, v]) => [
        ...(key ? check(model, key, k, `${at}.${k} (its key)`) : []),
        ...(item ? check(model, item, v, `${at}.${k}`) : []),
      ]);
      return [...size(shape, Object.keys(value).length, at), ...entries];
    }
    default:
      return checkScalar(shape, value, at);
  }
}

function checkStructure(model: Model, shape: AwsShape, value: unknown, at: string): string[] {
  if (!isRecord(value)) return [`${at} is no structure`];
  const { members = {}, required = [] } = shape;
  const place = (name: string) => (at === "" ? name : `${at}.${name}`);
  return [
    ...required
      .filter((name) => value[name] === undefined)
      .map((name) => `${place(name)} is missing`),
    ...Object.entries(value).flatMap(([name, item]) => {
      const member = members[name];
      if (!member) return [`${place(name)} is unknown`];
      return item === undefined ? [] : check(model, member, item, place(name));
    }),
  ];
}

function checkScalar(shape: AwsShape, value: unknown, at: string): string[] {
  switch (shape.type) {
    case "string":
      if (typeof value !== "string") return [`${at} is no text`];
      if (shape.enum && !shape.enum.includes(value)) return [`${at} is ${value}`];
      if (shape.pattern && !fits(shape.pattern, value)) return [`${at} is not ${shape.pattern}`];
      return size(shape, value.length, at);
    case "integer":
    case "long":
      if (!Number.isInteger(value)) return [`${at} is no whole number`];
      return size(shape, Number(value), at);
    case "timestamp":
    case "double":
    case "float":
      return typeof value === "number" && Number.isFinite(value) ? [] : [`${at} is no number`];
    case "boolean":
      return typeof value === "boolean" ? [] : [`${at} is neither true nor false`];
    default:
      return [];
  }
}

function size({ min, max }: AwsShape, actual: number, at: string): string[] {
  if (min !== undefined && actual < min) return [`${at} is below ${min}`];
  return max !== undefined && actual > max ? [`${at} is above ${max}`] : [];
}

function fits(pattern: string, value: string): boolean {
  // The descriptions are written for Java, which has another form of large code points.
  const source = pattern.replaceAll("\\u10000-\\u10FFFF", "\\u{10000}-\\u{10FFFF}");
  try {
    return new RegExp(`^(?:${source})$`, "su").test(value);
  } catch {
    return new RegExp(`^(?:${source})$`, "s").test(value);
  }
}

function checkQueryString(model: Model, operation: AwsOperation, url: URL): string[] {
  const shape = operation.input && model.shapes[operation.input.shape];
  const fixed = new URLSearchParams(operation.http.requestUri.split("?")[1] ?? "");
  const known = Object.values(shape?.members ?? {})
    .filter((member) => member.location === "querystring")
    .map((member) => member.locationName);
  return [...url.searchParams.keys()]
    .filter((name) => name !== "x-id" && !fixed.has(name) && !known.includes(name))
    .map((name) => `the query has ${name}`);
}

function checkHeaders(
  model: Model,
  shape: AwsShape | undefined,
  headers: Readonly<Record<string, string>>,
): string[] {
  return Object.entries(shape?.members ?? {}).flatMap(([name, member]) => {
    const text = headers[(member.locationName ?? "").toLowerCase()];
    if (member.location !== "header" || text === undefined) return [];
    return check(model, member, scalar(model.shapes[member.shape], text), name);
  });
}

function parse(body: Buffer): unknown {
  return JSON.parse(body.toString("utf8") || "{}");
}

function codeIn(value: unknown): string | undefined {
  return isRecord(value) && typeof value.__type === "string" ? value.__type : undefined;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
