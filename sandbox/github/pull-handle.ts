// What people do with a pull request and its comments, as verbs.

import { checksByName } from "./checks.ts";
import { addComment, deleteComment, editComment } from "./comments.ts";
import { type MergeMethod, type MergeResult, mergePull, updateBranch } from "./merge.ts";
import type { CheckRun, Comment, Pull, World } from "./model.ts";
import { person } from "./people.ts";
import { convertToDraft, editPull, markReady, type PullEdit, setPullState } from "./pulls.ts";
import type { PushResult } from "./push.ts";

export class PullHandle {
  readonly #world: World;
  readonly data: Pull;

  constructor(world: World, data: Pull) {
    this.#world = world;
    this.data = data;
  }

  get number(): number {
    return this.data.number;
  }

  /** The sha of its head, now. */
  get head(): string {
    return this.data.head.sha;
  }

  get state(): "open" | "closed" | "merged" {
    return this.data.merged ? "merged" : this.data.state;
  }

  comment(author: string, body: string): CommentHandle {
    const actor = person(this.#world, author);
    return this.#handle(addComment(this.#world, this.data, { body, actor }));
  }

  /** Oldest first. */
  comments(): CommentHandle[] {
    return [...this.data.base.repository.comments.values()]
      .filter((c) => c.number === this.number)
      .map((c) => this.#handle(c));
  }

  merge(by: string, method: MergeMethod = "merge"): MergeResult {
    return mergePull(this.#world, this.data, { actor: person(this.#world, by), method });
  }

  /** "Update branch": merges the base into the head. */
  updateBranch(by: string): PushResult {
    return updateBranch(this.#world, this.data, person(this.#world, by));
  }

  close(by: string): void {
    this.#setState("closed", by);
  }

  reopen(by: string): void {
    this.#setState("open", by);
  }

  edit(by: string, edit: PullEdit): void {
    const actor = person(this.#world, by);
    const edited = editPull(this.#world, this.data, { ...edit, actor });
    if (edited.kind === "refused") throw new Error(edited.message);
  }

  /** "Lock conversation". */
  lock(): void {
    this.data.locked = true;
  }

  markReady(by: string): void {
    markReady(this.#world, this.data, person(this.#world, by));
  }

  convertToDraft(by: string): void {
    convertToDraft(this.#world, this.data, person(this.#world, by));
  }

  /** The newest check run of that name on its head. */
  check(name: string): CheckRun | undefined {
    return this.checks().get(name);
  }

  /** The newest check runs on its head, by name. */
  checks(): Map<string, CheckRun> {
    const { base, head } = this.data;
    return checksByName(base.repository, head.sha);
  }

  #handle(comment: Comment): CommentHandle {
    return new CommentHandle(this.#world, this.data, comment);
  }

  #setState(state: "open" | "closed", by: string): void {
    const actor = person(this.#world, by);
    const done = setPullState(this.#world, this.data, { state, actor });
    if (done.kind === "refused") throw new Error(done.message);
  }
}

export class CommentHandle {
  readonly #world: World;
  readonly #pull: Pull;
  readonly data: Comment;

  constructor(world: World, pull: Pull, data: Comment) {
    this.#world = world;
    this.#pull = pull;
    this.data = data;
  }

  get id(): number {
    return this.data.id;
  }

  get author(): string {
    return this.data.author.login;
  }

  get body(): string {
    return this.data.body;
  }

  /** The contents of its reactions, such as `eyes`. */
  get reactions(): string[] {
    return this.data.reactions.map((r) => r.content);
  }

  edit(by: string, body: string): void {
    const actor = person(this.#world, by);
    editComment(this.#world, this.#pull, { comment: this.data, body, actor });
  }

  delete(by: string): void {
    const actor = person(this.#world, by);
    deleteComment(this.#world, this.#pull, { comment: this.data, actor });
  }
}
