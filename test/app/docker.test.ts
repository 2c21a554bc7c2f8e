// No Docker engine is at hand, so the image's commands are carried out in a fresh folder.

import { execFile } from "node:child_process";
import { chmod, chown, cp, mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { copyContext, readStages, type Stage, type Step } from "./dockerfile.ts";
import { eventually } from "./eventually.ts";
import { projectFolder, spawnProgram } from "./process.ts";
import { path as hookPath, secret } from "./webhook.ts";
import { openWorld, planOf } from "./world.ts";

const run = promisify(execFile);
const nobody = 65_534;

test("what the image is made of installs, starts, is healthy and does its work", async () => {
  const files = { ".github/interlock.yml": planOf({ test: "true" }) };
  await using world = await openWorld({ store: "pglite", files });
  const stages = readStages(join(projectFolder, "Dockerfile"));
  expect(stages.map(({ image }) => image)).toEqual(["node:24-slim", "node:24-slim"]);
  const [context, ...roots] = ["context", "first", "second"].map((name) =>
    join(world.folder, name),
  );
  if (context === undefined) throw new Error("There is no context");
  await copyContext(projectFolder, context);
  const sent = await readdir(context);
  expect(sent.sort()).toEqual(["LICENSE", "app.yml", "package-lock.json", "package.json", "src"]);
  expect(await readdir(join(context, "src"))).not.toContain("sandbox");

  const rootOf = (name: string) => roots[stages.findIndex((stage) => stage.name === name)] ?? "";
  for (const [index, stage] of stages.entries())
    await build(stage, { context, root: roots[index] ?? "", rootOf });
  const [, image] = stages;
  const root = roots[1] ?? "";
  const last = <K extends Step["kind"]>(kind: K) => {
    const step = image?.steps.findLast((one) => one.kind === kind);
    if (step === undefined) throw new Error(`The image has no ${kind}`);
    return step as Extract<Step, { kind: K }>;
  };
  expect(last("user")).toMatchObject({ value: "node" });
  expect(last("env")).toEqual({
    kind: "env",
    values: { HOST: "0.0.0.0", INTERLOCK_DATA_DIR: "/data" },
  });
  expect(last("volume")).toMatchObject({ value: "/data" });

  // Like the image's user, the program may write nowhere but into its data.
  const data = join(root, "data");
  await mkdir(data);
  const asRoot = process.getuid?.() === 0;
  if (asRoot) {
    await chown(data, nobody, nobody);
    for (const folder of [world.folder, root]) await chmod(folder, 0o755);
  }
  // `node` is a development dependency here and the base of the image there. The copy lies where
  // any user may go.
  const node = join(root, "node");
  await cp(process.execPath, node);
  const withNode = ([file, ...args]: Command): Command => {
    expect(file).toBe("node");
    return [node, ...args];
  };
  await using program = spawnProgram(
    { ...world.environment, INTERLOCK_DATA_DIR: data },
    {
      folder: join(root, last("workdir").value),
      command: withNode(last("cmd").command),
      ...(asRoot && { user: nobody }),
    },
  );
  const { port } = await program.said("Interlock is listening");

  const [probe, ...with_] = withNode(last("healthcheck").command);
  await run(probe, with_, { env: { PORT: String(port) } });
  await expect(run(probe, with_, { env: { PORT: "9" } })).rejects.toMatchObject({ code: 1 });
  world.github.sendWebhooksTo({ url: `http://127.0.0.1:${port}${hookPath}`, secret });
  world.shop.commit({ branch: "change", files: { "a.txt": "a\n" } });
  const pull = world.shop.openPull({ head: "change" });
  await eventually("green gate", () => pull.check("interlock")?.conclusion === "success");
  expect(await program.terminate()).toEqual({ code: 0, signal: null });
  expect(program.log.filter(({ level }) => level >= 50)).toEqual([]);
});

type Command = readonly [string, ...string[]];

interface Place {
  readonly context: string;
  readonly root: string;
  readonly rootOf: (stage: string) => string;
}

/** Carries out what changes files. A folder of the image is one below `root`. */
async function build(stage: Stage, { context, root, rootOf }: Place): Promise<void> {
  let folder = root;
  for (const step of stage.steps)
    switch (step.kind) {
      case "workdir":
        folder = join(root, step.value);
        await mkdir(folder, { recursive: true });
        break;
      case "copy": {
        const to = step.paths.at(-1) ?? "";
        const from = step.from === null ? context : rootOf(step.from);
        for (const path of step.paths.slice(0, -1))
          await cp(join(from, path), to.endsWith("/") ? join(folder, to, path) : join(folder, to), {
            recursive: true,
            verbatimSymlinks: true,
          });
        break;
      }
      case "run":
        if (step.command.startsWith("npm ")) {
          const env = { ...process.env, npm_config_prefer_offline: "true" };
          await run("npm", step.command.split(" ").slice(1), { cwd: folder, env });
        } else if (step.command.startsWith("apt-get "))
          expect(step.command).toMatch(
            / install -y --no-install-recommends bubblewrap +&& rm -rf /,
          );
        else expect(step.command).toBe("install -d -o node -g node /data");
        break;
    }
}
