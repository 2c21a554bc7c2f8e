// The course of one run: wait for a place, fetch the commit, one stage after the other, the final record.

import type { StageFact } from "../../core/model/fact.ts";
import type { PlanStage } from "../../core/model/plan.ts";
import type { GitHub } from "../../ports/github.ts";
import type { Clock, Log } from "../../ports/log.ts";
import type { LocalRun } from "../../ports/run.ts";
import type { TreeReader } from "../../ports/tree.ts";
import type { DiskShare } from "./bounds.ts";
import { environmentOf } from "./environment.ts";
import { fetchCommit } from "./fetch.ts";
import type { Isolation } from "./launch.ts";
import type { LocalLimits } from "./limits.ts";
import type { Place, Places } from "./places.ts";
import { type CollectReports, duration, runStage, type StageEnd } from "./stage.ts";
import { endedStages, withStage } from "./stages.ts";
import { removeTree } from "./tree.ts";
import { type Workspace, workspaceOf } from "./workspace.ts";

export interface RunTools {
  readonly tarball: GitHub["tarball"];
  readonly trees: Pick<TreeReader, "commitTree" | "blob">;
  readonly collectReports: CollectReports;
  readonly clock: Clock;
  readonly log: Log;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What each run of this engine occupies on the disk, in bytes, by its token. */
  readonly disk: Map<string, number>;
  /** Null where commands run as we are. */
  readonly isolation: Isolation | null;
  readonly limits: LocalLimits;
  readonly places: Places;
  /** Removes workspaces that are only kept for a retry, where the disk is short. */
  readonly makeRoom: () => Promise<void>;
  /** Writes the change and tells about it. Comes back when it is written, or never will be. */
  readonly record: (token: string, change: Change) => Promise<void>;
}

export type Change = Partial<Omit<LocalRun, "token">>;

/** Why a run is ended from outside. */
type Interruption =
  | { readonly kind: "stop"; readonly reason: string }
  /** Interlock ends; what runs gets this long at most. */
  | { readonly kind: "shutdown"; readonly grace_ms: number }
  /** Another installation waits, and this run had its place for long enough. */
  | { readonly kind: "overdue" }
  /** The record belongs to somebody else now: end what runs, write nothing. */
  | { readonly kind: "taken" };

/** A fresh run fetches its commit; a retried one finds its tree as its last stage left it. */
export type Start = { readonly kind: "fresh" } | { readonly kind: "at"; readonly index: number };

export interface RunHandle {
  interrupt(interruption: Interruption): void;
  /** Resolves when nothing of the run is running and its end is recorded. Never rejects. */
  readonly ended: Promise<void>;
}

/** Follows the run in the background. */
export function follow(run: LocalRun, start: Start, tools: RunTools): RunHandle {
  const controller = new AbortController();
  const course = new RunCourse(run, tools, controller.signal);
  const interrupt = (reason: Interruption) => controller.abort(reason);
  const { installation } = run.request.repository;
  const place = tools.places.ask({ installation, giveUp: () => interrupt({ kind: "overdue" }) });
  return { interrupt, ended: course.follow(start, place) };
}

type Ending = Pick<LocalRun, "state" | "why" | "stages" | "workspace">;

class RunCourse {
  readonly #run: LocalRun;
  readonly #tools: RunTools;
  readonly #signal: AbortSignal;
  readonly #workspace: Workspace;
  #stages: readonly StageFact[];
  #fetched = false;

  constructor(run: LocalRun, tools: RunTools, signal: AbortSignal) {
    this.#run = run;
    this.#tools = tools;
    this.#signal = signal;
    this.#workspace = workspaceOf(tools.folder, run.token);
    this.#stages = run.stages;
  }

  async follow(start: Start, place: Place): Promise<void> {
    const { clock, log } = this.#tools;
    try {
      const ending = await this.#carryOut(start, place).catch((error: unknown) => {
        log.error({ run: this.#run.token, error }, "The local engine failed");
        return this.#lost("Interlock's local engine failed; its log says more.");
      });
      await this.#record({ ...ending, endedAt: clock(), process: null });
      // There is no time to tidy up in a shutdown; the next process finds the folder.
      if (ending.workspace === null && this.#interruption()?.kind !== "shutdown")
        await removeTree(this.#workspace.root);
    } catch (error) {
      log.warn({ run: this.#run.token, error }, "A workspace could not be removed");
    } finally {
      // What it occupied counts until it is gone, so that no other run is ended in its stead.
      this.#tools.disk.delete(this.#run.token);
      place.leave();
    }
  }

  async #carryOut(start: Start, place: Place): Promise<Ending> {
    this.#fetched = start.kind === "at";
    await this.#wait(place);
    if (this.#signal.aborted) return this.#interrupted();
    let remark = "";
    if (start.kind === "fresh") {
      const { request } = this.#run;
      const workspace = this.#workspace;
      const signal = this.#signal;
      const fetched = await fetchCommit({ ...this.#tools, request, workspace, signal });
      if (this.#signal.aborted) return this.#interrupted();
      if (fetched.kind === "failed") return this.#unfetched(fetched.why);
      await this.#tools.isolation?.prepare(workspace);
      this.#fetched = true;
      remark = remarkOn(fetched.leftOut);
    }
    const first = start.kind === "fresh" ? 0 : start.index;
    const { spec } = this.#run.request.run;
    const stages = spec.engine === "local" ? spec.stages : [];
    for (const [index, stage] of stages.entries()) {
      if (index < first) continue;
      const end = await this.#stage(index, stage, index === first ? remark : "");
      switch (end) {
        case "succeeded":
          continue;
        case "interrupted":
          return this.#interrupted();
        case "failed":
          return this.#failed(`Stage ${stage.name} failed.`, this.#workspace.root);
        case "exceeded":
          return this.#failed(`Stage ${stage.name} failed.`, null);
      }
    }
    return { state: "succeeded", why: "", stages: this.#stages, workspace: null };
  }

  async #wait(place: Place): Promise<void> {
    if (place.waits) {
      const why = "Waiting for a free place.";
      const index = this.#stages.findIndex(({ state }) => state === "pending");
      await this.#record({ why, stages: withStage(this.#stages, index, { why }) });
    }
    const { promise: aborted, resolve } = Promise.withResolvers<void>();
    const give = () => resolve();
    this.#signal.addEventListener("abort", give, { once: true });
    if (!this.#signal.aborted) await Promise.race([place.turn, aborted]);
    this.#signal.removeEventListener("abort", give);
  }

  /** The record of how it ended goes out together with the next change, to spare a write and a look. */
  async #stage(index: number, stage: PlanStage, remark: string): Promise<StageEnd["state"]> {
    const { clock, isolation } = this.#tools;
    const { request } = this.#run;
    const workspace = this.#workspace;
    const { environment } = this.#tools;
    const base = isolation === null ? environment : { ...environment, PATH: isolation.inside.path };
    const places = isolation?.inside ?? workspace;
    this.#change(index, { state: "running", startedAt: clock() });
    const end = await runStage({
      ...this.#tools,
      installation: request.repository.installation,
      disk: this.#share(),
      stage,
      workspace,
      environment: environmentOf({ base, request, stage: stage.name, places }),
      signal: this.#signal,
      grace_ms: () => this.#grace_ms(),
      started: (process) => this.#record({ why: "", stages: this.#stages, process }),
    });
    this.#change(index, { output: remark + end.output });
    if (end.state !== "interrupted") {
      const { why, reports } = end;
      const state = end.state === "exceeded" ? "failed" : end.state;
      this.#change(index, { state, why, reports, endedAt: clock() });
    }
    return end.state;
  }

  #share(): DiskShare {
    const { disk } = this.#tools;
    const { token } = this.#run;
    return {
      take: (bytes) => disk.set(token, bytes),
      isLargest: () => Math.max(...disk.values()) <= (disk.get(token) ?? 0),
    };
  }

  #change(index: number, change: Partial<StageFact>): void {
    this.#stages = withStage(this.#stages, index, change);
  }

  #unfetched(why: string): Ending {
    const now = this.#tools.clock();
    this.#change(0, { state: "failed", why, startedAt: now, endedAt: now });
    return this.#failed(why, null);
  }

  #failed(why: string, workspace: string | null): Ending {
    const end = { state: "failed", why, at: this.#tools.clock() } as const;
    return { state: "failed", why, stages: endedStages(this.#stages, end), workspace };
  }

  #interrupted(): Ending {
    const interruption = this.#interruption();
    const workspace = this.#fetched ? this.#workspace.root : null;
    if (interruption?.kind === "stop") {
      const why = `Stopped: ${interruption.reason}`;
      const end = { state: "stopped", why, at: this.#tools.clock() } as const;
      return { state: "stopped", why, stages: endedStages(this.#stages, end), workspace };
    }
    if (interruption?.kind === "overdue") {
      const most = duration(this.#tools.limits.hold_ms);
      return this.#failed(
        `Another organisation waited for a place, and this run had had its own for ${most}.`,
        workspace,
      );
    }
    const running = this.#stages.find(({ state }) => state === "running");
    return this.#lost(
      running === undefined
        ? "Interlock was shut down before the next stage began."
        : `Interlock was shut down while stage ${running.name} ran, and ended it.`,
    );
  }

  #lost(why: string): Ending {
    const end = { state: "unknown", why, at: this.#tools.clock() } as const;
    return { state: "lost", why, stages: endedStages(this.#stages, end), workspace: null };
  }

  #grace_ms(): number {
    const { kill_grace_ms } = this.#tools.limits;
    const interruption = this.#interruption();
    const most = interruption?.kind === "shutdown" ? interruption.grace_ms : kill_grace_ms;
    return Math.min(kill_grace_ms, most);
  }

  #interruption(): Interruption | null {
    return this.#signal.aborted ? (this.#signal.reason as Interruption) : null;
  }

  async #record(change: Change): Promise<void> {
    if (this.#interruption()?.kind !== "taken") await this.#tools.record(this.#run.token, change);
  }
}

/** The tree is not quite what the commit says, and anyone who reads the stage's output should know. */
function remarkOn(leftOut: readonly string[]): string {
  if (leftOut.length === 0) return "";
  const shown = leftOut.slice(0, 5).map((path) => JSON.stringify(path.slice(0, 200)));
  const more = leftOut.length > shown.length ? " and more" : "";
  return `Interlock left out links that point outside the repository: ${shown.join(", ")}${more}\n`;
}
