// Whether a pipeline can be started for exactly one commit, and by which of its sources.

import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Source, Structure } from "./structure.ts";

export type Chosen =
  | { readonly kind: "chosen"; readonly source: Source }
  | { readonly kind: "refused"; readonly why: string };

type Spec = Pick<CodePipelinePart, "pipeline" | "source">;

/** Each refusal says what to change. */
export function chooseSource(spec: Spec, structure: Structure): Chosen {
  const old = oldType(spec, structure);
  return old === null ? findSource(spec, structure) : refuse(old);
}

/** Null where the type is new enough. */
export function oldType({ pipeline }: Spec, { type }: Structure): string | null {
  if (type === "V2") return null;
  return `The pipeline ${pipeline} is of type V1, which cannot be started for a commit. Change its type to V2 (\`pipelineType: V2\`).`;
}

/** Null where only Interlock starts it. */
export function startsItself({ pipeline }: Spec, source: Source): string | null {
  const begin = `The pipeline ${pipeline} also starts by itself on a push, so that each commit would run twice.`;
  switch (source.startsBy) {
    case "nothing":
      return null;
    case "trigger":
      return `${begin} Remove the trigger of its source action ${source.name} and set DetectChanges to "false" there.`;
    case "DetectChanges":
    case "PollForSourceChanges":
      return `${begin} Set ${source.startsBy} to "false" in its source action ${source.name}.`;
  }
}

export function findSource({ pipeline, source }: Spec, { sources }: Structure): Chosen {
  const names = sources.map(({ name }) => name).join(", ");
  if (sources.length === 0)
    return refuse(`The pipeline ${pipeline} has no source action that could take the commit.`);
  const named = sources.filter(({ name }) => source === null || name === source);
  const [only, ...more] = named;
  if (only === undefined)
    return refuse(
      `The pipeline ${pipeline} has no source action ${source}; it has ${names}. Correct \`source\` in the plan.`,
    );
  if (more.length > 0)
    return refuse(
      `The pipeline ${pipeline} has several source actions (${names}). Say with \`source\` in the plan which of them takes the commit.`,
    );
  if (commitless.has(only.provider))
    return refuse(
      `The source action ${only.name} of the pipeline ${pipeline} takes no commit: it reads from ${only.provider}. Name another one with \`source\` in the plan.`,
    );
  return { kind: "chosen", source: only };
}

/** Sources whose revisions are no commits. docs.aws.amazon.com/codepipeline/latest/userguide/pipelines-trigger-source-overrides.html */
const commitless = new Set(["S3", "ECR"]);

function refuse(why: string): Extract<Chosen, { kind: "refused" }> {
  return { kind: "refused", why };
}
