// What people and engines do by chance, one thing at a time.

import type { CheckRun } from "../../sandbox/github/model.ts";
import { planPath } from "../../src/core/model/plan.ts";
import type { DoubleRun } from "../world/engine.ts";
import { WorldPull } from "../world/pull.ts";
import type { World } from "../world/world.ts";
import { copiesOf } from "./copies.ts";
import { Operators } from "./operators.ts";
import type { Oracle } from "./oracle.ts";
import { plansFor } from "./plans.ts";
import { engineOf, productionOf } from "./production.ts";
import { Random } from "./random.ts";
import type { Switch } from "./switches.ts";
import { transfer } from "./transfer.ts";

const paths = ["src/a.js", "src/b.js", "side/x", "docs/y.md", "tools/z"];
/** Ria may only read. */
const people = ["dev", "dev", "dev", "mia", "ria"];
const commands = ["status", "verify", "retry", "stop", "explain", "rtry", "verify <sha>"];
const open_max = 4;

type Act = () => void;

export class Actors {
  readonly #world: World;
  readonly #truth: Oracle;
  /** Told of whatever is done. */
  readonly #say: (what: string) => void;
  readonly #pulls: WorldPull[] = [];
  #random = new Random(0);
  #files = 0;

  #isTakenOut = false;
  readonly #switches: ReadonlySet<Switch>;
  readonly #plans: readonly (string | null)[];
  readonly #operators: Operators;
  /** How much more often than usual each act is done, in their order. */
  readonly #tastes: readonly number[];

  constructor(with_: {
    readonly world: World;
    readonly truth: Oracle;
    readonly switches: ReadonlySet<Switch>;
    readonly say: (what: string) => void;
    readonly taste: Random;
  }) {
    this.#world = with_.world;
    this.#truth = with_.truth;
    this.#switches = with_.switches;
    this.#plans = plansFor(with_.switches);
    this.#operators = new Operators(with_.world, with_.say);
    this.#say = with_.say;
    this.#tastes = Array.from({ length: 40 }, () => with_.taste.pick([0.2, 1, 1, 1, 6]) ?? 1);
  }

  get pulls(): readonly WorldPull[] {
    return this.#pulls;
  }

  act(random: Random): void {
    this.#random = random;
    const acts = this.#acts().map(([weight, act], index) => {
      const taste = this.#tastes[index] ?? 1;
      return [weight * taste, act] as const;
    });
    // Engines always move, or nothing would.
    const moves = this.#switches.has("production") ? 45 : 30;
    random.weighted<Act>([...acts, [moves, () => this.#engineMoves()]])();
    this.#truth.past.note();
  }

  #acts(): readonly (readonly [number, Act])[] {
    const may = (name: Switch, weight: number) => (this.#switches.has(name) ? weight : 0);
    // GitHub takes nothing for one that is archived; what runs elsewhere goes on.
    if (this.#world.shop.data.archived)
      return [
        [5, () => this.#archiveOrNot()],
        [may("production", 8), () => this.#operators.endBack(this.#random)],
      ];
    return [
      [10, () => this.#openPull()],
      [2, () => this.#openTwin()],
      [2, () => this.#openFork()],
      [1, () => this.#openFromMain()],
      [8, () => this.#push()],
      [2, () => this.#pushBack()],
      [2, () => this.#pushAgain()],
      [1, () => this.#updateBranch()],
      [1, () => this.#deleteBranch()],
      [3, () => this.#retarget()],
      [3, () => this.#closeOrReopen()],
      [1, () => this.#draftOrReady()],
      [8, () => this.#comment()],
      [3, () => this.#rerequest()],
      [3, () => this.#press()],
      [6, () => this.#merge()],
      [5 + may("production", 5), () => this.#pushToRoad()],
      [1, () => this.#promote()],
      [3, () => this.#changePlan()],
      [may("vanish", 1), () => this.#vanish()],
      [may("force", 1), () => this.#force()],
      [may("archive", 0.5), () => this.#archiveOrNot()],
      [may("reinstall", 0.3), () => this.#uninstallOrNot()],
      [may("turns", 1), () => this.#turn()],
      [may("defaults", 1), () => this.#switchDefault()],
      [may("names", 4), () => this.#rename()],
      [may("names", 4), () => this.#takeName()],
      [may("production", 14), () => this.#operators.rollBack(this.#random, this.#anyPull)],
      [may("production", 10), () => this.#operators.approve(this.#random, this.#anyPull)],
      [may("production", 2), () => this.#operators.wait(this.#operators.one(this.#random))],
      [may("production", 1), () => this.#operators.closeWay(this.#random)],
      [may("production", 2), () => this.#operators.goOn(this.#random)],
      [may("production", 0.5), () => this.#operators.startAround(this.#random)],
      [may("production", 0.5), () => this.#operators.interfere(this.#random)],
      [may("production", 8), () => this.#operators.endBack(this.#random)],
      [may("owners", 4), () => !this.#isTakenOut && transfer(this.#world, this.#truth, this.#say)],
    ];
  }

  /** Whatever people took away is there again. */
  recover(): void {
    const { shop } = this.#world;
    if (shop.data.archived) this.#archiveOrNot();
    if (this.#world.installation === undefined || this.#isTakenOut) this.#uninstallOrNot();
  }

  // ------------------------------------------------------------ pull requests

  #openPull(): void {
    if (this.#open.length >= open_max) return;
    const base = this.#random.chance(0.85) ? "main" : "release";
    const files = this.#change(0.1);
    this.#attempt(`a pull request opens into ${base} with ${Object.keys(files)}`, () => {
      this.#pulls.push(this.#world.openPull({ files, base, draft: this.#random.chance(0.1) }));
    });
  }

  /** The same head against the other base. */
  #openTwin(): void {
    const pull = this.#random.pick(this.#open.filter((one) => this.#isOwn(one)));
    if (pull === undefined) return;
    const base = other(pull);
    this.#attempt(`a twin of #${pull.number} opens into ${base}`, () => {
      const { shop } = this.#world;
      const twin = shop.openPull({ head: pull.handle.data.head.ref, base });
      this.#pulls.push(new WorldPull(shop, twin));
    });
  }

  #openFork(): void {
    const files = this.#change();
    this.#attempt(`eve opens from a fork with ${Object.keys(files)}`, () => {
      this.#pulls.push(this.#world.openForkPull("eve", files));
    });
  }

  #openFromMain(): void {
    this.#attempt("main opens into release", () => {
      const { shop } = this.#world;
      this.#pulls.push(new WorldPull(shop, shop.openPull({ head: "main", base: "release" })));
    });
  }

  #push(): void {
    const pull = this.#movable();
    if (pull === undefined) return;
    const files = this.#change(0.05);
    this.#attempt(`#${pull.number} gets ${Object.keys(files)}`, () => pull.push(files));
  }

  #pushBack(): void {
    const pull = this.#movable();
    if (pull === undefined || !this.#isOwn(pull)) return;
    const { shop } = this.#world;
    const [parent] = shop.data.store.commits.get(pull.head)?.parents ?? [];
    if (parent === undefined) return;
    this.#attempt(`#${pull.number} goes back by one`, () =>
      shop.push({ branch: pull.handle.data.head.ref, sha: parent }),
    );
  }

  #pushAgain(): void {
    const pull = this.#movable();
    if (pull === undefined || !this.#isOwn(pull)) return;
    const files = this.#change(0.05);
    this.#attempt(`#${pull.number} starts again with ${Object.keys(files)}`, () =>
      pull.forcePush(this.#world.shop.tip(), files),
    );
  }

  #updateBranch(): void {
    const pull = this.#movable();
    if (pull === undefined || !this.#isOwn(pull)) return;
    this.#attempt(`#${pull.number} takes in its base`, () => pull.handle.updateBranch("dev"));
  }

  #deleteBranch(): void {
    const pull = this.#random.pick(this.#pulls.filter((one) => this.#isOwn(one)));
    if (pull === undefined) return;
    const { ref } = pull.handle.data.head;
    this.#attempt(`${ref} is deleted`, () => this.#world.shop.deleteBranch(ref, "dev"));
  }

  #retarget(): void {
    const pull = this.#random.pick(this.#open);
    if (pull === undefined) return;
    const base = other(pull);
    this.#attempt(`#${pull.number} goes to ${base}`, () => pull.retarget(base));
  }

  #closeOrReopen(): void {
    const pull = this.#random.pick(this.#pulls.filter(({ handle }) => handle.state !== "merged"));
    if (pull === undefined) return;
    const { handle } = pull;
    if (handle.state === "open") this.#attempt(`#${pull.number} closes`, () => handle.close("dev"));
    else this.#attempt(`#${pull.number} opens again`, () => handle.reopen("dev"));
  }

  #draftOrReady(): void {
    const pull = this.#random.pick(this.#open);
    if (pull === undefined) return;
    const { handle } = pull;
    if (handle.data.draft) this.#attempt(`#${pull.number} is ready`, () => handle.markReady("dev"));
    else this.#attempt(`#${pull.number} is a draft`, () => handle.convertToDraft("dev"));
  }

  #merge(): void {
    const pull = this.#random.pick(this.#open);
    if (pull === undefined) return;
    const method = this.#random.pick(["merge", "squash", "rebase"] as const) ?? "merge";
    const { head } = pull;
    if (pull.merge(method).kind !== "merged") return;
    this.#say(`#${pull.number} is merged by ${method}`);
    this.#truth.merged(pull.handle.data, head);
  }

  // ------------------------------------------------------------ commands

  #comment(): void {
    const pull = this.#random.pick(this.#open);
    if (pull === undefined) return;
    const login = this.#random.pick(people) ?? "dev";
    const command = (this.#random.pick(commands) ?? "").replace("<sha>", pull.head);
    if (command.startsWith("verify ") && login !== "ria") this.#truth.allow(pull.head);
    this.#say(`${login} tells #${pull.number} to ${command}`);
    pull.comment(login, `/interlock ${command}`);
  }

  /** Of two open pull requests with the commit, one that nobody looks at is to verify again. Its number. */
  askTwin(sha: string, going: ReadonlySet<string>): number | null {
    const free = this.#open.filter(
      ({ number }) => ![...going].some((key) => key.endsWith(`#${number}`)),
    );
    const twin = free.find(({ head }) => head === sha);
    if (twin === undefined) return null;
    this.#say(`dev tells #${twin.number} to verify, right before its commit passes`);
    twin.comment("dev", "/interlock verify");
    return twin.number;
  }

  #rerequest(): void {
    const run = this.#ownRun(({ status }) => status === "completed");
    if (run === undefined) return;
    const login = this.#random.pick(people) ?? "dev";
    if (login !== "ria") this.#truth.allow(run.headSha);
    const whole = this.#random.chance(0.3);
    this.#say(`${login} re-runs ${whole ? "all" : run.name} of ${run.headSha.slice(0, 7)}`);
    if (whole) this.#world.shop.rerequestSuite(run.suite, login);
    else this.#world.shop.rerequest(run, login);
  }

  #press(): void {
    const run = this.#ownRun(({ actions }) => actions.length > 0);
    const label = this.#random.pick(run?.actions ?? [])?.label;
    if (run === undefined || label === undefined) return;
    const login = this.#random.pick(people) ?? "dev";
    this.#say(`${login} presses ${label} on ${run.name} of ${run.headSha.slice(0, 7)}`);
    this.#world.shop.press(run, label, login);
  }

  // ------------------------------------------------------------ branches with a plan

  #pushToRoad(): void {
    const branch = this.#random.chance(0.8) ? "main" : "release";
    const files = this.#change();
    // Anyone who approves may have written it.
    const author = this.#switches.has("production") && this.#random.chance(0.3) ? "mia" : "boss";
    const push = () => this.#world.shop.commit({ branch, files, author });
    this.#attempt(`${author} pushes ${Object.keys(files)} to ${branch}`, push);
  }

  /** The release branch becomes what main is: one commit on two branches. */
  #promote(): void {
    const { shop } = this.#world;
    this.#attempt("boss pushes main to release", () =>
      shop.push({ branch: "release", sha: shop.tip("main"), author: "boss" }),
    );
  }

  #changePlan(): void {
    const plan = this.#random.weighted([
      [4, this.#plans[0]],
      [4, this.#plans[1]],
      [3, this.#plans[2]],
      [1, this.#plans[3]],
      [1, this.#plans[4]],
    ]);
    const branch = this.#random.chance(0.8) ? "main" : "release";
    const { shop } = this.#world;
    if (plan === undefined || shop.file(planPath, branch) === (plan ?? undefined)) return;
    this.#say(`boss gives ${branch} plan ${this.#plans.indexOf(plan)}`);
    shop.commit({ branch, files: { [planPath]: plan }, author: "boss" });
  }

  // ------------------------------------------------------------ what seldom happens

  #vanish(): void {
    const run = this.#ownRun(() => true);
    if (run === undefined) return;
    this.#say(`${run.name} of ${run.headSha.slice(0, 7)} vanishes`);
    this.#truth.past.vanished.add(run.headSha);
    this.#world.shop.vanish(run);
  }

  /** A protected branch is opened for a moment, and goes back or to another commit on the one before. */
  #force(): void {
    const { shop } = this.#world;
    const branch = this.#random.chance(0.8) ? "main" : "release";
    const protection = shop.data.protection.get(branch);
    const [parent] = shop.data.store.commits.get(shop.tip(branch))?.parents ?? [];
    if (protection === undefined || parent === undefined) return;
    const files = this.#change();
    const beside = this.#random.chance(0.5);
    this.#attempt(`boss forces ${branch} ${beside ? "beside" : "back"}`, () => {
      shop.data.protection.delete(branch);
      try {
        shop.push({ branch, sha: parent, author: "boss" });
        if (beside) shop.commit({ branch, files, author: "boss" });
      } finally {
        shop.data.protection.set(branch, protection);
      }
    });
  }

  /** GitHub sends no event of it that Interlock hears. */
  #switchDefault(): void {
    const { data } = this.#world.shop;
    data.defaultBranch = data.defaultBranch === "main" ? "release" : "main";
    this.#say(`${data.defaultBranch} is the default branch`);
  }

  /** Another name, or the first one again where nobody has it. */
  #rename(): void {
    const { shop } = this.#world;
    const name = shop.data.name === "shop" ? "store" : "shop";
    this.#attempt(`the repository is renamed to ${name}`, () => {
      shop.rename(name, "boss");
      this.#truth.past.wasRenamed = true;
    });
  }

  /** Somebody brings a copy under the name that the repository had, with the same commits and a change of their own. */
  #takeName(): void {
    const { github, shop } = this.#world;
    if (shop.data.name === "shop" || copiesOf(this.#world).length > 0) return;
    this.#attempt("a copy takes the old name", () => {
      const copy = shop.fork("mallory");
      copy.rename("shop", "boss");
      copy.transfer("acme", "boss");
      copy.commit({ branch: "theirs", from: "main", files: { "src/b.js": "theirs" } });
      copy.openPull({ head: "theirs", base: "main" });
      const twin = this.#random.pick(this.#open.filter((one) => this.#isOwn(one)));
      if (twin === undefined) return;
      const { ref } = twin.handle.data.head;
      if (copy.data.refs.has(`heads/${ref}`) && ref !== "main")
        github.repository(copy.fullName).openPull({ head: ref, base: "main" });
    });
  }

  #archiveOrNot(): void {
    const { shop } = this.#world;
    this.#say(`the repository is ${shop.data.archived ? "in use again" : "archived"}`);
    if (shop.data.archived) shop.unarchive();
    else shop.archive();
  }

  #uninstallOrNot(): void {
    const { github, installation, shop } = this.#world;
    if (installation !== undefined && (this.#isTakenOut || this.#random.chance(0.5))) {
      this.#isTakenOut = !this.#isTakenOut;
      this.#say(
        `the repository is ${this.#isTakenOut ? "taken out of" : "put into"} the installation`,
      );
      this.#truth.past.wasAway = true;
      if (this.#isTakenOut) github.removeFromInstallation(installation, shop, "boss");
      else github.addToInstallation(installation, shop, "boss");
      return;
    }
    this.#say(installation === undefined ? "the app is installed again" : "the app is taken away");
    this.#truth.past.wasAway = true;
    if (installation === undefined)
      this.#world.installation = github.install({ account: shop.data.owner.login, by: "boss" });
    else {
      github.uninstall(installation, "boss");
      this.#world.installation = undefined;
    }
  }

  /** What had succeeded has failed. */
  #turn(): void {
    const { engine } = this.#world;
    const run = this.#random.pick(engine.all().filter(({ state }) => state === "succeeded"));
    if (run === undefined) return;
    this.#say(`${run.request.run.key} has failed after all`);
    engineOf(this.#world, run).turn(run);
  }

  // ------------------------------------------------------------ engines

  #engineMoves(): void {
    const world = this.#world;
    const live = world.engine.live();
    const run = this.#random.pick(live.filter((one) => !productionOf(world).isStill(one)));
    if (run === undefined) return;
    const engine = engineOf(world, run);
    this.#random.weighted<Act>([
      [12, () => engine.passIn(run, engine.stageOf(run))],
      [2, () => engine.failIn(run, engine.stageOf(run))],
      [0.3, () => this.#lose(run)],
      [1, () => run.stopsLate && engine.halt(run)],
    ])();
    const { key } = run.request.run;
    this.#say(`${key} is ${run.state} at ${run.stages.map(({ state }) => state)}`);
  }

  #lose(run: DoubleRun): void {
    this.#say(`${run.request.run.key} is lost`);
    this.#world.engine.lose(run);
  }

  // ------------------------------------------------------------ who and what

  /** Also one that is closed: that is where what landed is spoken of. */
  get #anyPull(): WorldPull | undefined {
    return this.#random.pick(this.#pulls);
  }

  get #open(): readonly WorldPull[] {
    return this.#pulls.filter(({ handle }) => handle.state === "open");
  }

  /** One whose branch somebody may push to. */
  #movable(): WorldPull | undefined {
    return this.#random.pick(this.#open.filter(({ handle }) => handle.data.head.ref !== "main"));
  }

  /** Whether it comes from the repository itself. */
  #isOwn({ handle }: WorldPull): boolean {
    return handle.data.head.repository === this.#world.shop.data;
  }

  #ownRun(which: (run: CheckRun) => boolean): CheckRun | undefined {
    const { shop, github } = this.#world;
    return this.#random.pick(
      [...shop.data.runs.values()].filter((run) => run.suite.app === github.app && which(run)),
    );
  }

  /** Some files with new contents, and now and then another plan. */
  #change(planned = 0): Record<string, string> {
    const files: Record<string, string> = {};
    for (let count = 1 + this.#random.below(2); count > 0; count -= 1) {
      this.#files += 1;
      const path = this.#random.weighted(paths.map((one, index) => [8 - index, one] as const));
      files[path] = `${this.#files}`;
    }
    if (this.#random.chance(planned))
      files[planPath] = this.#random.pick(this.#plans.slice(0, 4)) ?? "";
    return files;
  }

  /** What GitHub may refuse. */
  #attempt(what: string, act: () => unknown): void {
    try {
      act();
      this.#say(what);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.#say(`${what}: ${error.message}`);
    }
  }
}

function other({ handle }: WorldPull): string {
  return handle.data.base.ref === "main" ? "release" : "main";
}
