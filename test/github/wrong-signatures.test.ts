// Webhooks that are not signed with our secret: told once a minute, with their count and nothing that was sent.

import { createHmac } from "node:crypto";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { answerHook, type Hook } from "../../src/github/hook.ts";
import { openWrongSignatures } from "../../src/github/wrong-signatures.ts";
import type { Log } from "../../src/ports/log.ts";
import type { Delivery } from "../../src/ports/store.ts";
import { hearing } from "../store/silent.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const secret = "the secret of the tests";
const evil = 'evil\n{"level":60}';

function hookWith(log: Log, receive: (delivery: Delivery) => Promise<"new">) {
  const unsigned = openWrongSignatures(log);
  const outcomes: string[] = [];
  const meter = { delivery: (outcome: string) => void outcomes.push(outcome) };
  const hook: Hook = {
    secrets: [secret],
    receive,
    appId: 1,
    clock: Date.now,
    log,
    unsigned,
    meter,
  };
  const post = async (signature: string | undefined, body = evil) =>
    await answerHook(hook, {
      headers: {
        "x-github-delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        "x-github-event": "ping",
        "content-type": "application/json",
        ...(signature !== undefined && { "x-hub-signature-256": signature }),
      },
      body: async ({ seen, verified }) => {
        const bytes = Buffer.from(body);
        seen?.(bytes);
        return verified?.() === false ? { kind: "unverified" } : { kind: "whole", text: body };
      },
    });
  return { post, outcomes, unsigned };
}

const signed = (body: string, by = secret) =>
  `sha256=${createHmac("sha256", by).update(body).digest("hex")}`;

test("one warning a minute says how many there were", async () => {
  const log = hearing();
  const { post, outcomes, unsigned } = hookWith(log, async () => "new");
  for (const signature of [signed(evil, "another"), undefined, evil, signed(evil, "a third")])
    expect((await post(signature))?.status).toBe(401);
  // The first is told at once, the others with their count.
  expect(log.heard.map(({ fields }) => fields)).toEqual([{ count: 1, wrong: 1, missing: 0 }]);
  await vi.advanceTimersByTimeAsync(limit.receive.unsigned_ms);
  expect(log.heard[1]?.fields).toEqual({ count: 3, wrong: 2, missing: 1 });
  await vi.advanceTimersByTimeAsync(10 * limit.receive.unsigned_ms);
  expect(log.heard).toHaveLength(2);
  await post(undefined);
  expect(log.heard[2]?.fields).toEqual({ count: 1, wrong: 0, missing: 1 });
  await post(undefined);
  unsigned.stop();
  expect(log.heard).toHaveLength(4);
  expect(JSON.stringify(log.heard)).not.toContain("evil");
  for (const { level, message } of log.heard) {
    expect(level).toBe("warn");
    expect(message).toContain("WEBHOOK_SECRET");
  }
  expect(new Set(outcomes)).toEqual(new Set(["unsigned"]));
});

test("what is said of a delivery carries its id", async () => {
  const log = hearing();
  const { post, outcomes } = hookWith(log, async () => {
    throw new Error("The database is away");
  });
  const body = JSON.stringify({ zen: "Keep it logically awesome." });
  expect((await post(signed(body), body))?.status).toBe(503);
  expect(log.heard).toHaveLength(1);
  expect(log.heard[0]?.fields).toMatchObject({ delivery: "72d3162e-cc78-11e3-81ab-4c9367dc0958" });
  expect(outcomes).toEqual(["failed"]);
});
