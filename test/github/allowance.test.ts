// Replicas share one budget of each installation: together they stay within what GitHub allows.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { type Allowance, openAllowance } from "../../src/github/allowance.ts";
import { storeFor, storeKinds } from "../store/databases.ts";

const { points, window_ms, read_points, write_points, slice } = limit.github;

test.each(storeKinds.map((kind) => [kind, storeFor(kind)] as const))(
  "two replicas on %s never spend more than one may, and an installation takes nothing of another",
  async (_, at) => {
    let now = 1_000_000;
    const replicas = [1, 2].map(() => openAllowance(at().store.takePoints, () => now));
    const spent: { readonly at: number; readonly points: number }[] = [];
    const inWindow = () =>
      spent.filter((one) => one.at > now - window_ms).reduce((sum, one) => sum + one.points, 0);
    const use = async (replica: Allowance, kind: "read" | "gate") => {
      const until = await replica.draw(7, kind);
      if (until === null)
        spent.push({ at: now, points: kind === "read" ? read_points : write_points });
      return until;
    };
    let most = 0;
    for (let second = 0; second < 150; second += 1) {
      for (const replica of replicas)
        for (let turn = 0; turn < 8; turn += 1) {
          await use(replica, "gate");
          await use(replica, "read");
        }
      most = Math.max(most, inWindow());
      now += 1_000;
    }
    expect(most).toBeLessThanOrEqual(points);
    // And they do not leave much of it unused.
    expect(most).toBeGreaterThan(points * 0.8);
    expect(await replicas[0]?.draw(8, "gate")).toBeNull();
  },
);

test("a busy replica asks seldom, and one alone never", async () => {
  const asked: number[] = [];
  const take = async (wanted: { points: number }) => {
    asked.push(wanted.points);
    return true;
  };
  const busy = openAllowance(take, () => 1);
  await Promise.all(Array.from({ length: 300 }, () => busy.draw(7, "read")));
  expect(asked.slice(0, 5)).toEqual([5, 10, 20, 40, 40]);
  expect(asked.length).toBeLessThan(12);
  expect(await openAllowance(null, () => 1).draw(7, "gate")).toBeNull();
});

test("what was refused is asked for again after a moment, and not before", async () => {
  let now = 1_000;
  let asked = 0;
  const allowance = openAllowance(
    async () => {
      asked += 1;
      return asked > 1;
    },
    () => now,
  );
  expect(await allowance.draw(7, "read")).toBe(now + slice.again_ms);
  expect(await allowance.draw(7, "read")).toBe(now + slice.again_ms);
  expect(asked).toBe(1);
  now += slice.again_ms;
  expect(await allowance.draw(7, "read")).toBeNull();
});
