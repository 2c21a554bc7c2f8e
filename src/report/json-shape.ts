// Looks at the outline of a JSON text before it is parsed, because parsing hostile JSON costs memory.

import { limit } from "../core/model/limit.ts";

/** Why this JSON is not worth parsing, or null. Whether it is well formed is not judged here. */
export function refuseShape(bytes: Uint8Array): string | null {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === backslash) at += 1;
      else if (byte === quote) inString = false;
      continue;
    }
    if (byte === quote) inString = true;
    else if (byte === brace || byte === bracket) {
      depth += 1;
      values += 1;
      if (depth > limit.report.depth) return "nests its values too deeply";
    } else if (byte === braceEnd || byte === bracketEnd) depth -= 1;
    else if (byte === comma) values += 1;
  }
  return values > limit.report.values ? `has more than ${limit.report.values} values` : null;
}

const code = (char: string) => char.charCodeAt(0);
const quote = code('"');
const backslash = code("\\");
const comma = code(",");
const brace = code("{");
const braceEnd = code("}");
const bracket = code("[");
const bracketEnd = code("]");
