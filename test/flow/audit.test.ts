// The audit trail of a whole scenario, as `npm run audit` prints it.

import { expect, test } from "vitest";
import type { AuditEntry } from "../../src/ports/audit.ts";
import { auditTrail } from "../../src/store/audit.ts";
import { storeFor } from "../store/databases.ts";
import { liveRun, merged, releaseCheck } from "../world/production.ts";
import { openWorld, type World } from "../world/world.ts";

const at = storeFor("pglite");

async function read(): Promise<readonly AuditEntry[]> {
  const entries: AuditEntry[] = [];
  const trail = auditTrail(at().database);
  for await (const entry of trail.entries({ since: 0, repository: null })) entries.push(entry);
  return entries;
}

/** One line for each: what, by whom, from where, and what became of it. */
function lineOf({ kind, who, from, outcome }: AuditEntry): string {
  const key = from.key?.split(":")[0];
  return `${kind} ${outcome} by ${who} from ${from.source}${key === undefined ? "" : ` (${key})`}`;
}

test("tells who had what done, from where, and what became of it", async () => {
  const opened: World[] = [];
  const { w, pull, sha } = await merged(async (settings) => {
    const world = await openWorld(at(), settings);
    opened.push(world);
    return world;
  });
  const run = liveRun(w);
  w.sharedEngine.wait(run);
  await w.advance("1m");

  // Somebody who may not, then two who may.
  pull.comment("ria", "/interlock approve shop OneBox");
  await w.settle();
  w.shop.press(releaseCheck(w, sha), "Approve", "mia");
  await w.settle();
  w.sharedEngine.goOn(run);
  w.sharedEngine.pass(["OneBox", "Production"]);
  await w.settle();
  pull.comment("mia", "/interlock rollback shop");
  await w.settle();
  w.sharedEngine.endRollback("succeeded");
  await w.settle();
  const next = w.pushTo("main", { "src/a.js": "next" });
  await w.advance("15m");
  w.shop.press(releaseCheck(w, next), "Stop", "boss");
  await w.advance("1m");

  const entries = await read();
  expect(entries.map(lineOf)).toEqual([
    // The pull request, and its release.
    "start intended by interlock from interlock",
    "start started by interlock from interlock",
    "end succeeded by null from local (double)",
    "start intended by interlock from interlock",
    "start started by interlock from interlock",

    "command received by ria from comment (comment)",
    "answer refused by ria from comment (comment)",

    "command received by mia from button (check)",
    "approval done by mia from button (check)",
    "answer done by mia from button (check)",
    "end succeeded by null from codepipeline (double)",

    "command received by mia from comment (comment)",
    "rollback intended by mia from comment (comment)",
    "rollback running by mia from comment (comment)",
    "answer done by mia from comment (comment)",
    "rollback succeeded by mia from comment (comment)",

    // The next release.
    "start intended by interlock from interlock",
    "start started by interlock from interlock",
    "command received by boss from button (check)",
    "stop asked by boss from button (check)",
    "answer done by boss from button (check)",
    "end stopped by null from codepipeline (double)",
  ]);
  const repository = "acme/shop";
  for (const entry of entries) expect(entry).toMatchObject({ repository, at: expect.any(String) });

  // Whatever a person caused names the delivery that brought it.
  const persons = entries.filter(({ from }) => ["comment", "button"].includes(from.source));
  for (const { from } of persons) expect(from.delivery).toEqual(expect.any(String));
  expect(new Set(persons.map(({ from }) => from.delivery)).size).toBe(4);

  const of = (kind: AuditEntry["kind"]) => entries.filter((entry) => entry.kind === kind);
  expect(of("answer")[0]?.detail).toMatchObject({
    commands: [{ kind: "approve", pipeline: "shop", stage: "OneBox" }],
    outcomes: [{ kind: "refused", text: expect.any(String) }],
  });
  expect(of("approval")[0]?.detail).toMatchObject({
    pipeline: "shop",
    part: "release",
    sha,
    attempt: 1,
    act: { stage: "OneBox", state: "done" },
  });
  expect(of("rollback").at(-1)?.detail).toMatchObject({ from: sha });
  expect(of("stop")[0]?.detail).toMatchObject({ sha: next, reason: "person:boss" });
  await opened[0]?.end();
});

test("tells of comments with commands that were not taken for any", async () => {
  const opened: World[] = [];
  const { w, pull } = await merged(async (settings) => {
    const world = await openWorld(at(), settings);
    opened.push(world);
    return world;
  });
  pull.comment("dev", "/interlock stop");
  pull.comment("dev", "Thanks!");
  await w.settle();
  const ignored = (await read()).filter(({ outcome }) => outcome.startsWith("ignored"));
  expect(ignored.map(lineOf)).toEqual([
    "command ignored: closed_pull_request by null from delivery",
  ]);
  expect(ignored[0]?.from.delivery).toEqual(expect.any(String));
  await opened[0]?.end();
});
