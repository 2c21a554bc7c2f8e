// Reads the body of a check-run request and refuses what GitHub refuses.
import { isObject } from "./answer.ts";
import type { RunFields } from "./checks.ts";
import { type Annotation, type CheckAction, type Conclusion, conclusions } from "./model.ts";

export type ParsedRun = { kind: "valid"; run: RunFields } | { kind: "invalid"; message: string };

/** Documented limits of the checks API. */
const text_chars_max = 65_535;
const annotations_max = 50;
const actions_max = 3;
const label_chars_max = 20;
const description_chars_max = 40;
const identifier_chars_max = 20;

export function parseRun(body: Readonly<Record<string, unknown>>): ParsedRun {
  const problems: string[] = [];
  const refuse = (message: string) => {
    problems.push(message);
    return undefined;
  };
  const text = (name: string): string | undefined => {
    const value = body[name];
    if (value === undefined || typeof value === "string") return value;
    return refuse(`For 'properties/${name}', ${JSON.stringify(value)} is not a string.`);
  };
  const date = (name: string): number | undefined => {
    const value = text(name);
    if (value === undefined) return undefined;
    const ms = Date.parse(value);
    return Number.isNaN(ms) ? refuse(`"${name}" is not a date.`) : ms;
  };
  const { status, conclusion } = body;
  const knownStatus = status === "queued" || status === "in_progress" || status === "completed";
  if (status !== undefined && !knownStatus) refuse(`"status" is not one GitHub knows.`);
  const knownConclusion = conclusions.find((c) => c === conclusion);
  if (conclusion !== undefined && !knownConclusion) refuse(`"conclusion" is not known.`);
  if (conclusion === "stale") refuse('"conclusion" stale is set by GitHub only.');
  if (status === "completed" && conclusion === undefined)
    refuse('"conclusion" is needed when "status" is completed.');

  const run = given<RunFields>({
    name: text("name"),
    status: knownStatus ? status : undefined,
    conclusion: knownConclusion satisfies Conclusion | undefined,
    externalId: text("external_id"),
    detailsUrl: text("details_url"),
    startedAt: date("started_at"),
    completedAt: date("completed_at"),
    output: readOutput(body.output, refuse),
    actions: readActions(body.actions, refuse),
  });
  const [first] = problems;
  return first === undefined ? { kind: "valid", run } : { kind: "invalid", message: first };
}

type Refuse = (message: string) => undefined;

function readOutput(value: unknown, refuse: Refuse): RunFields["output"] {
  if (value === undefined) return undefined;
  if (!isObject(value)) return refuse('"output" is not an object.');
  const { title, summary, text, annotations } = value;
  if (typeof title !== "string" || typeof summary !== "string")
    return refuse('"output" needs "title" and "summary".');
  if (text !== undefined && typeof text !== "string") return refuse('"text" is not a string.');
  for (const [name, content] of Object.entries({ summary, text }))
    if (content !== undefined && content.length > text_chars_max)
      return refuse(`Only ${text_chars_max} characters are allowed in "${name}".`);
  return given({ title, summary, text, annotations: readAnnotations(annotations, refuse) });
}

function readAnnotations(value: unknown, refuse: Refuse): Annotation[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return refuse('"annotations" is not an array.');
  if (value.length > annotations_max)
    return refuse(`No more than ${annotations_max} annotations are allowed in one request.`);
  return value.every(isAnnotation) ? value : refuse("An annotation is not as it should be.");
}

function isAnnotation(value: unknown): value is Annotation {
  if (!isObject(value)) return false;
  const { path, start_line, end_line, annotation_level, message } = value;
  const oneLine = start_line === end_line;
  return (
    typeof path === "string" &&
    Number.isInteger(start_line) &&
    Number.isInteger(end_line) &&
    typeof message === "string" &&
    message.length <= 64 * 1024 &&
    (annotation_level === "notice" ||
      annotation_level === "warning" ||
      annotation_level === "failure") &&
    // Documented: columns may be given only where the annotation starts and ends on one line.
    (oneLine || (value.start_column === undefined && value.end_column === undefined))
  );
}

function readActions(value: unknown, refuse: Refuse): CheckAction[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) return refuse('"actions" is not an array.');
  if (value.length > actions_max) return refuse(`No more than ${actions_max} actions are allowed.`);
  return value.every(isAction) ? value : refuse("An action is not as it should be.");
}

function isAction(value: unknown): value is CheckAction {
  if (!isObject(value)) return false;
  const { label, description, identifier } = value;
  return (
    fits(label, label_chars_max) &&
    fits(description, description_chars_max) &&
    fits(identifier, identifier_chars_max)
  );
}

function fits(value: unknown, chars: number): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= chars;
}

/** Leaves out what is undefined, so that it does not overwrite what is there. */
function given<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): T {
  const kept = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(kept) as T;
}
