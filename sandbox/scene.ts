// What a scenario works with: people's acts, waits with a limit, and the checks as they change on the page.

import { setTimeout as sleep } from "node:timers/promises";
import { answerMark } from "../src/core/render/answer.ts";
import { gateName } from "../src/core/render/checks.ts";
import type { App } from "./app.ts";
import type { MergeResult } from "./github/merge.ts";
import type { CheckRun } from "./github/model.ts";
import type { Change } from "./github/objects.ts";
import type { CommentHandle, PullHandle } from "./github/pull-handle.ts";
import type { EngineName, Kit } from "./kit/kit.ts";
import type { CheckLine, Narrator } from "./narrator.ts";
import { people, type Sandbox } from "./open.ts";

export interface Scenario {
  readonly number: number;
  readonly title: string;
  /** Where it can be told; null for everywhere. */
  readonly engine: EngineName | null;
  readonly tell: (scene: Scene) => Promise<void>;
}

type Person = keyof typeof people;

const glance_ms = 20;

/** Thrown where waiting for something was in vain: the rest of the scenario would make no sense. */
export class Abandoned extends Error {}

export class Scene {
  readonly shop: Sandbox["shop"];
  /** What is particular to the engine that the scenario runs on. */
  readonly kit: Kit;
  readonly #app: Pick<App, "ended">;
  readonly #narrator: Narrator;
  readonly #pulls: PullHandle[] = [];
  readonly #watched: string[] = [];
  readonly #told = new Map<string, string>();
  readonly #history = new Map<string, string[]>();
  readonly #patience_ms: number;
  readonly #signal: AbortSignal;

  constructor(parts: {
    readonly sandbox: Pick<Sandbox, "shop" | "kit"> & { readonly app: Pick<App, "ended"> };
    readonly narrator: Narrator;
    readonly signal: AbortSignal;
    readonly patience_ms: number;
  }) {
    this.shop = parts.sandbox.shop;
    this.kit = parts.sandbox.kit;
    this.#app = parts.sandbox.app;
    this.#narrator = parts.narrator;
    this.#signal = parts.signal;
    this.#patience_ms = parts.patience_ms;
  }

  does(sentence: string): void {
    this.#narrator.does(sentence);
  }

  /** A branch from `main` with one commit, and a pull request for it. Its checks are shown from now on. */
  opens(wanted: {
    readonly branch: string;
    readonly title: string;
    readonly files: Readonly<Record<string, Change>>;
  }): PullHandle {
    const { branch, title, files } = wanted;
    const sha = this.shop.commit({ branch, files, message: title });
    const pull = this.shop.openPull({ head: branch, title });
    this.does(`dev opens pull request #${pull.number} “${title}” at ${short(sha)}`);
    this.#pulls.push(pull);
    this.watch(sha);
    return pull;
  }

  pushes(pull: PullHandle, files: Readonly<Record<string, Change>>, message: string): string {
    const sha = this.shop.commit({ branch: pull.data.head.ref, files, message });
    this.does(`dev pushes ${short(sha)} “${message}” to #${pull.number}`);
    this.watch(sha);
    return sha;
  }

  merges(pull: PullHandle, by: Person = "dev"): MergeResult {
    this.does(`${by} (${people[by]}) presses “Merge pull request” on #${pull.number}`);
    const result = pull.merge(by);
    this.#narrator.answers(
      "GitHub",
      result.kind === "merged" ? `merged as ${short(result.sha)}` : result.message,
    );
    if (result.kind === "merged") this.watch(result.sha);
    return result;
  }

  comments(pull: PullHandle, by: Person, body: string): CommentHandle {
    const inline = body.includes("\n") ? "" : `: ${body}`;
    this.does(`${by} (${people[by]}) comments on #${pull.number}${inline}`);
    if (inline === "") this.#narrator.page(by, body);
    return pull.comment(by, body);
  }

  /** What Interlock answered to that comment, oldest first. */
  answersTo(pull: PullHandle, comment: CommentHandle): readonly CommentHandle[] {
    const mark = answerMark(`comment:${comment.id}`);
    return pull.comments().filter(({ body }) => body.includes(mark));
  }

  async answer(
    pull: PullHandle,
    comment: CommentHandle,
    holds: (body: string) => boolean = () => true,
  ): Promise<CommentHandle> {
    const answer = await this.until(
      "Interlock answers the comment",
      () => this.answersTo(pull, comment).find(({ body }) => holds(body)),
      () =>
        this.answersTo(pull, comment)
          .map(({ body }) => `The answer: ${body}`)
          .join("\n") || "There is no answer.",
    );
    this.#narrator.page(answer.author, answer.body);
    return answer;
  }

  watch(sha: string): void {
    this.#watched.push(sha);
  }

  check(sha: string, name: string): CheckRun | undefined {
    return this.shop.checks(sha).get(name);
  }

  /** The states that the check was seen in, each named once in a row. */
  history(sha: string, name = gateName): readonly string[] {
    return this.#history.get(`${sha} ${name}`) ?? [];
  }

  /** Waits until that check has its result. */
  async ended(sha: string, name = gateName): Promise<CheckRun> {
    return await this.until(`The check ${name} on ${short(sha)} ends`, () => {
      const run = this.check(sha, name);
      return run?.status === "completed" ? run : undefined;
    });
  }

  /** Waits until that check is there and has no result yet. */
  async waiting(sha: string, name = gateName): Promise<CheckRun> {
    return await this.until(`The check ${name} on ${short(sha)} is in progress`, () => {
      const run = this.check(sha, name);
      return run?.status === "in_progress" ? run : undefined;
    });
  }

  /** Shows what stands on the page of a check. */
  shows(run: CheckRun): void {
    this.#narrator.page(`${run.name} on ${short(run.headSha)}`, run.output.summary ?? "");
    this.annotations(run);
  }

  /** What somebody is told elsewhere than on GitHub. */
  hears(by: string, text: string): void {
    this.#narrator.answers(by, text);
  }

  /** What stands beside the lines of the change. */
  annotations(run: CheckRun): void {
    for (const { path, start_line, message } of run.annotations)
      this.#narrator.answers(`beside ${path}:${start_line}`, message.replace(/\s+/g, " "));
  }

  expect(sentence: string, holds: boolean, instead = this.#standing()): void {
    this.#narrator.expect({ sentence, holds, instead });
  }

  /** Looks until there is something to see. Ends the scenario where there never is. */
  async until<T>(
    awaited: string,
    see: () => T | undefined,
    instead: () => string = () => this.#standing(),
  ): Promise<T> {
    const end = performance.now() + this.#patience_ms;
    for (;;) {
      if (this.#signal.aborted) throw new Abandoned();
      const seen = see();
      this.#tellChecks();
      if (seen !== undefined) return seen;
      const gone = this.#app.ended();
      if (gone !== null || performance.now() > end) {
        const why = gone ?? `Awaited for ${this.#patience_ms / 1000} s.`;
        this.expect(`${awaited}.`, false, `${why}\n${instead()}`);
        throw new Abandoned();
      }
      await sleep(glance_ms);
    }
  }

  /** Closes what the scenario left open, so that nothing of it runs into the next one. */
  leave(): void {
    for (const pull of this.#pulls) if (pull.state === "open") pull.close("dev");
  }

  /** Every check that changed since it was last shown. */
  #tellChecks(): void {
    for (const sha of this.#watched)
      for (const run of this.shop.checks(sha).values()) {
        const line = lineOf(run);
        const key = `${sha} ${run.name}`;
        const text = `${line.state} ${line.title}`;
        if (this.#told.get(key) === text) continue;
        this.#told.set(key, text);
        const before = this.#history.get(key) ?? [];
        if (before.at(-1) !== line.state) this.#history.set(key, [...before, line.state]);
        this.#narrator.check(line);
      }
  }

  #standing(): string {
    const lines = this.#watched.flatMap((sha) =>
      [...this.shop.checks(sha).values()].map((run) => {
        const { name, state, title } = lineOf(run);
        return `${short(sha)} ${name}: ${state}, “${title}”`;
      }),
    );
    return lines.length === 0 ? "There is no check." : `The checks:\n${lines.join("\n")}`;
  }
}

export function short(sha: string): string {
  return sha.slice(0, 7);
}

function lineOf(run: CheckRun): CheckLine {
  const state = (run.conclusion ?? run.status).replaceAll("_", " ");
  return { sha: short(run.headSha), name: run.name, state, title: run.output.title ?? "" };
}
