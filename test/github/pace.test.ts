// Our own budget paces requests; nothing below it may do so a second time.

import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { createGitHub } from "../../sandbox/github/github.ts";
import { openGitHub } from "../../src/github/app.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import type { Terms } from "../../src/ports/github.ts";

test("writes within the budget wait for no timer", async () => {
  // The throttling plugin of octokit would leave the second write waiting for a second that never passes.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  try {
    const world = createGitHub();
    const shop = world.createRepository({ owner: "acme", name: "shop" });
    const { id } = world.install({ account: "acme" });
    const { github } = await openGitHub({
      appId: world.app.id,
      privateKey: world.privateKey,
      webhookSecret: "a secret",
      apiUrl: "https://api.github.com",
      store: {
        recall: async () => ({ old: null, moment: { number: 1, at: Date.now() } }),
        keepReading: async () => {},
        dropReading: async () => {},
      },
      plans: plainReader,
      share: null,
      clock: Date.now,
      log: pino({ level: "silent" }),
      fetch: world.fetch,
    });
    const terms: Terms = { urgency: "gate", permit: async () => "go" };
    const repository = { installation: id, owner: "acme", name: "shop" };
    const check = (name: string) => ({
      sha: shop.tip(),
      name,
      externalId: "pull:acme/shop#1",
      state: { status: "in_progress" } as const,
      title: name,
      summary: name,
      text: "",
      annotations: [],
      actions: [],
      awaits: null,
    });

    for (const name of ["one", "two", "three"])
      expect(await github.createCheck(repository, check(name), terms)).toMatchObject({
        kind: "sent",
      });
    expect([...shop.checks("main").keys()]).toEqual(["one", "two", "three"]);
  } finally {
    vi.useRealTimers();
  }
});
