// ARNs and links of CodePipeline.
import type { Pipeline } from "./model.ts";

/** Without a "pipeline:" prefix, unlike most services. */
export function pipelineArn(of: { region: string; account: string; name: string }): string {
  return `arn:aws:codepipeline:${of.region}:${of.account}:${of.name}`;
}

export function consoleUrl({ region, name }: Pipeline): string {
  return `https://${region}.console.aws.amazon.com/codesuite/codepipeline/pipelines/${name}/view?region=${region}`;
}
