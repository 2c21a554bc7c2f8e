// Places go to those who wait, in their order, and fairly between installations.

import { expect, test } from "vitest";
import { openPlaces, type Place, type PlacesOrder } from "../../../src/engine/local/places.ts";

/** A line whose members are called by their installation and a number: `a1`, `b1`. */
function line(order: Partial<PlacesOrder> = {}) {
  const places = openPlaces({ count: 1, each: 9, hold_ms: 1e9, ...order });
  const served: string[] = [];
  const givenUp: string[] = [];
  const held = new Map<string, Place>();
  return {
    served,
    givenUp,
    ask(...names: readonly string[]) {
      for (const name of names) {
        const installation = name.charCodeAt(0);
        const place = places.ask({ installation, giveUp: () => givenUp.push(name) });
        place.turn.then(() => served.push(name));
        held.set(name, place);
      }
    },
    waits: (name: string) => held.get(name)?.waits,
    async leave(name: string) {
      held.get(name)?.leave();
      await null;
      return served.at(-1);
    },
  };
}

test("who leaves the line takes nobody's turn", async () => {
  const { ask, leave, waits, served } = line();
  ask("a1", "a2", "a3", "a4");
  expect(["a1", "a2", "a3", "a4"].map(waits)).toEqual([false, true, true, true]);
  expect(await leave("a3")).toBe("a1");
  await leave("a1");
  expect(await leave("a1")).toBe("a2");
  expect(await leave("a2")).toBe("a4");
  await leave("a4");
  expect(served).toEqual(["a1", "a2", "a4"]);
  ask("a5");
  expect(waits("a5")).toBe(false);
});

test("installations take turns, however many runs one of them has in line", async () => {
  const { ask, leave, served } = line();
  ask("a1", "a2", "a3", "a4", "b1", "c1", "b2");
  for (const name of ["a1", "b1", "c1", "a2", "b2", "a3"]) await leave(name);
  expect(served).toEqual(["a1", "b1", "c1", "a2", "b2", "a3", "a4"]);
});

test("one installation never has all places", async () => {
  const { ask, leave, waits, served } = line({ count: 3, each: 2 });
  ask("a1", "a2", "a3", "b1");
  expect(["a1", "a2", "a3", "b1"].map(waits)).toEqual([false, false, true, false]);
  expect(await leave("b1")).toBe("b1");
  expect(await leave("a2")).toBe("a3");
  expect(served).toHaveLength(4);
});

test("a place that was held for long is given up when an installation without one waits", async () => {
  const { ask, leave, givenUp } = line({ count: 3, each: 2, hold_ms: 0 });
  ask("a1", "a2", "a3", "b1");
  // Anyone who waits has a place already.
  expect(givenUp).toEqual([]);
  ask("c1", "c2");
  // Of the installation that has the most, and one place is enough for it.
  expect(givenUp).toEqual(["a1"]);
  expect(await leave("a1")).toBe("c1");
  expect(givenUp).toEqual(["a1"]);
  ask("d1");
  expect(givenUp).toHaveLength(2);
});

test("nothing is given up before its time", () => {
  const { ask, givenUp, waits } = line();
  ask("a1", "b1");
  expect(waits("b1")).toBe(true);
  expect(givenUp).toEqual([]);
});
