// How a command is started so that it is kept apart from everything else.

import type { Cgroup } from "./cgroup.ts";
import type { Launch } from "./hold.ts";
import type { inside } from "./visible.ts";
import type { Workspace } from "./workspace.ts";

export interface Isolation {
  /** Where a command finds its folders, and the PATH that it gets. */
  readonly inside: typeof inside & { readonly path: string };
  /** Hands a fresh workspace over to the command's user. Nothing of a stage may have run in it. */
  prepare(workspace: Workspace): Promise<void>;
  launch(workspace: Workspace, run: string): Launch;
  /** Where the kernel holds the limits of all processes together. Null where it does not. */
  cgroupOf(workspace: Workspace): Cgroup | null;
  /** For the log. */
  readonly memory: "limited by the kernel" | "measured";
}
