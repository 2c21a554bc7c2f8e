// Reads JUnit XML, in all the dialects that runners write, as a stream.

import { SaxesParser } from "saxes";
import { limit } from "../core/model/limit.ts";
import type { FileReading } from "../core/model/report.ts";
import { broken, Refusal, type ReportFile } from "./file.ts";
import { JUnitReader } from "./junit-reader.ts";
import { plainElements } from "./xml-plain.ts";
import { xmlText } from "./xml-text.ts";

/**
 * A report without any test is read, with counts of zero: whether that may pass is for the
 * decision, which knows what the stage promised.
 * @param file Its bytes are UTF-8.
 */
export function readJUnit(file: ReportFile): FileReading {
  // The bytes are known to be XML 1.0 text, whatever version the declaration claims.
  const parser = new SaxesParser({
    xmlns: false,
    position: false,
    defaultXMLVersion: "1.0",
    forceXMLVersion: true,
  });
  const reader = new JUnitReader(file.root);
  let attributes = 0;
  parser.on("error", (error) => {
    throw new Refusal(`is not well-formed XML: ${error.message}`);
  });
  parser.on("doctype", () => {
    throw new Refusal("has a DOCTYPE, which no test report needs");
  });
  parser.on("opentagstart", () => {
    attributes = 0;
  });
  parser.on("attribute", () => {
    attributes += 1;
    if (attributes > limit.report.attributes)
      throw new Refusal("has an element with too many attributes");
  });
  parser.on("opentag", (tag) => reader.open(tag.name, tag.attributes));
  parser.on("closetag", () => reader.close());
  parser.on("text", (text) => reader.text(text));
  parser.on("cdata", (text) => reader.text(text));
  parser.on("comment", (text) => reader.comment(text));

  // Throwing is the only way to stop the parser; the refusal does not leave this function.
  try {
    const plain = plainElements({
      element(name, attributes) {
        reader.open(name, attributes);
        reader.close();
      },
      rest: (text) => parser.write(text),
    });
    for (const text of xmlText(file.bytes)) plain.write(text);
    plain.end();
    parser.close();
  } catch (error) {
    if (error instanceof Refusal) return broken(file.path, `${error.why} (line ${parser.line})`);
    throw error;
  }
  return { kind: "read", path: file.path, format: "junit", ...reader.result() };
}
