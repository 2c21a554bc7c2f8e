// Lists of GitHub come in pages, which may be shorter than what was asked for.

import { expect, test } from "vitest";
import { planText } from "../world/plan.ts";
import { worlds } from "../world/world.ts";

const world = worlds();

test("an answer whose receipt was lost is found again on whatever page it stands", async () => {
  const w = await world();
  w.github.world.pageSize = 2;
  const pull = w.openPull();
  await w.settle();
  for (let at = 0; at < 5; at += 1) pull.comment("dev", `remark ${at}`);
  const path = "/repos/{owner}/{repo}/issues/{issue_number}/comments";
  w.github.faults.onRequest({ method: "POST", path, times: 1, fault: { kind: "answerLost" } });
  pull.comment("dev", "/interlock status");
  await w.advance("2m");
  expect(pull.answers).toHaveLength(1);
});

test("every page of a long list of changed paths is read", async () => {
  const w = await world({ plan: planText({ web: { paths: ["src/**"] } }) });
  w.github.world.pageSize = 60;
  const names = Array.from({ length: 330 }, (_, at) => `src/${String(at).padStart(3, "0")}`);
  const files = Object.fromEntries([...names, "tools/last"].map((name) => [name, "1"]));
  const pull = w.openPull({ files });
  await w.settle();
  expect(pull.gate).toBe("failure (path_uncovered)");
});
