// Holds webhook payloads against GitHub's own examples: every key known, none missing, types alike.
import { createRequire } from "node:module";

type Json = { [key: string]: unknown };
type Definition = { name: string; examples: Json[] };

const definitions: Definition[] = createRequire(import.meta.url)("@octokit/webhooks-examples");

/** Sentences about what the payload has too much, too little, or of another type. */
export function shapeProblems(event: string, payload: Json): string[] {
  const definition = definitions.find((d) => d.name === event);
  if (!definition) return [`there is no example of ${event}`];
  const family = definition.examples.filter((e) => e.action === payload.action);
  const known = shapesOf(
    event,
    definitions.flatMap((d) => d.examples),
  );
  // Without an example of the very action, the others of the event say what it must have.
  const required = shapesOf(event, family.length > 0 ? family : definition.examples, "byPath");
  const problems: string[] = [];
  visit(payload, event, (path, object) => {
    if (path.includes(".changes.base")) return;
    const all = known.get(path.endsWith(".merged_by") ? "user" : lastName(path));
    if (!all) {
      problems.push(`${path} is in no example`);
      return;
    }
    if (open_ended.has(lastName(path))) return;
    for (const [key, value] of Object.entries(object)) {
      if (beyond_the_examples.has(`${event}.${lastName(path)}.${key}`)) continue;
      const types = all.types.get(key);
      if (!types) problems.push(`${path}.${key} is in no example`);
      else if (!types.has(typeOf(value)))
        problems.push(`${path}.${key} is ${typeOf(value)}, in examples ${[...types].join(" or ")}`);
    }
    const needed = required.get(path);
    for (const [key, count] of needed?.counts ?? [])
      if (count === needed?.total && !(key in object)) problems.push(`${path}.${key} is missing`);
  });
  return problems;
}

/** Objects whose keys are data. */
const open_ended = new Set(["permissions", "custom_properties"]);

/**
 * What GitHub documents and its examples happen not to show: no example of a pull request is
 * merged by somebody, has an edited title or base, or follows a button on a check.
 */
const beyond_the_examples = new Set([
  "pull_request.pull_request.merged_by",
  "pull_request.pull_request.merged_at",
  "pull_request.pull_request.merged",
  "pull_request.changes.title",
  "pull_request.changes.base",
  "issue_comment.comment.performed_via_github_app",
]);

type Shape = { total: number; counts: Map<string, number>; types: Map<string, Set<string>> };

function shapesOf(
  event: string,
  payloads: Json[],
  kind: "byName" | "byPath" = "byName",
): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const payload of payloads)
    visit(payload, event, (path, object) => {
      const name = kind === "byPath" ? path : lastName(path);
      const shape = shapes.get(name) ?? { total: 0, counts: new Map(), types: new Map() };
      shape.total += 1;
      for (const [key, value] of Object.entries(object)) {
        shape.counts.set(key, (shape.counts.get(key) ?? 0) + 1);
        shape.types.set(key, (shape.types.get(key) ?? new Set()).add(typeOf(value)));
      }
      shapes.set(name, shape);
    });
  return shapes;
}

function visit(value: unknown, path: string, see: (path: string, object: Json) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, path, see);
  else if (typeof value === "object" && value !== null) {
    see(path, value as Json);
    for (const [key, part] of Object.entries(value)) visit(part, `${path}.${key}`, see);
  }
}

function lastName(path: string): string {
  const name = path.split(".").at(-1) ?? path;
  return path.includes(".") ? name : "payload";
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
