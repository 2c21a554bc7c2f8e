// Who sees on the checks what a stage printed.

import { expect, test } from "vitest";
import { worlds } from "../world/world.ts";

const world = worlds();

test.each([
  { isPrivate: true, shown: "Last lines of build" },
  { isPrivate: false, shown: "are not shown" },
])("what a failed stage printed, private: $isPrivate", async ({ isPrivate, shown }) => {
  const w = await world({ repository: { private: isPrivate } });
  const pull = w.openPull();
  await w.settle();
  w.engine.fail("build", { output: "the password is hunter2" });
  await w.settle();
  const { text } = pull.check("interlock/shop/verify").output;
  expect(text).toContain(shown);
  expect(text?.includes("hunter2")).toBe(isPrivate);
});
