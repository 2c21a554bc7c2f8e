// Places go to those who wait, in their order, and only to them.

import { expect, test } from "vitest";
import { openPlaces } from "../../../src/engine/local/places.ts";

test("who leaves the line takes nobody's turn", async () => {
  const places = openPlaces(1);
  const order: string[] = [];
  const ask = (name: string) => {
    const place = places.ask();
    place.turn.then(() => order.push(name));
    return place;
  };
  const [a, b, c, d] = ["a", "b", "c", "d"].map(ask);
  expect([a, b, c, d].map((place) => place?.waits)).toEqual([false, true, true, true]);
  c?.leave();
  await null;
  expect(order).toEqual(["a"]);
  a?.leave();
  a?.leave();
  await null;
  expect(order).toEqual(["a", "b"]);
  b?.leave();
  await null;
  expect(order).toEqual(["a", "b", "d"]);
  d?.leave();
  expect(places.ask().waits).toBe(false);
});
