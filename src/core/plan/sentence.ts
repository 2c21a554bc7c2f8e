// Makes of what the schema found a problem with a place, a path and a sentence that says what to do.

import type { z } from "zod";
import { nearestWord } from "../model/nearest.ts";
import type { PlanProblem } from "../model/plan.ts";
import { find, keyPlaceOf, type Located, type Path, placeOf, spell } from "./position.ts";

/** An issue may be about several keys, and each becomes a problem. */
export function schemaProblems(issue: z.core.$ZodIssue, root: Located): readonly PlanProblem[] {
  const path = issue.path.map((step) => (typeof step === "symbol" ? String(step) : step));
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => ({
        ...keyPlaceOf(root, [...path, key]),
        path: spell([...path, key]),
        message: unknownKey(key, issue.message.split(", ")),
      }));
    case "invalid_type":
    case "invalid_value":
    case "invalid_union":
      return [problemAt(root, path, wrong(root, path, issue.message))];
    default:
      return [problemAt(root, path, issue.message)];
  }
}

export function problemAt(root: Located, path: Path, message: string): PlanProblem {
  return { ...placeOf(root, path), path: spell(path), message };
}

function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestWord(key, known);
  const hint = nearest === null ? `Known here: ${known.join(", ")}.` : `Did you mean "${nearest}"?`;
  return `There is no key "${key.slice(0, 60)}" here. ${hint}`;
}

function wrong(root: Located, path: Path, wanted: string): string {
  const last = path.at(-1);
  const subject =
    last === undefined ? "The plan" : typeof last === "number" ? "This" : `"${last.slice(0, 60)}"`;
  const found = find(root, path);
  if (found === undefined) return `${subject} is missing; it must be ${wanted}.`;
  return `${subject} must be ${wanted}${instead(found, wanted)}.`;
}

function instead(found: Located, wanted: string): string {
  if (found.kind !== "scalar") return `, and is a ${found.kind}`;
  if (found.value === null) return ", and is empty";
  if (typeof found.value === "string" || !/^(text|a pattern)/.test(wanted)) return "";
  const type = typeof found.value === "number" ? "a number" : `the word ${found.value}`;
  return `, and is ${type} to YAML; put it in quotes`;
}
