// What `npm run sandbox -- --engine codepipeline --stay` says to try at AWS's command line: every line of it is run here.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CodePipelineClient,
  GetPipelineStateCommand,
  ListPipelineExecutionsCommand,
} from "@aws-sdk/client-codepipeline";
import { expect, onTestFinished, test } from "vitest";
import { createGitHub } from "../../sandbox/github/github.ts";
import { kits } from "../../sandbox/kit/kits.ts";
import { serviceFiles } from "../../sandbox/service.ts";

const commands: Readonly<Record<string, (input: object) => object>> = {
  "get-pipeline-state": (input) => new GetPipelineStateCommand(input as { name: string }),
  "list-pipeline-executions": (input) =>
    new ListPipelineExecutionsCommand(input as { pipelineName: string }),
};

/** `--pipeline-name` → `pipelineName`. */
function camel(text: string): string {
  return text.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

test("every AWS line that the sandbox prints is answered", async () => {
  const folder = await mkdtemp(join(tmpdir(), "interlock-guide-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const files = serviceFiles(kits.codepipeline.plan);
  const shop = createGitHub({}).createRepository({ owner: "acme", name: "shop", files });
  const kit = await kits.codepipeline.open({ shop, folder });
  onTestFinished(() => kit.close());

  const lines = kit.guide.split("\n").map((line) => line.trim());
  const environment = Object.fromEntries(
    lines
      .filter((line) => line.startsWith("export "))
      .flatMap((line) => line.slice("export ".length).split(" "))
      .map((pair) => pair.split("=") as [string, string]),
  );
  const client = new CodePipelineClient({
    endpoint: environment.AWS_ENDPOINT_URL ?? "",
    region: environment.AWS_REGION ?? "",
    credentials: {
      accessKeyId: environment.AWS_ACCESS_KEY_ID ?? "",
      secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? "",
    },
  });
  onTestFinished(() => client.destroy());

  const said = lines.filter((line) => line.startsWith("aws "));
  expect(said.length).toBeGreaterThan(1);
  for (const line of said) {
    const [, service, operation = "", ...options] = line.split(" ");
    expect(service).toBe("codepipeline");
    const input = Object.fromEntries(
      options.flatMap((word, at) =>
        word.startsWith("--") ? [[camel(word.slice(2)), options[at + 1]]] : [],
      ),
    );
    const command = commands[operation]?.(input);
    if (command === undefined) expect.fail(`This test does not know ${operation}: add it.`);
    const answer = await client.send(command as GetPipelineStateCommand);
    expect(answer.$metadata.httpStatusCode, line).toBe(200);
  }
  // Nothing else is said than comments, variables and these.
  const others = lines.filter((line) => !/^(?:#|export |aws |$)/.test(line));
  expect(others).toEqual([]);
});
