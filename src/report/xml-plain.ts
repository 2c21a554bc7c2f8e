// Takes the plainest elements out of XML before it is parsed: most of a large report is test cases of one tag.

import { limit } from "../core/model/limit.ts";
import type { Attributes } from "./junit-case.ts";

export interface PlainElements {
  /** The next piece of the document. */
  write(text: string): void;
  /** What is left of it. */
  end(): void;
}

interface Outlets {
  /** An element without content, whose attributes have only letters of their own. */
  readonly element: (name: string, attributes: Attributes) => void;
  /** Everything else, in its order, for a parser that judges it. */
  readonly rest: (text: string) => void;
}

/**
 * A parser looks at each character by itself. What one expression tells for certain is told by it: an element that
 * is closed at once, with attributes in double quotes that need nothing replaced but the five references that XML
 * has. Where such an element stands in a comment, a section or an instruction it is none; and whatever is in any
 * way unusual goes to the parser, at the worst all that is left of the document.
 */
export function plainElements({ element, rest }: Outlets): PlainElements {
  /** Not looked at yet: the beginning of something whose end has not come. */
  let open = "";
  /** Looked at and not handed on yet. */
  let kept = "";
  let isOff = false;

  function write(text: string): void {
    if (isOff) {
      rest(text);
      return;
    }
    const all = open + text;
    let from = 0;
    let at = all.indexOf("<");
    while (at >= 0) {
      plain.lastIndex = at;
      const found = plain.exec(all);
      const attributes = found === null ? null : attributesIn(found[2] ?? "");
      if (found !== null && attributes !== null) {
        hand(all.slice(from, at));
        element(found[1] ?? "", attributes);
        from = plain.lastIndex;
        at = all.indexOf("<", from);
        continue;
      }
      const end = endOf(all, at);
      if (end === "unclear" || (end === "open" && all.length - at > limit.report.unended_chars)) {
        isOff = true;
        rest(kept + all.slice(from));
        kept = "";
        open = "";
        return;
      }
      if (end === "open") break;
      at = all.indexOf("<", end);
    }
    const seen = at < 0 ? all.length : at;
    kept += all.slice(from, seen);
    open = all.slice(seen);
  }

  /** Blanks between elements wait for what comes next: nobody asks for them. */
  function hand(text: string): void {
    kept += text;
    if (!kept.includes("<")) return;
    rest(kept);
    kept = "";
  }

  return {
    write,
    end() {
      rest(kept + open);
    },
  };
}

const value = String.raw`[^"<&\0-\x1f\x7f-\x9f\ufffe\uffff]*(?:&(?:lt|gt|amp|quot|apos);[^"<&\0-\x1f\x7f-\x9f\ufffe\uffff]*)*`;
const attribute = String.raw`\s+[a-zA-Z][\w.-]{0,60}="${value}"`;
const plain = new RegExp(
  String.raw`<(testcase|property|skipped|failure|error)((?:${attribute}){0,20})\s*(?:\/>|><\/\1>)`,
  "y",
);
/** Of what the expression has found. Null where a name is there twice, which no XML has. */
function attributesIn(text: string): Attributes | null {
  const attributes: Record<string, string> = {};
  let at = 0;
  for (let equals = text.indexOf("="); equals >= 0; equals = text.indexOf("=", at)) {
    const name = text.slice(at, equals).trimStart();
    const end = text.indexOf('"', equals + 2);
    if (Object.hasOwn(attributes, name)) return null;
    attributes[name] = replaced(text.slice(equals + 2, end));
    at = end + 1;
  }
  return attributes;
}

function replaced(text: string): string {
  let at = text.indexOf("&");
  if (at < 0) return text;
  let whole = "";
  let from = 0;
  for (; at >= 0; at = text.indexOf("&", from)) {
    const end = text.indexOf(";", at);
    whole += text.slice(from, at) + characterOf(text.slice(at + 1, end));
    from = end + 1;
  }
  return whole + text.slice(from);
}

function characterOf(name: string): string {
  switch (name) {
    case "lt":
      return "<";
    case "gt":
      return ">";
    case "amp":
      return "&";
    case "quot":
      return '"';
    default:
      return "'";
  }
}

/** Behind the tag, comment, section or instruction that begins here. */
function endOf(text: string, at: number): number | "open" | "unclear" {
  if (text.startsWith("<!--", at)) return behind(text, "-->", at + 4);
  if (text.startsWith("<![CDATA[", at)) return behind(text, "]]>", at + 9);
  if (text.startsWith("<?", at)) return behind(text, "?>", at + 2);
  if (text.startsWith("<!", at))
    // A type of document, or the beginning of one of the others.
    return text.length - at < "<![CDATA[".length ? "open" : "unclear";
  tag.lastIndex = at + 1;
  if (tag.test(text)) return tag.lastIndex;
  // No tag has another one in it.
  return text.indexOf("<", at + 1) < 0 ? "open" : "unclear";
}

const tag = /[^"'<>]*(?:(?:"[^"<]*"|'[^'<]*')[^"'<>]*)*>/y;

function behind(text: string, end: string, from: number): number | "open" {
  const at = text.indexOf(end, from);
  return at < 0 ? "open" : at + end.length;
}
