// The intake: what a group of deliveries leaves in the store, on both databases.

import { describe, expect, test } from "vitest";
import { removalKey, subjectKey } from "../../src/core/model/event.ts";
import { storeFor, storeKinds } from "./databases.ts";
import { commit, delivery, hint, look, pendingCommand, pull, record, sha, shop } from "./make.ts";

describe.each(storeKinds)("deliveries on %s", (kind) => {
  const at = storeFor(kind);

  function wakeAt(now: number): Promise<number | null> {
    at().time.now = () => now;
    return at().store.wakeDue();
  }

  async function waitingKeys(): Promise<readonly string[]> {
    const jobs = await at().queue.take(100);
    return jobs.map(({ key }) => key).sort();
  }

  test("a new delivery leaves its subject and a job", async () => {
    const one = look(hint(pull(12), sha("a")));
    expect(await at().store.accept([one])).toEqual(new Map([[one.guid, "new"]]));
    expect(await at().store.subject(subjectKey(pull(12)))).toEqual({
      key: "pull:octo/shop#12",
      epoch: 0,
      subject: pull(12),
      heardAt: 1_000,
      heard: expect.any(Number),
      head: sha("a"),
      before: null,
      base: null,
      open: true,
      createdAt: 1_000,
      dueAt: null,
      failures: 0,
      verdict: null,
      verdictSha: null,
    });
    const [job] = await at().queue.take(10);
    expect(job).toMatchObject({
      key: "pull:octo/shop#12",
      installation: 7,
      delivery: one.guid,
    });
  });

  test("a job names the delivery that made it necessary, and none where it was no delivery", async () => {
    const seen = [look(hint(pull(1))), look(hint(pull(2)))];
    const asked = delivery({
      kind: "intend",
      target: pull(3),
      request: pendingCommand("comment:1"),
    });
    await at().store.accept([...seen, asked]);
    const jobs = await at().queue.take(10);
    expect(new Map(jobs.map((job) => [job.key, job.delivery]))).toEqual(
      new Map(
        [pull(1), pull(2), pull(3)].map((one, index) => [
          subjectKey(one),
          [...seen, asked][index]?.guid,
        ]),
      ),
    );
    for (const job of jobs) await at().queue.done(job);
    await at().store.see([hint(pull(1))], 2_000);
    const [woken] = await at().queue.take(10);
    expect(woken).toMatchObject({ key: subjectKey(pull(1)) });
    expect(woken).not.toHaveProperty("delivery");
  });

  test("what deliveries told of a branch and a pull request is kept, whatever else is seen of them", async () => {
    const main = { kind: "branch", branch: "main" } as const;
    const first = { kind: "pull", number: 1 } as const;
    const pushed = (before: string, after: string) => ({
      ...hint(commit(after), sha(after)),
      before: sha(before),
      told: { kind: "push" as const, before: sha(before), after: sha(after) },
    });
    const shown = { updatedAt: 5_000, head: sha("b"), base: "main", state: "open" } as const;
    const opened = { kind: "pull", shown, left: { head: null, base: null } } as const;
    expect(await at().store.told(shop, main)).toBe(null);
    // In one group, and in several: the same comes of it.
    await at().store.accept([look(pushed("a", "b")), look(pushed("b", "c"))]);
    await at().store.accept([look({ ...hint(pull(1), sha("b")), told: opened })]);
    await at().store.accept([look(pushed("c", "b"))]);
    await at().store.accept([look(pushed("a", "b"))]);
    const heard = await at().store.told(shop, main);
    expect(heard?.bound).toEqual({
      kind: "branch",
      at: 1_000,
      head: { now: sha("b"), left: [sha("a"), sha("c")] },
    });
    expect((await at().store.moment()).number).toBeGreaterThan(heard?.heard ?? Infinity);
    // What is found at GitHub is an answer of GitHub itself.
    await at().store.see([hint(commit("d"), sha("d")), hint(pull(1), sha("d"))], 2_000);
    expect((await at().store.told(shop, main))?.bound).toEqual(heard?.bound);
    expect((await at().store.told(shop, first))?.bound).toMatchObject({ updatedAt: 5_000 });
    await at().store.forget(shop);
    expect(await at().store.told(shop, first)).toBe(null);
  });

  test("a delivery that is known does nothing", async () => {
    const one = look(hint(pull(1), sha("a")));
    await at().store.accept([one]);
    for (const job of await at().queue.take(10)) await at().queue.done(job);
    const again = { ...one, event: look(hint(pull(1), sha("b"))).event };
    expect(await at().store.accept([again])).toEqual(new Map([[one.guid, "known"]]));
    expect((await at().store.subject(subjectKey(pull(1))))?.head).toBe(sha("a"));
    expect(await waitingKeys()).toEqual([]);
  });

  test("a delivery that is twice in one group counts once", async () => {
    const one = look(hint(pull(1), sha("a")));
    const other = look(hint(pull(1), sha("b")));
    expect(await at().store.accept([one, other, one])).toEqual(
      new Map([
        [one.guid, "new"],
        [other.guid, "new"],
      ]),
    );
    expect((await at().store.subject(subjectKey(pull(1))))?.head).toBe(sha("b"));
  });

  test("the known ones of a list can be told", async () => {
    const one = look(hint(pull(1)));
    await at().store.accept([one]);
    expect(await at().store.knownDeliveries([one.guid, "other"])).toEqual(new Set([one.guid]));
    expect(await at().store.knownDeliveries([])).toEqual(new Set());
  });

  test("an ignored delivery is stored and wakes nobody", async () => {
    const one = delivery({ kind: "ignored", reason: "unknown_event" });
    expect(await at().store.accept([one])).toEqual(new Map([[one.guid, "new"]]));
    expect(await at().store.accept([one])).toEqual(new Map([[one.guid, "known"]]));
    expect(await waitingKeys()).toEqual([]);
  });

  test("the time of what arrives is the store's, however wrong the clock of the process is", async () => {
    const late = 60 * 60_000;
    at().time.now = () => late;
    await at().store.accept([look(hint(pull(1), sha("a")))]);
    const request = { ...pendingCommand("comment:1"), writtenAt: 400 };
    await at().store.accept([delivery({ kind: "intend", target: pull(1), request })]);
    const key = subjectKey(pull(1));
    expect(await at().store.subject(key)).toMatchObject({ createdAt: late, heardAt: late });
    // It was 600 ms old when it arrived.
    const [asked] = await at().store.requests(key);
    expect(asked?.askedAt).toBe(late - 600);
  });

  test("an empty group is nothing", async () => {
    expect(await at().store.accept([])).toEqual(new Map());
    await at().store.see([], 1);
    await at().store.wake([]);
  });

  test("many deliveries for few subjects leave one job for each subject", async () => {
    const group = Array.from({ length: 60 }, (_, index) => look(hint(pull(index % 3), sha("a"))));
    await at().store.accept(group);
    expect(await waitingKeys()).toEqual([0, 1, 2].map((number) => subjectKey(pull(number))));
  });

  test("a hint that is missing takes nothing away", async () => {
    const before = sha("9");
    await at().store.accept([
      look({ subject: pull(1), head: sha("a"), before }),
      look({ subject: pull(1), head: null, before: null }),
    ]);
    await at().store.accept([look({ subject: pull(1), head: null, before: sha("8") })]);
    expect(await at().store.subject(subjectKey(pull(1)))).toMatchObject({ head: sha("a"), before });
  });

  test("an event opens a closed subject and tells when it was heard of", async () => {
    await at().store.accept([look(hint(pull(1), sha("a")))]);
    await at().store.record(record(pull(1), { open: false, base: "main" }));
    const later = { ...look(hint(pull(1), sha("b"))), receivedAt: 5_000 };
    const late = { ...look(hint(pull(1))), receivedAt: 3_000 };
    await at().store.accept([later]);
    await at().store.accept([late]);
    expect(await at().store.subject(subjectKey(pull(1)))).toMatchObject({
      open: true,
      base: "main",
      head: sha("b"),
      createdAt: 1_000,
      heardAt: 5_000,
    });
  });

  test("a request is bound to the head that was known when it arrived", async () => {
    const wanted = (key: string) =>
      delivery({ kind: "intend", target: pull(1), request: pendingCommand(key) });
    await at().store.accept([wanted("comment:0")]);
    await at().store.accept([look(hint(pull(1), sha("a")))]);
    await at().store.accept([
      wanted("comment:1"),
      look(hint(pull(1), sha("b"))),
      wanted("comment:2"),
      look(hint(pull(1), sha("c"))),
    ]);
    const stored = await at().store.requests(subjectKey(pull(1)));
    expect(stored.map(({ key, sha }) => [key, sha])).toEqual([
      ["comment:0", null],
      ["comment:1", sha("a")],
      ["comment:2", sha("b")],
    ]);
  });

  test("a request is kept as it arrived, once per key", async () => {
    const request = pendingCommand("comment:7", {
      commands: [
        { kind: "verify", sha: "3f9a1c7" },
        { kind: "retry", stage: "unit tests" },
      ],
      sha: sha("e"),
    });
    const other = { ...request, actor: "eve" };
    await at().store.accept([delivery({ kind: "intend", target: pull(1), request })]);
    await at().store.accept([delivery({ kind: "intend", target: pull(1), request: other })]);
    expect(await at().store.requests(subjectKey(pull(1)))).toEqual([
      {
        key: "comment:7",
        source: "comment",
        actor: "ada",
        comment: 3_000_000_000,
        commands: request.commands,
        sha: sha("e"),
        askedAt: 1_000,
        role: { kind: "unknown", why: expect.any(String) },
        origin: request.origin,
        readBack: null,
        outcome: null,
      },
    ]);
    expect(await waitingKeys()).toEqual([subjectKey(pull(1))]);
  });

  test("a request dates from when it was written, and from no later than it came", async () => {
    const written = [null, 400, 1_400];
    for (const [index, writtenAt] of written.entries()) {
      const request = pendingCommand(`comment:${index}`, { writtenAt });
      await at().store.accept([delivery({ kind: "intend", target: pull(1), request })]);
    }
    const kept = await at().store.requests(subjectKey(pull(1)));
    expect(kept.map(({ askedAt }) => askedAt)).toEqual([1_000, 400, 1_000]);
  });

  test("a request for a commit reaches every subject whose head it is", async () => {
    const other = { ...shop, name: "other" };
    await at().store.accept([
      look(hint(pull(1), sha("a")), hint(pull(2), sha("a")), hint(pull(3), sha("b"))),
      look(hint(pull(4), sha("a")), hint(commit("a")), hint(pull(5, other), sha("a"))),
    ]);
    await at().store.record(record(pull(4), { open: false }));
    await at().store.record(record(commit("a"), { open: false }));
    await at().clearJobs();
    await at().store.accept([
      // The third moves to the commit in the same group, before the request.
      look(hint(pull(3), sha("a"))),
      delivery({
        kind: "intend",
        target: { kind: "head", repository: shop, sha: sha("a") },
        request: pendingCommand("delivery:1", {
          source: "rerequest",
          comment: null,
          sha: sha("a"),
        }),
      }),
      look(hint(pull(2), sha("c"))),
    ]);
    // A landed commit can run again although it is settled; a closed pull request cannot.
    const woken = [commit("a"), pull(1), pull(2), pull(3)].map(subjectKey);
    expect(await waitingKeys()).toEqual(woken);
    for (const key of woken) {
      const [request] = await at().store.requests(key);
      expect(request).toMatchObject({ key: "delivery:1", sha: sha("a"), comment: null });
    }
    expect((await at().store.subject(subjectKey(commit("a"))))?.open).toBe(true);
    expect(await at().store.requests(subjectKey(pull(4)))).toEqual([]);
  });

  test("an event that tells of a removal takes nothing away, and has the repository looked at", async () => {
    await at().store.accept([look(hint(pull(1), sha("a")), hint(commit("b"), sha("b")))]);
    await at().clearJobs();
    await at().store.accept([delivery({ kind: "forget", repositories: [shop] })]);
    expect(await at().store.repositories()).toEqual([shop]);
    expect(await at().store.tip(shop, "main")).toBe(sha("b"));
    expect(await at().store.reading(removalKey(shop))).not.toBeNull();
    expect(await waitingKeys()).toEqual([subjectKey({ kind: "repository", repository: shop })]);
    await at().clearJobs();
    const other = { ...shop, installation: shop.installation + 1 };
    await at().store.accept([delivery({ kind: "forget", repositories: [other] })]);
    expect(await waitingKeys()).toEqual([]);
  });

  test("a repository that is forgotten has nothing open or due, until it is heard of again", async () => {
    await at().store.accept([look(hint(pull(1), sha("a")), hint(commit("b"), sha("b")))]);
    await at().store.record(record(pull(1), { dueAt: 9_000 }));
    await at().store.accept([look(hint(pull(2), sha("a")))]);
    await at().store.forget(shop);
    expect(await at().store.openSubjects(shop)).toEqual([]);
    expect(await at().store.repositories()).toEqual([]);
    expect(await wakeAt(10_000)).toBe(null);
    expect(await at().store.tip(shop, "main")).toBe(null);
    await at().store.accept([look(hint(pull(1), sha("b")))]);
    expect(await at().store.repositories()).toEqual([shop]);
    expect((await at().store.openSubjects(shop)).map(({ key }) => key)).toEqual([
      subjectKey(pull(1)),
    ]);
  });

  test("a repository that is installed again is reached by its new installation", async () => {
    await at().store.accept([look(hint(pull(1)))]);
    await at().clearJobs();
    const again = { ...shop, installation: 9_000_000_000 };
    await at().store.accept([look(hint(pull(2, again)))]);
    expect(await at().store.repositories()).toEqual([again]);
    expect((await at().store.subject(subjectKey(pull(1))))?.subject).toEqual(pull(1, again));
    await at().store.wake([subjectKey(pull(1))]);
    const jobs = await at().queue.take(10);
    expect(jobs.map(({ installation }) => installation)).toEqual([9_000_000_000, 9_000_000_000]);
  });

  test("the sweep sees subjects as an event does", async () => {
    await at().store.see([hint(pull(1), sha("a")), hint(commit("b"))], 4_000);
    expect(await at().store.subject(subjectKey(pull(1)))).toMatchObject({
      head: sha("a"),
      heardAt: 4_000,
    });
    expect((await at().store.subject(subjectKey(commit("b"))))?.head).toBe(sha("b"));
    expect(await waitingKeys()).toEqual([commit("b"), pull(1)].map(subjectKey));
  });
});
