// What people do with a repository, as verbs.
import {
  checksByName,
  createRun,
  type RunFields,
  requestAction,
  rerequestRun,
  rerequestSuite,
  updateRun,
} from "./checks.ts";
import { commitVerb, type NewCommit } from "./commit.ts";
import { announce } from "./events.ts";
import type {
  App,
  CheckRun,
  CheckSuite,
  CommitStatus,
  Conclusion,
  Repository,
  Role,
  World,
} from "./model.ts";
import { blobOf, filesOf } from "./objects.ts";
import { accountOf, person } from "./people.ts";
import { PullHandle } from "./pull-handle.ts";
import { type NewPull, openPull } from "./pulls.ts";
import { deleteBranch, type PushResult, push, pushTag } from "./push.ts";
import { deleteRepository, forkRepository, moveRepository, resolveBranch } from "./repositories.ts";

type ByPerson<T> = Omit<T, "actor"> & { author?: string };

/** The person who acts where a scenario names nobody; has write permission by default. */
const somebody = "dev";

export class RepositoryHandle {
  readonly #world: World;
  readonly data: Repository;

  constructor(world: World, data: Repository) {
    this.#world = world;
    this.data = data;
  }

  get id(): number {
    return this.data.id;
  }

  get fullName(): string {
    return this.data.fullName;
  }

  /**
   * Commits on top of the branch (a new one starts at the default branch) and pushes; or pushes a
   * commit that is there already.
   */
  push(wanted: ByPerson<NewCommit> | { branch: string; sha: string; author?: string }): PushResult {
    const { author = somebody, ...rest } = wanted;
    const actor = person(this.#world, author);
    return "sha" in rest
      ? push(this.#world, { ...rest, repository: this.data, actor })
      : commitVerb(this.#world, this.data, { ...rest, actor });
  }

  /** Like `push`, where the scenario needs it to succeed. Returns the new commit's sha. */
  commit(commit: ByPerson<NewCommit>): string {
    const pushed = this.push(commit);
    if (pushed.kind === "refused") throw new Error(pushed.message);
    return pushed.sha;
  }

  /** A tag at a commit that is there already. */
  pushTag(wanted: { tag: string; sha: string; author?: string }): PushResult {
    const { author = somebody, ...rest } = wanted;
    const actor = person(this.#world, author);
    return pushTag(this.#world, { ...rest, repository: this.data, actor });
  }

  deleteBranch(branch: string, by: string): PushResult {
    const actor = person(this.#world, by);
    return deleteBranch(this.#world, { repository: this.data, branch, actor });
  }

  openPull(wanted: Omit<NewPull, "title"> & { title?: string; author?: string }): PullHandle {
    const { author = somebody, title = `Merge ${wanted.head}`, ...rest } = wanted;
    const actor = person(this.#world, author);
    const opened = openPull(this.#world, this.data, { ...rest, title, actor });
    if (opened.kind === "refused") throw new Error(opened.message);
    return new PullHandle(this.#world, opened.pull);
  }

  pull(number: number): PullHandle {
    const found = this.data.pulls.get(number);
    if (!found) throw new Error(`${this.fullName} has no pull request ${number}`);
    return new PullHandle(this.#world, found);
  }

  fork(login: string): RepositoryHandle {
    return new RepositoryHandle(this.#world, forkRepository(this.#world, this.data, login));
  }

  /** `custom` is the name of a role that the organisation made on the basis of that one. */
  setPermission(login: string, role: Role, custom?: string): void {
    const key = accountOf(this.#world, login).login.toLowerCase();
    this.data.roles.set(key, role);
    if (custom === undefined) this.data.customRoles.delete(key);
    else this.data.customRoles.set(key, custom);
  }

  protect(
    branch: string,
    wanted: {
      checks?: readonly { context: string; app_id?: number | null }[];
      strict?: boolean;
      enforceAdmins?: boolean;
    },
  ): void {
    this.data.protection.set(branch, {
      checks: (wanted.checks ?? []).map((c) => ({
        context: c.context,
        appId: c.app_id === null || c.app_id === -1 ? undefined : c.app_id,
      })),
      strict: wanted.strict ?? false,
      enforceAdmins: wanted.enforceAdmins ?? false,
      requiresChecks: wanted.checks !== undefined,
    });
  }

  unprotect(branch: string): void {
    this.data.protection.delete(branch);
  }

  /** The sha that a branch, tag or ref points to. */
  tip(name = this.data.defaultBranch): string {
    const sha = resolveBranch(this.data, name);
    if (sha === undefined) throw new Error(`${this.fullName} has no ${name}`);
    return sha;
  }

  file(path: string, ref = this.data.defaultBranch): string | undefined {
    const entry = filesOf(this.data.store, this.tip(ref)).get(path);
    return entry && blobOf(this.data.store, entry.sha).toString("utf8");
  }

  /** The newest check run of each name on that commit, by name. */
  checks(ref: string): Map<string, CheckRun> {
    return checksByName(this.data, this.tip(ref));
  }

  /** A check run that some app reports. */
  reportCheck(wanted: { app: App; sha: string; name: string; conclusion?: Conclusion }): CheckRun {
    const { app, sha, name, conclusion } = wanted;
    const end = conclusion === undefined ? {} : { conclusion };
    return createRun(this.#world, this.data, { app, name, headSha: sha, ...end });
  }

  /** That app reports how its check run ended. */
  completeCheck(run: CheckRun, conclusion: Conclusion): void {
    updateRun(this.#world, this.data, run, { conclusion });
  }

  /** GitHub deletes it, as it does with the oldest of many. */
  vanish(run: CheckRun): void {
    this.data.runs.delete(run.id);
  }

  /** Somebody with the token of its app writes over it. */
  overwrite(run: CheckRun, fields: RunFields): void {
    updateRun(this.#world, this.data, run, fields);
  }

  /** The old name leads here until another repository takes it. */
  rename(name: string, by: string): void {
    const from = this.data.name;
    moveRepository(this.#world, this.data, { name });
    this.#tell("renamed", by, { repository: { name: { from } } });
  }

  transfer(owner: string, by: string): void {
    const { login, id, kind } = this.data.owner;
    const to = accountOf(this.#world, owner, "Organization");
    moveRepository(this.#world, this.data, { name: this.data.name, owner: to });
    const from = { [kind === "User" ? "user" : "organization"]: { login, id } };
    this.#tell("transferred", by, { owner: { from } });
  }

  delete(by: string): void {
    this.#tell("deleted", by);
    deleteRepository(this.#world, this.data);
  }

  #tell(action: string, by: string, changes?: object): void {
    announce(this.#world, {
      event: "repository",
      action,
      repository: this.data,
      actor: person(this.#world, by),
      payload: changes === undefined ? {} : { changes },
    });
  }

  archive(): void {
    this.data.archived = true;
  }

  unarchive(): void {
    this.data.archived = false;
  }

  reportStatus(wanted: {
    sha: string;
    context: string;
    state: CommitStatus["state"];
    by: string;
  }): void {
    const { by, ...rest } = wanted;
    this.data.statuses.push({
      ...rest,
      id: this.#world.nextId(),
      description: undefined,
      targetUrl: undefined,
      creator: accountOf(this.#world, by),
      createdAt: this.#world.clock.now(),
    });
  }

  /** "Re-run" on the page of a check. */
  rerequest(run: CheckRun, by: string): void {
    rerequestRun(this.#world, this.data, run, person(this.#world, by));
  }

  /** "Re-run all checks". */
  rerequestSuite(suite: CheckSuite, by: string): void {
    rerequestSuite(this.#world, this.data, suite, person(this.#world, by));
  }

  /** Presses the button with that label on a check; it has to be there. */
  press(run: CheckRun, label: string, by: string): void {
    const action = run.actions.find((a) => a.label === label);
    if (!action) throw new Error(`${run.name} has no button ${label}`);
    const pressed = { identifier: action.identifier, actor: person(this.#world, by) };
    requestAction(this.#world, this.data, run, pressed);
  }
}
