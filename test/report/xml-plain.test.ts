// Taking plain elements out before the parser changes nothing of what a report says.

import fc from "fast-check";
import { expect, test } from "vitest";
import { readJUnit } from "../../src/report/junit.ts";
import { plainElements } from "../../src/report/xml-plain.ts";

/** What is handed on, in its order, with neighbouring text as one. */
function outletsOf(...pieces: readonly string[]): readonly (string | readonly [string, object])[] {
  const handed: (string | readonly [string, object])[] = [];
  const plain = plainElements({
    element: (name, attributes) => handed.push([name, attributes]),
    rest(text) {
      const last = handed.at(-1);
      if (typeof last === "string") handed[handed.length - 1] = last + text;
      else if (text !== "") handed.push(text);
    },
  });
  for (const piece of pieces) plain.write(piece);
  plain.end();
  return handed;
}

test.each([
  ["<testcase/>", ["testcase", {}]],
  ['<testcase name="a" time="0.1"/>', ["testcase", { name: "a", time: "0.1" }]],
  ['<testcase\n  name="a b"\n/>', ["testcase", { name: "a b" }]],
  ['<testcase name="a"></testcase>', ["testcase", { name: "a" }]],
  ['<property name="a" value=""/>', ["property", { name: "a", value: "" }]],
  [
    '<failure message="&lt;1&gt; &amp;amp; &quot;&apos;"/>',
    ["failure", { message: "<1> &amp; \"'" }],
  ],
  ['<skipped message="größer \u{1f600} >"/>', ["skipped", { message: "größer \u{1f600} >" }]],
])("%s is plain", (text, element) => {
  expect(outletsOf(text)).toEqual([element]);
});

test.each([
  ["single quotes", "<testcase name='a'/>"],
  ["a number for a character", '<testcase name="&#65;"/>'],
  ["an entity that XML does not have", '<testcase name="&nbsp;"/>'],
  ["a bare ampersand", '<testcase name="a & b"/>'],
  ["a name that is there twice", '<testcase name="a" name="b"/>'],
  ["a line break that XML makes a blank", '<testcase name="a\nb"/>'],
  ["a tag within a value", '<testcase name="<"/>'],
  ["a character that XML does not have", '<testcase name="\u0001\ufffe"/>'],
  ["no blank between attributes", '<testcase name="a"time="1"/>'],
  ["content", '<testcase name="a"> </testcase>'],
  ["another element's end", '<testcase name="a"></failure>'],
  ["a longer name", '<testcases name="a"/>'],
  ["a comment around it", "<!-- <testcase/> -->"],
  ["a section around it", "<![CDATA[<testcase/>]]>"],
  ["an instruction around it", "<?x <testcase/> ?>"],
  ["a value around it", "<a b='<testcase/>'/><testcase/>"],
  ["a type of document before it", "<!DOCTYPE a [<testcase/>]><testcase/>"],
  ["a tag before it that has no end", "<a <testcase/>"],
  ["no end", '<testcase name="a"'],
])("an element with %s is for the parser", (_, text) => {
  expect(outletsOf(text)).toEqual([text]);
});

/** Pieces of reports, whole and broken, with values that any quotes can hold. */
const values = fc.oneof(
  fc.constantFrom(
    "a",
    "b",
    "&amp;",
    "&lt;x&gt;",
    "&#65;",
    "&nope;",
    "a & b",
    "<",
    "\u0001",
    "ü\u{1f600}",
    "0.5",
    "failed",
    "]]>",
    "\n",
  ),
  fc.string({ maxLength: 4 }).map((text) => text.replace(/["']/g, "")),
);
const attributes = fc
  .array(
    fc.tuple(fc.constantFrom("name", "classname", "time", "status", "message", "type"), values),
    {
      maxLength: 3,
    },
  )
  .map((all) => all.map(([name, value]) => ` ${name}=QQ${value}QQ`).join(""));
const token = fc.oneof(
  { weight: 6, arbitrary: attributes.map((text) => `<testcase${text}/>`) },
  { weight: 2, arbitrary: attributes.map((text) => `<testcase${text}></testcase>`) },
  {
    weight: 3,
    arbitrary: attributes.map((text) => `<testcase${text}><failure${text}/></testcase>`),
  },
  {
    weight: 2,
    arbitrary: attributes.map((text) => `<testcase><error${text}>at a.js:3</error></testcase>`),
  },
  attributes.map((text) => `<testcase${text}><skipped${text}/></testcase>`),
  attributes.map((text) => `<properties><property${text}/></properties>`),
  attributes.map((text) => `<testsuite${text}><testcase${text}/></testsuite>`),
  attributes.map((text) => `<system-out>${text}</system-out>`),
  fc.constantFrom(
    "\n",
    "text",
    "<!-- <testcase/> -->",
    "<![CDATA[<testcase/>]]>",
    "<?x <testcase/> ?>",
  ),
  fc.constantFrom(
    "<testcase/>",
    "</testcase>",
    "<testcase>",
    "<failure>",
    "</failure>",
    "<!--",
    "<",
    "<!DOCTYPE a>",
  ),
);
const document = fc
  .array(token, { maxLength: 12 })
  .map((tokens) => `<testsuites><testsuite name=QQsQQ>${tokens.join("")}</testsuite></testsuites>`);

test("a report in double quotes says what it says in single ones, which are all for the parser", () => {
  const read = (text: string) => {
    const reading = readJUnit({ path: "a.xml", bytes: Buffer.from(text), root: "/w" });
    // Where the parser stopped is told as far as it has read.
    return reading.kind === "broken" ? "broken" : reading;
  };
  let usable = 0;
  fc.assert(
    fc.property(document, (text) => {
      const plain = read(text.replaceAll("QQ", '"'));
      expect(plain).toEqual(read(text.replaceAll("QQ", "'")));
      if (plain !== "broken") usable += 1;
    }),
    { numRuns: 3_000 },
  );
  // Else it would say nothing.
  expect(usable).toBeGreaterThan(500);
});

test("wherever a report is cut into pieces, the same is handed on", () => {
  fc.assert(
    fc.property(document, fc.array(fc.nat(400), { maxLength: 6 }), (marked, cuts) => {
      // Cut between its two tags a plain element is for the parser, which reads the same in it.
      const text = marked.replaceAll("QQ", '"').replaceAll("></", "> </");
      const places = [
        0,
        ...cuts.filter((at) => at < text.length).sort((a, b) => a - b),
        text.length,
      ];
      const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
      const whole = outletsOf(text);
      const cut = outletsOf(...pieces);
      const flat = (all: typeof whole) =>
        all
          .filter((one) => typeof one === "string")
          .join("")
          .replace(/\s/g, "");
      expect(flat(cut) + JSON.stringify(cut.filter((one) => typeof one !== "string"))).toEqual(
        flat(whole) + JSON.stringify(whole.filter((one) => typeof one !== "string")),
      );
    }),
    { numRuns: 2_000 },
  );
});

test("a text without end is handed on, and costs no more than its length", () => {
  const long = "x".repeat(300_000);
  const pieces = Array.from({ length: 20 }, () => long);
  expect(outletsOf("<a><![CDATA[", ...pieces, "]]></a>").join("")).toHaveLength(
    "<a><![CDATA[]]></a>".length + 20 * long.length,
  );
});
