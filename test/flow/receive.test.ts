// The intake's own promises: what comes together shares a commit, an answer means stored, work makes room.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { openReceive } from "../../src/flow/receive.ts";
import type { Accepted, Delivery } from "../../src/ports/store.ts";
import { look, sight } from "../store/make.ts";
import { hearing } from "../store/silent.ts";

test("deliveries that come at the same time share a commit", async () => {
  const store = slowStore();
  const { receive } = openReceive({ store, log: hearing() });
  const answers = Promise.all(["a", "b", "c"].map((guid) => receive(delivery(guid))));
  await store.asked(1);
  const late = receive(delivery("d"));
  store.commit();
  expect(await answers).toEqual(["new", "new", "new"]);
  await store.asked(2);
  store.commit();
  expect(await late).toBe("new");
  expect(store.groups).toEqual([["a", "b", "c"], ["d"]]);
});

test("nothing is answered before it is stored", async () => {
  const store = slowStore();
  const { receive } = openReceive({ store, log: hearing() });
  let answered = false;
  const answer = receive(delivery("a")).finally(() => {
    answered = true;
  });
  await store.asked(1);
  await sleep(20);
  expect(answered).toBe(false);
  store.commit();
  await answer;
});

test("a delivery that cannot be stored is refused, and its neighbours are stored", async () => {
  const groups: string[][] = [];
  const accept = async (deliveries: readonly Delivery[]) => {
    groups.push(deliveries.map(({ guid }) => guid));
    if (deliveries.some(({ guid }) => guid === "bad")) throw new Error("No");
    return new Map(deliveries.map(({ guid }): [string, Accepted] => [guid, "new"]));
  };
  const log = hearing();
  const { receive } = openReceive({ store: { accept }, log });
  const answers = await Promise.allSettled(
    ["a", "bad", "b"].map((guid) => receive(delivery(guid))),
  );
  expect(answers.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(log.heard.map(({ message }) => message)).toEqual(["A delivery could not be stored"]);
});

test("other work waits while deliveries pour in, one at a time, and goes on after it", async () => {
  const store = slowStore();
  const { receive, calm } = openReceive({ store, log: hearing() });
  await calm(1);
  const many = Array.from({ length: limit.receive.pouring }, (_, turn) => `guid-${turn}`);
  const answers = Promise.all(many.map((guid) => receive(delivery(guid))));
  await store.asked(1);
  const gone: string[] = [];
  const works = ["first", "second", "third"].map((name) => calm(1).then(() => gone.push(name)));
  await sleep(0);
  expect(gone).toEqual([]);
  // The commit takes so long that one of them is let go.
  await works[0];
  expect(gone).toEqual(["first"]);
  store.commit();
  await answers;
  await Promise.all(works);
  expect(gone).toEqual(["first", "second", "third"]);
  await calm(1);
});

test("who floods waits for the flood, and nobody else does", async () => {
  const store = slowStore();
  const { receive, calm } = openReceive({ store, log: hearing() });
  const [busy, innocent] = [7, 8];
  const repository = { installation: busy, owner: "busy", name: "shop" };
  const flood = Array.from({ length: limit.receive.pouring }, (_, number) => ({
    ...delivery(`guid-${number}`),
    event: look(sight({ kind: "pull", repository, number })).event,
  }));
  const answers = Promise.all(flood.map((one) => receive(one)));
  await store.asked(1);
  const gone: string[] = [];
  const flooder = calm(busy).then(() => gone.push("flooder"));
  await calm(innocent);
  expect(gone).toEqual([]);
  store.commit();
  await answers;
  await flooder;
});

function delivery(guid: string): Delivery {
  return {
    guid,
    name: "ping",
    action: null,
    receivedAt: 0,
    event: { kind: "ignored", reason: "unknown_event" },
  };
}

/** Commits when told to. */
function slowStore() {
  const groups: string[][] = [];
  let commit = () => {};
  let hear = () => {};
  return {
    groups,
    accept: (deliveries: readonly Delivery[]) => {
      groups.push(deliveries.map(({ guid }) => guid));
      hear();
      return new Promise<ReadonlyMap<string, Accepted>>((resolve) => {
        commit = () => resolve(new Map(deliveries.map(({ guid }) => [guid, "new"])));
      });
    },
    commit: () => commit(),
    async asked(times: number): Promise<void> {
      while (groups.length < times)
        await new Promise<void>((resolve) => {
          hear = resolve;
        });
    },
  };
}
