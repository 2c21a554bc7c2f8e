// A pull request as its people see it.

import type { MergeMethod, MergeResult } from "../../sandbox/github/merge.ts";
import type { CheckRun } from "../../sandbox/github/model.ts";
import type { Change } from "../../sandbox/github/objects.ts";
import type { CommentHandle, PullHandle } from "../../sandbox/github/pull-handle.ts";
import type { RepositoryHandle } from "../../sandbox/github/repository-handle.ts";
import type { GateState } from "../../src/core/model/fact.ts";

/** By path; null deletes. */
export type Files = Readonly<Record<string, Change>>;

export class WorldPull {
  readonly handle: PullHandle;
  readonly #repository: RepositoryHandle;

  constructor(repository: RepositoryHandle, handle: PullHandle) {
    this.#repository = repository;
    this.handle = handle;
  }

  get number(): number {
    return this.handle.number;
  }

  get head(): string {
    return this.handle.head;
  }

  /** A new commit on top of its head. */
  push(files: Files): string {
    const { head, author } = this.handle.data;
    return this.#repository.commit({ branch: head.ref, files, author: author.login });
  }

  /** The branch becomes one commit on top of that one. */
  forcePush(onto: string, files: Files): string {
    const { head, author } = this.handle.data;
    return this.#repository.commit({ branch: head.ref, onto, files, author: author.login });
  }

  comment(login: string, body: string): CommentHandle {
    return this.handle.comment(login, body);
  }

  retarget(base: string): void {
    this.handle.edit("dev", { base });
  }

  merge(method: MergeMethod = "merge"): MergeResult {
    return this.handle.merge("dev", method);
  }

  /** The gate with its first reason: `success (passed)`; `absent` where there is none. */
  get gate(): string {
    return gateText(this.handle.check("interlock"));
  }

  /** The newest check of each name on the head, by name. */
  get checks(): Readonly<Record<string, string>> {
    return checkTexts(this.handle.checks());
  }

  check(name: string): CheckRun {
    const run = this.handle.check(name);
    if (run === undefined) throw new Error(`There is no check ${name} on ${this.head}`);
    return run;
  }

  /** What Interlock wrote under it, oldest first, without the hidden marks. */
  get answers(): readonly string[] {
    return this.handle
      .comments()
      .filter(({ data }) => data.app !== undefined)
      .map(({ body }) => body.replace(/^<!--.*?-->\n/, ""));
  }
}

export function gateText(run: CheckRun | undefined): string {
  return run === undefined ? "absent" : `${stateText(run)} (${reasonText(run)})`;
}

export function checkTexts(runs: ReadonlyMap<string, CheckRun>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    [...runs.values()]
      .filter(({ name }) => name === "interlock" || name.startsWith("interlock/"))
      .map((run) => [run.name, stateText(run)]),
  );
}

export function stateText(run: CheckRun): GateState | string {
  return run.status === "completed" ? (run.conclusion ?? "no conclusion") : run.status;
}

/** The code of the first reason on the page. */
export function reasonText(run: CheckRun): string {
  return /(?: · |\()`([a-z_]+)`/.exec(run.output.summary ?? "")?.[1] ?? "no reason";
}
