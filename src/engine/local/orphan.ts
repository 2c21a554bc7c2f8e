// Runs whose Interlock process died: what is left of them is ended, and their record says so.

import type { Clock } from "../../ports/log.ts";
import type { LocalRun } from "../../ports/run.ts";
import { killAll, markOf } from "./processes.ts";
import type { Change } from "./run.ts";
import { endedStages } from "./stages.ts";
import { removeTree } from "./tree.ts";
import { workspaceOf } from "./workspace.ts";

/** Kills what still runs of it, where that was on this machine. */
export async function endLeftOver(run: LocalRun, folder: string): Promise<void> {
  const workspace = workspaceOf(folder, run.token);
  const { process } = run;
  const same = process !== null && markOf(process.group) === process.startedAt;
  await killAll(same ? process.group : null, workspace.home);
  await removeTree(workspace.root);
}

/** The final record of a run that nobody watches any more. */
export function lostChange(run: LocalRun, clock: Clock): Change {
  const running = run.stages.find(({ state }) => state === "running");
  const why =
    running === undefined
      ? "Interlock was restarted before the next stage began."
      : `Interlock was restarted while stage ${running.name} ran; nobody watched the rest.`;
  const at = clock();
  const stages = endedStages(run.stages, { state: "unknown", why, at });
  return { state: "lost", why, stages, endedAt: at, process: null, workspace: null };
}
