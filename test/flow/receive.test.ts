// The intake's own promises: what comes together shares a commit, an answer means stored, work makes room.

import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import type { Subject } from "../../src/core/model/event.ts";
import { limit } from "../../src/core/model/limit.ts";
import { openReceive } from "../../src/flow/receive.ts";
import type { Accepted, Delivery } from "../../src/ports/store.ts";
import { commit, hint, look, pull } from "../store/make.ts";
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

test("while one group is stored, others are that tell of other pull requests, and nothing else", async () => {
  const under = new Map<string, () => void>();
  const all: string[] = [];
  const store = {
    accept: async (deliveries: readonly Delivery[]) => {
      const guids = deliveries.map(({ guid }) => guid);
      all.push(...guids);
      await new Promise<void>((resolve) => under.set(guids.join(), resolve));
      under.delete(guids.join());
      return new Map(guids.map((guid): [string, Accepted] => [guid, "new"]));
    },
  };
  const { receive } = openReceive({ store, log: hearing(), groups: 2 });
  const of = (guid: string, ...subjects: Subject[]) => ({
    ...look(...subjects.map((one) => hint(one))),
    guid,
  });
  const answers: Promise<Accepted>[] = [];
  const stored = async (group: string | null, ...then: string[]) => {
    if (group !== null) under.get(group)?.();
    await expect.poll(() => [...under.keys()]).toEqual(then);
  };
  answers.push(receive(of("first", pull(1))));
  await stored(null, "first");
  answers.push(receive(of("other", pull(2), pull(3))));
  await stored(null, "first", "other");
  answers.push(
    receive(of("same", pull(4), pull(1))),
    receive(of("after", pull(5))),
    receive(of("push", commit("c"))),
    receive(of("last", pull(6))),
  );
  // What came first for a pull request is stored first, and so is what came before it.
  await stored("other", "first");
  await sleep(2 * limit.receive.gather_ms);
  await stored(null, "first");
  await stored("first", "same,after,push,last");
  answers.push(receive(of("late", pull(7))));
  await sleep(2 * limit.receive.gather_ms);
  await stored(null, "same,after,push,last");
  await stored("same,after,push,last", "late");
  await stored("late");
  expect(await Promise.all(answers)).toEqual(all.map(() => "new"));
  expect(all).toEqual(["first", "other", "same", "after", "push", "last", "late"]);
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
    event: look(hint({ kind: "pull", repository, number })).event,
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
