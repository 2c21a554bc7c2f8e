// Files that people keep in step by hand. Each failure says what to paste where.

import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { commandTable } from "../src/core/model/command.ts";
import { limit } from "../src/core/model/limit.ts";
import { eventNeeds, neededPermissions, routeNeeds } from "../src/github/permission.ts";
import { subscribed, unasked } from "../src/github/webhook.ts";
import { settingTable } from "../src/settings.ts";

function read(path: string): string {
  return readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
}

const app = parse(read("app.yml")) as {
  readonly default_events: readonly string[];
  readonly default_permissions: Readonly<Record<string, string>>;
};

// ---------------------------------------------------------------- app.yml

test("app.yml asks for the events that are read, and for no others", () => {
  expect(app.default_events, "default_events of app.yml = `subscribed` of webhook.ts").toEqual(
    [...subscribed].sort(),
  );
  for (const event of unasked)
    expect(app.default_events, `GitHub refuses a manifest that asks for ${event}`).not.toContain(
      event,
    );
});

test("every request to GitHub says which permission it needs", () => {
  const requested = readdirSync(new URL("../src/github", import.meta.url))
    .flatMap((file) => [...read(`src/github/${file}`).matchAll(/\brequest\(\s*"([^"]+)"/g)])
    .map(([, route]) => route ?? "");
  expect(requested.length).toBeGreaterThan(10);
  expect(
    Object.keys(routeNeeds).sort(),
    "`routeNeeds` of src/github/permission.ts = the requests in src/github",
  ).toEqual([...new Set(requested)].sort());
});

test("every request to GitHub is one that GitHub describes", () => {
  const { paths } = JSON.parse(read("test/contracts/github.json")) as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  const unknown = Object.keys(routeNeeds).filter((route) => {
    const [method = "", path = ""] = route.split(" ");
    return paths[path]?.[method.toLowerCase()] === undefined;
  });
  expect(unknown).toEqual([]);
});

test("app.yml asks for the permissions that are needed, and for no more", () => {
  const wanted = neededPermissions;
  expect(
    app.default_permissions,
    `default_permissions of app.yml:\n${Object.entries(wanted)
      .map(([permission, level]) => `  ${permission}: ${level}`)
      .join("\n")}`,
  ).toEqual(wanted);
  expect(Object.keys(eventNeeds).sort()).toEqual([...subscribed].sort());
});

// ---------------------------------------------------------------- documents

/** The first table of a document whose head has these words. */
function tableIn(path: string, head: string): readonly string[] {
  const lines = read(path).split("\n");
  const start = lines.findIndex((line) => line.startsWith("|") && line.includes(head));
  if (start < 0) return [];
  const end = lines.findIndex((line, at) => at > start && !line.startsWith("|"));
  return lines.slice(start + 2, end < 0 ? undefined : end);
}

function expectTable(path: string, head: string, rows: readonly string[]): void {
  expect(tableIn(path, head), `Paste into ${path}:\n\n${rows.join("\n")}\n`).toEqual(rows);
}

test("the README lists every setting", () => {
  expectTable(
    "README.md",
    "setting",
    settingTable.map(({ name, says }) => `| \`${name}\` | ${says} |`),
  );
});

test("docs/commands.md lists every command", () => {
  expectTable(
    "docs/commands.md",
    "what it does",
    commandTable.map(
      ({ usage, help, roles }) => `| \`/interlock ${usage}\` | ${help} | ${roles.join(", ")} |`,
    ),
  );
  const examples = commandTable.flatMap((row) => row.examples);
  expect(read("docs/commands.md"), "The examples of the table stand in a block").toContain(
    `\`\`\`\n${examples.join("\n")}\n\`\`\``,
  );
});

test("docs/commands.md tells how many commands of a comment are read", () => {
  const words = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"];
  expect(read("docs/commands.md")).toContain(
    `At most ${words[limit.command.per_comment]} commands of one comment are read.`,
  );
});

test("links between documents lead somewhere", () => {
  const documents = [
    "README.md",
    "CHANGELOG.md",
    ...readdirSync(new URL("../docs", import.meta.url)).map((file) => `docs/${file}`),
  ];
  const broken = documents.flatMap((path) =>
    [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)(?:#([^)]+))?\)/g)].flatMap(
      ([, target = "", anchor]) => {
        const at = new URL(target, new URL(`../${path}`, import.meta.url));
        try {
          const text = readFileSync(at, "utf8");
          const slugs = [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) => slugOf(title));
          return anchor === undefined || slugs.includes(anchor) ? [] : [`${path}: #${anchor}`];
        } catch {
          return [`${path}: ${target}`];
        }
      },
    ),
  );
  expect(broken).toEqual([]);
});

/** As GitHub makes anchors of headings. */
function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replaceAll(" ", "-");
}
