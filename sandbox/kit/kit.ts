// What an engine brings along so that the scenarios run on it: the sample's plan, its settings, and its words.

import type { CodePipelineKit } from "./codepipeline.ts";
import type { LocalKit } from "./local.ts";

export const engineNames = ["local", "codepipeline"] as const;
export type EngineName = (typeof engineNames)[number];

export type Kit = LocalKit | CodePipelineKit;

/** For scenarios that run there alone. */
export function codePipelineOf(kit: Kit): CodePipelineKit {
  if (kit.engine !== "codepipeline") throw new Error(`this is no scenario of ${kit.engine}`);
  return kit;
}
