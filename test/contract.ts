// Holds requests and answers against GitHub's own description of its API.
import { readFileSync } from "node:fs";
import { Ajv2019, type ErrorObject, type ValidateFunction } from "ajv/dist/2019.js";

export type SentRequest = {
  method: string;
  /** Whole, or from the path on. */
  url: string;
  /** The JSON value that was sent. */
  body?: unknown;
};
export type GivenAnswer = { status: number; body?: unknown };

/** What GitHub's description does not allow, one sentence each; empty when all is well. */
export function checkExchange(request: SentRequest, answer: GivenAnswer): string[] {
  const problems = checkRequest(request);
  // Described elsewhere; test/github/graph.test.ts holds the queries against it.
  if (pathOf(request.url) === "/graphql") return [];
  const place = findOperation(request);
  return place ? [...problems, ...checkAnswer(place, answer)] : problems;
}

export function checkRequest(request: SentRequest): string[] {
  const place = findOperation(request);
  const name = `${request.method} ${pathOf(request.url)}`;
  if (!place) return [`${name} is not in GitHub's description`];
  return [...checkParameters(place, request), ...checkBody(place, request.body)].map(
    (problem) => `${name}: ${problem}`,
  );
}

/** A `fetch` that holds everything going through it against the description. */
export function checkedFetch(inner: typeof fetch): { fetch: typeof fetch; problems: string[] } {
  const problems: string[] = [];
  return {
    problems,
    async fetch(input, init) {
      const request = new Request(input, init);
      const again = request.clone();
      const sent = await request.clone().text();
      const { method, url } = request;
      // A redirect leads away from the API (to a download), and is itself the described answer.
      const response = await inner(new Request(request, { redirect: "manual" }));
      const type = response.headers.get("content-type") ?? "";
      const moved = response.headers.get("location");
      // Any request to a repository that has another name now is answered so, and described for few.
      if ([301, 307].includes(response.status) && moved !== null && request.redirect === "follow")
        return inner(new Request(moved, again));
      // An answer that breaks off has nothing to be held against.
      const text = type.startsWith("application/json")
        ? await response
            .clone()
            .text()
            .catch(() => null)
        : "";
      if (text === null) return response;
      problems.push(
        ...checkExchange(
          { method, url, ...(sent === "" ? {} : { body: JSON.parse(sent) }) },
          { status: response.status, ...(text === "" ? {} : { body: JSON.parse(text) }) },
        ),
      );
      const location = response.headers.get("location");
      if (response.status === 302 && location !== null && request.redirect === "follow")
        return inner(location);
      return response;
    },
  };
}

/** Whether the description has this method and path template at all. */
export function isDescribed(method: string, template: string): boolean {
  return description.paths[template]?.[method.toLowerCase()] !== undefined;
}

type Json = { [key: string]: unknown };
type Parameter = {
  name: string;
  in: string;
  required?: boolean;
  schema: { type?: string; enum?: unknown[] };
  "x-multi-segment"?: boolean;
};
type Operation = {
  parameters?: (Parameter | { $ref: string })[];
  requestBody?: { required?: boolean; content: Json };
  responses: Record<string, Json>;
};
type Description = { paths: Record<string, Record<string, Operation>>; components: Json };
type Place = {
  template: string;
  method: string;
  operation: Operation;
  parameters: Parameter[];
  values: Record<string, string>;
};

const source = new URL("./contracts/github.json", import.meta.url);
const description: Description = JSON.parse(readFileSync(source, "utf8"));

// The description of this list demands that an account be a user and an enterprise at once.
const installations = description.paths["/app/installations"]?.get?.responses["200"];
if (installations)
  installations.content = {
    "application/json": {
      schema: { type: "array", items: { $ref: "#/components/schemas/installation" } },
    },
  };

const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
ajv.addSchema(adapt(description, "open") as object, "answers");
ajv.addSchema(adapt(description, "closed") as object, "requests");
const compiled = new Map<string, ValidateFunction>();

const patterns = Object.entries(description.paths).map(([template, operations]) => {
  const many = new Set(
    Object.values(operations)
      .flatMap((o) => (o.parameters ?? []).map(resolve))
      .filter((p) => p["x-multi-segment"])
      .map((p) => p.name),
  );
  const names: string[] = [];
  const text = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    names.push(name);
    return many.has(name) ? "(.+)" : "([^/]+)";
  });
  return { template, names, pattern: new RegExp(`^${text}$`) };
});

function findOperation(request: SentRequest): Place | undefined {
  const method = request.method.toLowerCase();
  const path = pathOf(request.url);
  const fitting = patterns
    .filter((p) => p.pattern.test(path) && description.paths[p.template]?.[method])
    .sort((a, b) => score(b.template) - score(a.template));
  const [best] = fitting;
  const operation = best && description.paths[best.template]?.[method];
  if (!best || !operation) return undefined;
  const match = best.pattern.exec(path) ?? [];
  const values = Object.fromEntries(
    best.names.map((name, i) => [name, decodeURIComponent(match[i + 1] ?? "")]),
  );
  const parameters = (operation.parameters ?? []).map(resolve);
  return { template: best.template, method, operation, parameters, values };
}

function score(template: string): number {
  return template.split("/").filter((s) => !s.startsWith("{")).length;
}

function checkParameters(place: Place, request: SentRequest): string[] {
  const problems: string[] = [];
  for (const parameter of place.parameters.filter((p) => p.in === "path"))
    problems.push(...checkValue(parameter, place.values[parameter.name] ?? ""));
  const query = new URL(request.url, "http://github.test").searchParams;
  const known = place.parameters.filter((p) => p.in === "query");
  for (const [name, value] of query) {
    const parameter = known.find((p) => p.name === name);
    if (!parameter) problems.push(`the query parameter ${name} is not known`);
    else problems.push(...checkValue(parameter, value));
  }
  for (const { name, required } of known)
    if (required && !query.has(name)) problems.push(`the query parameter ${name} is missing`);
  return problems;
}

function checkValue(parameter: Parameter, value: string): string[] {
  const { type, enum: allowed } = parameter.schema;
  const wrong = (what: string) => [`the parameter ${parameter.name} is ${what}: ${value}`];
  if (type === "integer" && !/^-?\d+$/.test(value)) return wrong("no whole number");
  if (type === "boolean" && !/^(true|false)$/.test(value)) return wrong("neither true nor false");
  if (allowed && !allowed.includes(value)) return wrong("none of the allowed values");
  return [];
}

function checkBody(place: Place, body: unknown): string[] {
  const { requestBody } = place.operation;
  if (!requestBody) return emptyBody(body) ? [] : ["has a body where none is known"];
  if (emptyBody(body)) return requestBody.required ? ["has no body"] : [];
  if (!requestBody.content["application/json"]) return [];
  const pointer = ["requestBody", "content", "application/json", "schema"];
  return validate("requests", [...at(place), ...pointer], body);
}

// Octokit sends an empty object where it has nothing to say.
function emptyBody(body: unknown): boolean {
  return body === undefined || (typeof body === "object" && Object.keys(body ?? {}).length === 0);
}

function checkAnswer(place: Place, answer: GivenAnswer): string[] {
  const name = `${place.method.toUpperCase()} ${place.template} → ${answer.status}`;
  const described = place.operation.responses[String(answer.status)];
  // Any reading may be asked for with what is known of it, and be as it was.
  // docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests
  if (answer.status === 304 && place.method === "get" && answer.body === undefined) return [];
  if (!described)
    // Any request may fail in ways that the description does not repeat at each of them.
    return answer.status >= 400 && hasMessage(answer.body)
      ? []
      : [`${name}: this status is not described`];
  const { pointer, response } = followed(place, described, answer.status);
  const content = (response.content ?? {}) as Json;
  if (!content["application/json"] || answer.body === undefined) {
    const expected = content["application/json"] !== undefined && answer.status !== 304;
    return expected && Object.keys(content).length === 1 ? [`${name}: the answer is empty`] : [];
  }
  const schema = [...pointer, "content", "application/json", "schema"];
  return validate("answers", schema, answer.body).map((problem) => `${name}: ${problem}`);
}

function followed(place: Place, described: Json, status: number) {
  if (typeof described.$ref !== "string")
    return { pointer: [...at(place), "responses", String(status)], response: described };
  const pointer = described.$ref.slice(2).split("/");
  return { pointer, response: lookUp(described.$ref) };
}

function validate(document: "requests" | "answers", pointer: string[], value: unknown): string[] {
  const path = pointer.map((p) => encodeURIComponent(p.replace(/~/g, "~0").replace(/\//g, "~1")));
  const $ref = `${document}#/${path.join("/")}`;
  const known = compiled.get($ref) ?? ajv.compile({ $ref });
  compiled.set($ref, known);
  return known(value) ? [] : (known.errors ?? []).slice(0, 8).map(sentence);
}

function sentence(error: ErrorObject): string {
  const detail = Object.values(error.params).flat().join(", ");
  return `${error.instancePath || "the body"} ${error.message}${detail ? ` (${detail})` : ""}`;
}

function at(place: Place): string[] {
  return ["paths", place.template, place.method];
}

function hasMessage(body: unknown): boolean {
  return typeof body === "object" && body !== null && "message" in body;
}

function pathOf(url: string): string {
  return new URL(url, "http://github.test").pathname.replace(/^\/api\/v3(?=\/)/, "");
}

function resolve(parameter: Parameter | { $ref: string }): Parameter {
  return "$ref" in parameter ? (lookUp(parameter.$ref) as Parameter) : parameter;
}

function lookUp(ref: string): Json {
  let found: unknown = description;
  for (const key of ref.slice(2).split("/")) found = (found as Json)[key];
  return found as Json;
}

/** OpenAPI 3.0 in the words of JSON Schema; `closed` refuses properties that are not named. */
function adapt(value: unknown, kind: "open" | "closed", inside = ""): unknown {
  if (Array.isArray(value)) return value.map((v) => adapt(v, kind, inside));
  if (typeof value !== "object" || value === null) return value;
  const names = inside === "properties" || inside === "paths" || inside === "schemas";
  const out: Json = {};
  for (const [key, part] of Object.entries(value)) {
    if (!names && (key === "nullable" || key === "discriminator" || key === "format")) continue;
    // The variants of GitHub's `oneOf` overlap, so an answer may well fit two of them.
    const name = !names && key === "oneOf" ? "anyOf" : key;
    out[name] = key === "enum" && !names ? part : adapt(part, kind, names ? "" : name);
  }
  if (names) return out;
  const variant = inside === "anyOf" || inside === "allOf";
  if (kind === "closed" && "properties" in out && !variant && !("additionalProperties" in out))
    out.unevaluatedProperties = false;
  return (value as Json).nullable === true ? orNull(out) : out;
}

function orNull(schema: Json): Json {
  if (typeof schema.type !== "string") return { anyOf: [schema, { type: "null" }] };
  const { enum: allowed } = schema;
  return {
    ...schema,
    type: [schema.type, "null"],
    ...(Array.isArray(allowed) ? { enum: [...allowed, null] } : {}),
  };
}
