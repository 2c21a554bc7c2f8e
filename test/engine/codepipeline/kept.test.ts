// What stays in memory of executions: all of what runs, little of what has ended.

import { expect, test } from "vitest";
import { limit } from "../../../src/core/model/limit.ts";
import { isSameEnd, openKept } from "../../../src/engine/codepipeline/kept.ts";
import type { Reading } from "../../../src/engine/codepipeline/reading.ts";

const { ended, readings } = limit.codepipeline;

function reading(state: "running" | "failed", of: Partial<Reading> = {}): Reading {
  return {
    readAt: 1,
    deepAt: 1,
    heard: 0,
    status: state === "running" ? "InProgress" : "Failed",
    updatedAt: 5,
    runs: [],
    structure: {
      version: 1,
      type: "V2",
      mode: "QUEUED",
      createdAt: null,
      updatedAt: null,
      variables: [],
      sources: [],
      stages: [],
    },
    fresh: false,
    evidence: new Map(),
    observation: { state, why: "", stages: [], endedAt: state === "running" ? null : 5 },
    stray: false,
    final: state !== "running",
    ...of,
  };
}

test("of what has ended the last are kept whole, and of the others how they ended", () => {
  const kept = openKept();
  for (let n = 0; n <= ended; n += 1) kept.put(String(n), reading("failed"));
  expect(kept.get("1")).toMatchObject({ status: "Failed" });
  expect(kept.get("0")).toBeUndefined();
  const first = { readAt: 1, status: "Failed", updatedAt: 5, version: null };
  expect(kept.ending("0")).toEqual(first);
  // Whether all its reports were read or not.
  kept.put("late", reading("failed", { final: false }));
  expect(kept.get("1")).toBeUndefined();
  expect([...kept.underWay()]).toEqual([]);
});

test("what runs stays beside it, and what runs again is forgotten as an end", () => {
  const kept = openKept();
  kept.put("one", reading("running"));
  for (let n = 0; n <= ended; n += 1) kept.put(String(n), reading("failed"));
  expect(kept.get("one")).toMatchObject({ status: "InProgress" });
  expect(kept.ending("one")).toBeUndefined();
  kept.put("0", reading("running"));
  expect(kept.ending("0")).toBeUndefined();
  expect([...kept.underWay()]).toHaveLength(2);
  kept.drop("0");
  expect(kept.get("0")).toBeUndefined();
});

test("there is an end to both", () => {
  const kept = openKept();
  const ending = { readAt: 1, status: "Failed", updatedAt: 5, version: null };
  for (let n = 0; n <= readings; n += 1) {
    kept.put(`runs ${n}`, reading("running"));
    kept.note(`ended ${n}`, ending);
  }
  expect([...kept.underWay()]).toHaveLength(readings);
  expect(kept.get("runs 0")).toBeUndefined();
  expect(kept.ending("ended 0")).toBeUndefined();
  expect(kept.ending("ended 1")).toEqual(ending);
});

test("an end is the same by its status and its time, as far as AWS tells them", () => {
  const summary = {
    id: "1",
    status: "Failed",
    startedAt: 1,
    updatedAt: 5,
    revisions: [],
    trigger: { type: "", detail: "" },
    note: "",
    stopReason: "",
    type: "STANDARD",
    target: null,
  } as const;
  const ending = { readAt: 1, status: "Failed", updatedAt: 5, version: null };
  expect(isSameEnd(ending, summary)).toBe(true);
  expect(isSameEnd(ending, { ...summary, updatedAt: 6 })).toBe(false);
  expect(isSameEnd(ending, { ...summary, status: "Succeeded" })).toBe(false);
  expect(isSameEnd({ ...ending, updatedAt: null }, summary)).toBe(true);
  expect(isSameEnd(ending, { ...summary, updatedAt: 0 })).toBe(true);
});
