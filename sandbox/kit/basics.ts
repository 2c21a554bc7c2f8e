// What both kits are given and give.

import type { RepositoryHandle } from "../github/repository-handle.ts";

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

export interface KitOrder {
  readonly shop: RepositoryHandle;
  /** For whatever it keeps. Removed by anyone who made it. */
  readonly folder: string;
}

export interface Promised {
  readonly sentence: string;
  readonly holds: boolean;
  /** What stands where it does not hold. */
  readonly instead: string;
}
