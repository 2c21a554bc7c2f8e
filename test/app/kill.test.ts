// SIGKILL at any point: whatever was answered with 2xx is worked on, and no execution starts twice.

import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { seededRandom } from "../../sandbox/github/random.ts";
import { eventually } from "./eventually.ts";
import { type Asked, gather } from "./kill.ts";
import { type App, spawnProgram, startApp } from "./process.ts";
import { openDatabase } from "./store.ts";
import { path, secret } from "./webhook.ts";
import { openWorld, type WorldOptions } from "./world.ts";

const rounds = 4;
/** Where replicas are possible, a process is taken for dead when it was silent for a minute. */
const patience_ms = 300_000;

test.concurrent.each([
  ["pglite", 5],
  ["postgres", 18],
] as const)(
  "on %s nothing is lost and nothing is doubled (seed %i)",
  async (store, seed) => {
    const doubled: string[] = [];
    await using world = await openWorld({
      store,
      files: {},
      observe: (...exchange) => doubled.push(...secondWhileOneIsOpen(...exchange)),
    });
    const { github, shop, environment } = world;
    const startsFile = `${world.folder}/starts`;
    shop.commit({ branch: "main", files: { ".github/interlock.yml": planThatTells(startsFile) } });
    const random = seededRandom(seed);
    const actors = gather(shop, random);

    // The port is another one after each start; GitHub's address for the program stays the same.
    let running: Promise<App> | null = null;
    github.sendWebhooksTo({
      secret,
      async deliver({ headers, body }) {
        if (running === null) throw new Error("Nobody listens");
        const { url } = await running;
        const answer = await fetch(`${url}${path}`, { method: "POST", headers, body });
        return { status: answer.status, body: await answer.text() };
      },
    });
    const start = async () => {
      running = startApp(environment);
      return await running;
    };

    for (let round = 1; round <= rounds; round++) {
      const app = await start();
      const fresh = actors.open();
      await eventually("green gate", () => fresh.check("interlock")?.conclusion === "success");
      actors.merge(fresh);
      for (let acts = random.next() * 12; acts > 0; acts--) {
        actors.act();
        await sleep(random.next() * 200);
      }
      running = null;
      await app.kill();
      actors.act();
      // Also in the middle of a start.
      await using early = spawnProgram(environment);
      await sleep(random.next() * 1_000);
      await early.kill();
    }

    const last = await start();
    const { pulls, comments, landed } = actors;
    for (const { number, head } of pulls.filter(({ state }) => state === "open"))
      await eventually(`final gate on ${number}`, () => gateOn(head)?.conclusion, patience_ms);
    for (const sha of landed)
      await eventually(`final gate on ${sha}`, () => gateOn(sha)?.conclusion, patience_ms);
    await eventually("end of every check", () => openChecks().length === 0, patience_ms);
    const asked = comments.filter((one) => one.pull.state === "open" && arrived(one));
    for (const one of asked)
      await eventually(`answer to ${one.comment.id}`, () => answersTo(one) > 0, patience_ms);
    await github.settled();
    expect(await last.terminate()).toEqual({ code: 0, signal: null });

    await using database = await openDatabase(world);
    const stored = await database.query<{ guid: string }>("select guid from interlock.delivery");
    const guids = new Set(stored.map(({ guid }) => guid));
    expect(taken().length).toBeGreaterThan(rounds);
    expect(taken().filter(({ guid }) => !guids.has(guid))).toEqual([]);

    const starts = (await readFile(startsFile, "utf8")).trim().split("\n");
    expect(starts.length).toBeGreaterThan(rounds);
    expect(starts.filter((line, index) => starts.indexOf(line) !== index)).toEqual([]);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((one) => answersTo(one) !== 1)).toEqual([]);
    expect(doubled).toEqual([]);
    const errors = last.log.filter(({ level }) => level >= 50).map(({ msg }) => msg);
    // Killed in the middle of each attempt, until it is given up.
    expect(errors).toEqual([]);
    expect(world.problems).toEqual([]);
    expect(github.unknownRequests).toEqual([]);

    function taken() {
      return github.deliveries.filter(({ statusCode }) => statusCode === 202);
    }

    function arrived({ comment }: Asked): boolean {
      return taken().some(
        ({ event, body }) => event === "issue_comment" && commentIn(body) === comment.id,
      );
    }

    function answersTo({ pull, comment }: Asked): number {
      const mark = `answer comment:${comment.id} `;
      return pull.comments().filter(({ body }) => body.includes(mark)).length;
    }

    function gateOn(sha: string) {
      return shop.checks(sha).get("interlock");
    }

    function openChecks() {
      return [...shop.data.runs.values()].filter(({ conclusion }) => conclusion === undefined);
    }

    /** A check that is created while the one before it is in progress: one of them nobody would end. */
    function secondWhileOneIsOpen(...[request, answer]: Exchange): readonly string[] {
      if (request.method !== "POST" || !request.url.endsWith("/check-runs")) return [];
      if (answer?.status !== 201) return [];
      const { id, name, head_sha } = answer.body as { id: number; name: string; head_sha: string };
      return openChecks()
        .filter((run) => run.id !== id && run.name === name && run.headSha === head_sha)
        .map((run) => `${run.name} on ${run.headSha}`);
    }
  },
  300_000,
);

type Exchange = Parameters<NonNullable<WorldOptions["observe"]>>;

/** Each start of a stage adds a line to the file, in one write. */
function planThatTells(file: string): string {
  const facts = ["PULL", "BRANCH", "PIPELINE", "PART", "SHA", "ATTEMPT", "STAGE"];
  const line = facts.map((name) => `$INTERLOCK_${name}`).join("|");
  const run = JSON.stringify(`echo "${line}" >> ${file}; sleep 0.2`);
  return `version: 1
pipelines:
  shop:
    branches: [main]
    verify:
      engine: local
      stages:
        - { name: build, run: ${run} }
        - { name: test, run: ${run} }
    release:
      engine: local
      stages:
        - { name: deploy, run: ${run} }
`;
}

function commentIn(body: string): number | undefined {
  const payload = JSON.parse(body) as { comment?: { id: number } };
  return payload.comment?.id;
}
