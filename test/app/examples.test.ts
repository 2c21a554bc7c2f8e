// Every example payload that GitHub publishes, delivered signed to the running program.

import { createRequire } from "node:module";
import { expect, test } from "vitest";
import { eventually } from "./eventually.ts";
import { openDatabase } from "./store.ts";
import { deliver } from "./webhook.ts";
import { openWorld } from "./world.ts";

interface Payload {
  readonly installation?: object;
  readonly check_run?: object;
  readonly check_suite?: object;
}
const definitions: readonly { readonly name: string; readonly examples: readonly Payload[] }[] =
  createRequire(import.meta.url)("@octokit/webhooks-examples");
const examples = definitions.flatMap(({ name, examples }) =>
  examples.map((payload) => ({ name, payload })),
);

test("each of GitHub's examples is answered with 2xx, and none leaves an error behind", async () => {
  await using world = await openWorld();
  const { github } = world;
  const app = await world.start();
  await using database = await openDatabase(world);
  const [installation] = github.world.installations.values();
  expect(examples.length).toBeGreaterThan(300);

  const deliverAll = async (change: (payload: Payload) => Payload) => {
    for (const { name, payload } of examples) {
      const answer = await deliver(app, { event: name, body: JSON.stringify(change(payload)) });
      expect({ name, status: answer.status }).toEqual({ name, status: 202 });
    }
  };
  await deliverAll((payload) => payload);
  // Most examples come from webhooks of repositories. An App is told its installation, too; this
  // one is let in at GitHub, finds no such repository there, and hears of checks of its own.
  const own = { app: { id: github.app.id } };
  await deliverAll((payload) => ({
    ...payload,
    installation: { ...payload.installation, id: installation?.id },
    ...(payload.check_run && { check_run: { ...payload.check_run, ...own } }),
    ...(payload.check_suite && { check_suite: { ...payload.check_suite, ...own } }),
  }));

  await eventually("end of the work", async () => {
    const [row] = await database.query<{ count: number }>(
      "select count(*) as count from pgboss.job where state in ('created', 'retry', 'active')",
    );
    return row?.count === 0;
  });
  expect(app.log.filter(({ level }) => level >= 50)).toEqual([]);
  // What GitHub does not show yet is looked at again, so a job may wait by now; none has failed.
  const over = "select * from pgboss.job where state in ('failed', 'cancelled') or retry_count > 0";
  expect(await database.query(over)).toEqual([]);

  // It did ask, as GitHub's description allows: whose the names are, and nothing of what is not there.
  expect(github.log.byRoute()).toMatchObject({
    "GET /installation/repositories": expect.any(Number),
    "GET /repos/{owner}/{repo}/contents/{path}": expect.any(Number),
  });
  expect(world.problems).toEqual([]);
  expect(github.unknownRequests).toEqual([]);

  const outcomes = await database.query<{ outcome: string }>(
    "select outcome from interlock.delivery where event = 'pull_request' group by outcome order by 1",
  );
  expect(outcomes.map(({ outcome }) => outcome)).toEqual([
    "ignored: no_installation",
    "ignored: unknown_action",
    "look",
  ]);
});
