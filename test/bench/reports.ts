// Compares the reader of reports with others from npm, on one large file full of output and one full of cases.

import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { SaxesParser } from "saxes";
import { readReport } from "../../src/report/read.ts";

/** How large the files are, in MiB. The limit of one report is 20. */
const size_mib = 19.5;
const rounds = Number(process.argv.find((word) => /^--rounds=\d+$/.test(word))?.slice(9) ?? 7);
/** A folder with `node_modules` in which the other readers are; without it only those of this project run. */
const peers = process.argv.find((word) => word.startsWith("--peers="))?.slice(8);

interface Reader {
  readonly name: string;
  /** Gives the number of failures it found, where it says so. */
  readonly read: (bytes: Buffer) => number | null | Promise<number | null>;
}

async function main(): Promise<void> {
  const readers = [...own, ...(peers === undefined ? [] : await others(peers))];
  for (const [name, make] of [
    ["full of output", outputHeavy],
    ["full of cases", caseHeavy],
  ] as const) {
    const bytes = make();
    console.log(`\n${name}: ${(bytes.length / 2 ** 20).toFixed(1)} MiB\n`);
    console.log(
      "| reader | best CPU time | median | left on the heap at most |\n|---|---|---|---|",
    );
    const times = new Map<string, number[]>(readers.map((reader) => [reader.name, []]));
    const memory = new Map<string, number>();
    // In turns, so that whatever else the machine does meets all alike.
    for (let round = 0; round < rounds; round += 1)
      for (const { name: who, read } of readers) {
        globalThis.gc?.();
        const before = process.memoryUsage();
        const since = process.cpuUsage();
        await read(bytes);
        const { user, system } = process.cpuUsage(since);
        times.get(who)?.push((user + system) / 1_000);
        const { heapUsed, external } = process.memoryUsage();
        const grown = (heapUsed + external - before.heapUsed - before.external) / 2 ** 20;
        memory.set(who, Math.max(memory.get(who) ?? 0, grown));
      }
    for (const [who, all] of times) {
      const sorted = all.toSorted((a, b) => a - b);
      const at = (index: number) => `${(sorted[index] ?? 0).toFixed(0)} ms`;
      console.log(
        `| ${who} | ${at(0)} | ${at(Math.floor(sorted.length / 2))} | ${(memory.get(who) ?? 0).toFixed(0)} MiB |`,
      );
    }
  }
}

const own: readonly Reader[] = [
  {
    name: "Interlock",
    read(bytes) {
      const reading = readReport({ path: "a.xml", bytes, root: "/w" });
      if (reading.kind !== "read") throw new Error(JSON.stringify(reading));
      return reading.counts.failed;
    },
  },
  {
    name: "saxes, events alone",
    read(bytes) {
      const parser = new SaxesParser();
      let failed = 0;
      parser.on("opentag", ({ name }) => {
        if (name === "failure") failed += 1;
      });
      parser.write(bytes.toString()).close();
      return failed;
    },
  },
];

/** Each as its own documentation says. */
async function others(folder: string): Promise<readonly Reader[]> {
  const require = createRequire(pathToFileURL(join(folder, "package.json")));
  const load = async (name: string) =>
    (await import(pathToFileURL(require.resolve(name)).href)) as Record<string, never>;
  const found: Reader[] = [];
  const add = async (name: string, make: (module: never) => Reader["read"]) => {
    try {
      const module = await load(name);
      found.push({ name, read: make(("default" in module ? module.default : module) as never) });
    } catch (error) {
      console.error(`${name} is left out: ${String(error).split("\n")[0]}`);
    }
  };
  await add("junit2json", (module: { parse(text: string): Promise<unknown> }) => async (bytes) => {
    await module.parse(bytes.toString());
    return null;
  });
  await add(
    "fast-xml-parser",
    (module: { XMLParser: new (options: object) => { parse(text: Buffer): unknown } }) =>
      (bytes) => {
        new module.XMLParser({ ignoreAttributes: false }).parse(bytes);
        return null;
      },
  );
  await add("xml2js", (module: { parseStringPromise(text: string): Promise<unknown> }) => {
    return async (bytes) => {
      await module.parseStringPromise(bytes.toString());
      return null;
    };
  });
  await add("sax", (module: { parser(strict: boolean): SaxLike }) => (bytes) => {
    let failed = 0;
    const parser = module.parser(true);
    parser.onopentag = ({ name }) => {
      if (name === "failure") failed += 1;
    };
    parser.write(bytes.toString()).close();
    return failed;
  });
  await add("htmlparser2", (module: { Parser: Html }) => (bytes) => {
    let failed = 0;
    const onopentag = (name: string) => {
      if (name === "failure") failed += 1;
    };
    const parser = new module.Parser({ onopentag }, { xmlMode: true });
    parser.write(bytes.toString());
    parser.end();
    return failed;
  });
  await add("txml", (module: { parse(text: string): unknown }) => (bytes) => {
    module.parse(bytes.toString());
    return null;
  });
  await add("node-expat", (module: { Parser: new (encoding: string) => Expat }) => (bytes) => {
    let failed = 0;
    const parser = new module.Parser("UTF-8");
    parser.on("startElement", (name) => {
      if (name === "failure") failed += 1;
    });
    parser.write(bytes);
    return failed;
  });
  return found;
}

interface SaxLike {
  onopentag: (tag: { name: string }) => void;
  write(text: string): SaxLike;
  close(): void;
}
type Html = new (
  handler: { onopentag(name: string): void },
  options: { xmlMode: boolean },
) => { write(text: string): void; end(): void };
interface Expat {
  on(event: "startElement", hear: (name: string) => void): void;
  write(bytes: Buffer): void;
}

/** As an integration suite in Java leaves it: few tests, each with what its server has printed. */
function outputHeavy(): Buffer {
  const line = (at: number) =>
    `2026-11-27 12:00:${at % 60}.${at % 1000} DEBUG [main] c.a.shop.Cart - GET /api/v1/carts/${at}?x=1&amp;y=2 -> 200 in ${at % 90} ms\n`;
  return filled((at) => {
    const log = Array.from({ length: 1_000 }, (_, index) => line(at * 1_000 + index)).join("");
    const failure = at % 20 === 0 ? `<failure message="${at}">${trace(at)}</failure>` : "";
    const out =
      at % 2 === 0 ? `<![CDATA[${log.replaceAll("&amp;", "&")}]]>` : log.replaceAll(">", "&gt;");
    return `<testcase classname="com.acme.CartIT" name="case ${at}" time="1.${at % 1000}">${failure}<system-out>${out}</system-out></testcase>\n`;
  });
}

/** As unit tests leave it: one line a test, and now and then one that failed. */
function caseHeavy(): Buffer {
  return filled((at) => {
    const head = `<testcase classname="com.acme.shop.module${at % 97}.PriceTest" name="rounds ${at} to whole cents &amp; more" time="0.0${at % 1000}"`;
    return at % 200 === 0
      ? `${head}><failure message="expected &lt;1&gt; but was &lt;${at}&gt;" type="AssertionError">${trace(at)}</failure></testcase>\n`
      : `${head}/>\n`;
  });
}

function trace(at: number): string {
  return `AssertionError: ${at}\n\tat com.acme.shop.PriceTest.rounds(PriceTest.java:${at % 500})\n\tat org.junit.Runner.run(Runner.java:1)`;
}

function filled(one: (at: number) => string): Buffer {
  const parts = ['<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n<testsuite name="all">\n'];
  let bytes = 0;
  for (let at = 0; bytes < size_mib * 2 ** 20; at += 1) {
    const part = one(at);
    bytes += Buffer.byteLength(part);
    parts.push(part);
  }
  return Buffer.from(`${parts.join("")}</testsuite>\n</testsuites>\n`);
}

await main();
