// Artifacts of actions: zip files in the pipeline's bucket, under short random keys as AWS makes them.
import { createHash } from "node:crypto";
import type { World } from "../model.ts";
import { putObject } from "../s3/objects.ts";
import { zip } from "../zip.ts";
import type { ActionRun } from "./model.ts";

export function storeArtifact(
  world: World,
  run: ActionRun,
  artifact: { name: string; files: Readonly<Record<string, string | Uint8Array>> },
): void {
  const { execution } = run.stage;
  const bucket = execution.declaration.artifactStore?.location ?? "";
  const random = createHash("sha256")
    .update(`${run.id} ${artifact.name}`)
    .digest("hex")
    .slice(0, 7);
  const key = `${execution.pipeline.name.slice(0, 20)}/${artifact.name.slice(0, 10)}/${random}`;
  putObject(world, { bucket, key, body: zip(artifact.files), contentType: "application/zip" });
  execution.artifacts.set(artifact.name, { bucket, key });
  run.outputs = [
    ...run.outputs.filter(({ name }) => name !== artifact.name),
    { name: artifact.name, bucket, key },
  ];
}
