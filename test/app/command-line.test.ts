// What the program answers to the words behind it, as a person types them.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { type Environment, projectFolder, spawnProgram, temporaryFolder } from "./process.ts";
import { openWorld, type World } from "./world.ts";

async function call(words: readonly string[], environment: Environment = {}, folder?: string) {
  await using program = spawnProgram(environment, {
    command: [process.execPath, join(projectFolder, "src/main.ts"), ...words],
    ...(folder !== undefined && { folder }),
  });
  const { code } = await program.exited;
  expect(program.output, "no stack for a person").not.toMatch(/\n\s+at /);
  return { code, output: program.output };
}

test.each([[["--help"]], [["-h"]], [["help"]]])("%s lists every command", async (words) => {
  const { code, output } = await call(words);
  expect(code).toBe(0);
  const manifest = await readFile(join(projectFolder, "package.json"), "utf8");
  const { scripts } = JSON.parse(manifest) as {
    readonly scripts: Readonly<Record<string, string>>;
  };
  const ours = Object.entries(scripts).filter(([, line]) => line.includes("src/main.ts"));
  expect(ours.length).toBeGreaterThan(4);
  for (const [name] of ours)
    expect(output).toContain(name === "start" ? "npm start" : `npm run ${name}`);
});

test.each([
  [["nonsense"], "has no command “nonsense”"],
  [["explian"], "Did you mean npm run explain?"],
  [["Audit"], "Did you mean npm run audit?"],
  [["--nonsense"], "npm start has no option --nonsense"],
  [["explain"], "needs a subject"],
  [["explain", "acme/shop"], "“acme/shop” names no subject"],
  [["explain", "shop#12"], "names no subject"],
  [["explain", "acme/shop#0"], "names no subject"],
  [["explain", "acme/shop#twelve"], "names no subject"],
  [["explain", "acme/shop@main"], "names no subject"],
  [["explain", "acme/shop#1", "acme/shop#2"], "is too much"],
  [["explain", "--pull", "1"], "has no option --pull"],
  [["audit", "--sinse", "2026-11-27"], "Did you mean --since?"],
  [["audit", "--since"], "--since needs a value"],
  [["audit", "--since", "--repository", "acme/shop"], "--since needs a value"],
  [["audit", "--since", "yesterday"], "must be a date"],
  [["audit", "--repository", "acme"], "OWNER/NAME"],
  [["audit", "today"], "takes no “today”"],
  [["restored", "--dry-run"], "has no option --dry-run"],
  [["setup", "now"], "takes no “now”"],
])("%j is answered with a sentence, and with exit code 2", async (words, sentence) => {
  const { code, output } = await call(words);
  expect(output).toContain(sentence);
  expect(code).toBe(2);
});

test.each(["explain", "audit", "restored", "setup"])("%s says what it takes", async (name) => {
  const { code, output } = await call([name, "--help"]);
  expect(code).toBe(0);
  expect(output).toContain(`npm run ${name}`);
});

test.each(["explain acme/shop#1", "audit", "restored"])(
  "%s says where it looked where no store is, and makes none",
  async (words) => {
    await using folder = await temporaryFolder();
    const { code, output } = await call(words.split(" "), {}, folder.path);
    expect(output).toContain(`INTERLOCK_DATA_DIR: there is no store in ${folder.path}/data`);
    expect(code).toBe(1);
    expect(await readdir(folder.path)).toEqual([]);
  },
);

/** A pull request that was looked at. Returns its number. */
async function judged(world: World): Promise<{ readonly number: number; readonly sha: string }> {
  await world.start();
  world.shop.commit({ branch: "change", files: { "docs/a.md": "1" } });
  const { number, head } = world.shop.openPull({ head: "change" }).data;
  await eventually("the gate", () => world.shop.checks(head.sha).get("interlock")?.conclusion);
  return { number, sha: head.sha };
}

test("explain takes a subject in whatever case, and as its address in the browser", async () => {
  await using world = await openWorld();
  const { number } = await judged(world);
  for (const name of [
    `acme/shop#${number}`,
    `ACME/Shop#${number}`,
    `pull:acme/shop#${number}`,
    `https://github.com/acme/shop/pull/${number}/files`,
  ]) {
    const { code, output } = await call(["explain", name], world.environment);
    expect(output).toContain(`pull:acme/shop#${number} at `);
    expect(output).toContain("verdict  ");
    expect(code).toBe(0);
  }
  for (const [name, sentence] of [
    ["acme/shop#4711", "has not looked at #4711 of acme/shop"],
    ["acme/other#1", "knows no repository acme/other"],
    ["Acme/Shop@0123456789abcdef0123456789abcdef01234567:main", "of acme/shop"],
  ] as const) {
    const { code, output } = await call(["explain", name], world.environment);
    expect(output).toContain(sentence);
    expect(code).toBe(1);
  }
  const { code, output } = await call(["audit", "--repository", "Acme/SHOP"], world.environment);
  expect(code).toBe(0);
  for (const line of output.trim().split("\n").filter(Boolean))
    expect(JSON.parse(line)).toMatchObject({ repository: "acme/shop" });
});
