// What was reported of comparable bots for GitHub, tried on ours. Each names the report.

import { expect, test } from "vitest";
import { planText } from "../world/plan.ts";
import { worlds } from "../world/world.ts";

const world = worlds();

// mislav/hub#741, deliverybot/roadmap#27, fix of stainless-api/upload-openapi-spec-action#199
test.each(["release/#1", "a%2Fb", "a+b&c=d", "größe/ü", "a/b/c/d", "heads/main", "x'y(z)!"])(
  "a pull request into and from branches named like %s is judged",
  async (name) => {
    const w = await world({ plan: planText({ shop: { branches: ["**"] } }) });
    w.shop.push({ branch: name, sha: w.shop.tip() });
    await w.settle();
    await w.sweep();
    const pull = w.openPull({ base: name, branch: `from/${name}` });
    await w.settle();
    w.engine.pass(["build", "test"]);
    await w.settle();
    expect(pull.gate).toBe("success (passed)");
  },
);

// palantir/policy-bot#854, palantir/policy-bot#246: rules by path and a file that is removed or renamed away
test.each([
  ["removes", { "web/a": null }],
  ["renames", { "web/a": null, "docs/a": "the same text in another place" }],
] as const)(
  "a change that %s the only file of a pipeline is a matter of that pipeline",
  async (_, files) => {
    const w = await world({
      plan: planText(
        { web: { paths: ["web/**"], verify: ["lint"] }, api: { paths: ["api/**"] } },
        { exempt: ["docs/**"] },
      ),
      files: { "web/a": "the same text in another place", "api/a": "1" },
    });
    const pull = w.openPull({ files });
    await w.settle();
    expect(w.engine.all().map(({ request }) => request.run.pipeline)).toEqual(["web"]);
    expect(pull.gate).toBe("in_progress (stage_pending)");
  },
);

// channable/hoff#307, microsoft/apm#865: nothing at all is heard of a pull request
test("a pull request of which every webhook was dropped is judged after a sweep", async () => {
  const w = await world();
  w.github.faults.onWebhook({ fault: { kind: "lost" } });
  const pull = w.openPull();
  await w.settle();
  expect(pull.gate).toBe("absent");
  await w.sweep();
  expect(pull.gate).toBe("in_progress (stage_pending)");
});

// lewagon/wait-on-check-action#156, kurone-kito/idd-skill#1479: another run of the same name, in another suite
test("a gate of another App neither counts as ours nor is updated by us", async () => {
  const w = await world();
  w.forgiven.push(/shows green/);
  const pull = w.openPull();
  const app = w.github.registerOtherApp("other");
  const other = w.shop.reportCheck({
    app,
    sha: pull.head,
    name: "interlock",
    conclusion: "failure",
  });
  await w.settle();
  w.engine.pass(["build", "test"]);
  await w.settle();
  expect(pull.gate).toBe("success (passed)");
  expect(other.conclusion).toBe("failure");
});

// Mergifyio/mergify#1989, bors-ng/bors-ng#118: a run that was completed is asked to go on
test("a verdict that is open again is a new check run, and the old one keeps what it said", async () => {
  const w = await world();
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  const before = pull.check("interlock");
  pull.comment("dev", "/interlock verify");
  await w.settle();
  expect(pull.gate).toBe("in_progress (stage_pending)");
  expect(pull.check("interlock").id).toBeGreaterThan(before.id);
  expect(before.conclusion).toBe("failure");
});
