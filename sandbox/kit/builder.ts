// Does the work of the pipelines' actions: what CodeBuild and CodeDeploy would do, as processes on this machine.

import { cp, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { EmbeddedAws } from "../aws/aws.ts";
import type { ActionRun, Execution } from "../aws/codepipeline/model.ts";
import type { Ending, ExecutionHandle } from "../aws/execution-handle.ts";
import type { AwsEvent } from "../aws/faults.ts";
import { blobOf, filesOf } from "../github/objects.ts";
import type { RepositoryHandle } from "../github/repository-handle.ts";
import { type Commands, openCommands, type Ran } from "./commands.ts";

export interface Builder {
  /** The commit that stands in production; null before the first deployment. */
  live(): string | null;
  close(): Promise<void>;
}

/** Every action that begins is worked on at once; only the commit decides how it ends. */
export function openBuilder(order: {
  readonly aws: EmbeddedAws;
  readonly shop: RepositoryHandle;
  readonly folder: string;
}): Builder {
  return new Workers(order);
}

/** Where CodeBuild puts the source of a pipeline, by which reports and logs name its files. */
const source_folder = "/codebuild/output/src2718281828/src";

const report = "reports/junit.xml";

class Workers implements Builder {
  readonly #aws: EmbeddedAws;
  readonly #shop: RepositoryHandle;
  readonly #folder: string;
  readonly #commands: Commands = openCommands();
  /** Folders with the files of a commit, by the execution. They stand for the artifacts that its actions hand on. */
  readonly #workspaces = new Map<string, Promise<string>>();
  readonly #working = new Set<Promise<void>>();
  #deployments = 0;
  #live: string | null = null;

  constructor(order: Parameters<typeof openBuilder>[0]) {
    this.#aws = order.aws;
    this.#shop = order.shop;
    this.#folder = order.folder;
    order.aws.events.deliverTo(async ({ event }) => this.#hear(event));
  }

  live(): string | null {
    return this.#live;
  }

  async close(): Promise<void> {
    this.#commands.close();
    await Promise.all(this.#working);
  }

  #hear({ "detail-type": type, detail }: AwsEvent): void {
    if (!type.startsWith("CodePipeline Action") || detail.state !== "STARTED") return;
    const execution = this.#aws
      .pipeline(String(detail.pipeline))
      .execution(String(detail["execution-id"]));
    const action = execution.data.actions.find(({ id }) => id === detail["action-execution-id"]);
    if (action === undefined) return;
    const work = this.#work(execution, action).finally(() => this.#working.delete(work));
    this.#working.add(work);
  }

  async #work(execution: ExecutionHandle, run: ActionRun): Promise<void> {
    const { kind, ending } = await this.#run(execution.data, run);
    // Somebody may have ended it meanwhile, such as with a change of the pipeline.
    if (run.status !== "InProgress") return;
    const named = { ...ending, action: run.declaration.name };
    execution[kind](run.stage.declaration.name, named);
  }

  async #run(execution: Execution, { declaration }: ActionRun): Promise<Ended> {
    switch (declaration.actionTypeId.category) {
      case "Build":
        return await this.#build(execution, ["build.js"]);
      case "Test":
        return await this.#build(execution, [
          "--test",
          "--test-reporter=junit",
          `--test-reporter-destination=${report}`,
        ]);
      case "Deploy":
        return await this.#deploy(execution);
      default:
        return { kind: "pass", ending: {} };
    }
  }

  async #build(execution: Execution, args: readonly string[]): Promise<Ended> {
    const folder = await this.#workspace(execution);
    const ran = await this.#commands.node({ folder, args, env: environmentOf(execution) });
    const there = (text: string) => text.replaceAll(folder, source_folder);
    const text = await ran.file(report);
    const command = `node ${args.join(" ")}`;
    return ended(ran, {
      log: [`[Container] Running command ${command}`, ...ran.lines.map(there)],
      files: text === null ? {} : { [report]: there(text) },
      // In CodeBuild's own words.
      message: `Build terminated with state: FAILED. Phase: BUILD, Code: COMMAND_EXECUTION_ERROR, Message: Error while executing command: ${command}. Reason: exit status ${ran.code}`,
    });
  }

  /** Production gets what was built and nothing else. */
  async #deploy(execution: Execution): Promise<Ended> {
    const built = await this.#workspace(execution.rollbackTarget ?? execution);
    this.#deployments += 1;
    const folder = join(this.#folder, "production", String(this.#deployments));
    for (const path of ["package.json", "deploy.js", "dist"])
      await cp(join(built, path), join(folder, path), { recursive: true });
    this.#live = shaOf(execution);
    const ran = await this.#commands.node({
      folder,
      args: ["deploy.js"],
      env: environmentOf(execution),
    });
    const why = ran.lines.findLast((line) => /^\w*Error\b/.test(line)) ?? "It does not start.";
    return ended(ran, { message: `The deployment failed: ${why.replaceAll(folder, "")}` });
  }

  #workspace(execution: Execution): Promise<string> {
    const made = this.#workspaces.get(execution.id) ?? this.#unpack(execution);
    this.#workspaces.set(execution.id, made);
    return made;
  }

  async #unpack(execution: Execution): Promise<string> {
    const folder = join(this.#folder, "builds", execution.id);
    const { store } = this.#shop.data;
    for (const [path, { sha }] of filesOf(store, shaOf(execution))) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), blobOf(store, sha));
    }
    return folder;
  }
}

interface Ended {
  readonly kind: "pass" | "fail";
  readonly ending: Ending;
}

function ended({ code }: Ran, { message, ...left }: Ending): Ended {
  if (code === 0) return { kind: "pass", ending: left };
  return { kind: "fail", ending: { ...left, code: "JobFailed", ...(message && { message }) } };
}

function shaOf({ revisions }: Execution): string {
  const [revision] = revisions.values();
  if (revision === undefined) throw new Error("an action works without a source");
  return revision.id;
}

/** Projects of CodeBuild take the pipeline's variables on under names of their own. */
function environmentOf({ variables }: Execution): Record<string, string> {
  const sha = variables.find(({ name }) => name === "sha")?.value;
  return { INTERLOCK_SHA: sha ?? "" };
}
