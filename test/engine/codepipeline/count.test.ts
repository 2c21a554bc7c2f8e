// Every request to AWS is counted, by its service and by what came back, no matter who in the program makes it.

import { expect, test } from "vitest";
import type { AwsMeter } from "../../../src/aws/count.ts";
import { limit } from "../../../src/core/model/limit.ts";
import { junit, tested } from "./tested.ts";
import { openWorld, type World } from "./world.ts";

function openMeter() {
  const counts = new Map<string, number>();
  const meter: AwsMeter = {
    aws: (service, outcome) => {
      const key = `${service} ${outcome}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    },
  };
  return { meter, counted: () => Object.fromEntries(counts) };
}

/** As AWS itself has counted what arrived there. */
function arrived(w: World): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const [action, count] of Object.entries(w.calls())) {
    const key = `${action.split(":")[0]} ok`;
    counts[key] = (counts[key] ?? 0) + count;
  }
  return counts;
}

test("of every service that an execution needs, as many as AWS has seen", async () => {
  const { meter, counted } = openMeter();
  const { w, look } = await tested(
    { kind: "fail", log: ["boom"], files: { "junit.xml": junit } },
    { reports: ["junit.xml", "more.xml"], meter },
  );
  await look();
  expect(counted()).toEqual(arrived(w));
  expect(Object.keys(counted()).sort()).toEqual([
    "codebuild ok",
    "codepipeline ok",
    "logs ok",
    "s3 ok",
    "sts ok",
  ]);
});

test("one that was repeated counts each time, and by what came back", async () => {
  const { meter, counted } = openMeter();
  const w = await openWorld({ meter });
  const id = await w.start();
  const before = counted();
  w.aws.faults.onRequest({
    operation: "ListPipelineExecutions",
    fault: { kind: "throttled" },
    times: limit.codepipeline.attempts - 1,
  });
  await w.see(id);
  expect(counted()["codepipeline throttled"]).toBe(limit.codepipeline.attempts - 1);
  expect(counted()["codepipeline ok"]).toBeGreaterThan(before["codepipeline ok"] ?? 0);
});

test("what AWS refuses is told from what gives no answer", async () => {
  const { meter, counted } = openMeter();
  const w = await openWorld({ meter, role: { allow: ["s3:*"] } });
  await w.engine.start(w.request({}));
  expect(counted()).toMatchObject({ "sts ok": 1, "codepipeline refused": 1 });

  const stranger = openMeter();
  const other = await openWorld({ meter: stranger.meter, role: { externalId: "acme/other" } });
  await other.engine.start(other.request({}));
  // Without credentials nothing went out to the service itself.
  expect(stranger.counted()).toEqual({ "sts refused": 1 });
});
