// What an engine brings along so that the stories can be told on it: the sample's plan, its settings, and its words.

import type { RepositoryHandle } from "../github/repository-handle.ts";
import type { CodePipelineKit } from "./codepipeline.ts";
import type { LocalKit } from "./local.ts";

export const engineNames = ["local", "codepipeline"] as const;
export type EngineName = (typeof engineNames)[number];

export type Kit = LocalKit | CodePipelineKit;

export interface KitBasics {
  /** What Interlock's environment has because of this engine. */
  readonly environment: Readonly<Record<string, string>>;
  /** The stages before the merge, by the names that the plan gives them. */
  readonly stages: { readonly build: string; readonly test: string };
  /** Whether a stop ends what runs, or lets it finish and begins nothing more. */
  readonly stopping: "ends" | "lets finish";
  /** Lines about what runs beside GitHub and Interlock. */
  readonly introduction: readonly string[];
  /** What to try by hand; empty where there is nothing. */
  readonly guide: string;
  /** What has to hold at the end whatever was told. */
  behind(): readonly Promised[];
  close(): Promise<void>;
}

export interface Promised {
  readonly sentence: string;
  readonly holds: boolean;
  /** What stands where it does not hold. */
  readonly instead: string;
}

export interface KitOrder {
  readonly shop: RepositoryHandle;
  /** For whatever it keeps. Removed by whoever made it. */
  readonly folder: string;
}

/** For stories that are told there alone. */
export function codePipelineOf(kit: Kit): CodePipelineKit {
  if (kit.engine !== "codepipeline") throw new Error(`this is no story of ${kit.engine}`);
  return kit;
}
