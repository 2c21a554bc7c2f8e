// docs/reasons.md is made from the table of reasons. `npx vitest run test/reasons.test.ts --update` writes it again.

import { expect, test } from "vitest";
import { nextStep, reasonCodes, stateOf, type Who, whoActs } from "../src/core/model/reason.ts";
import { meaningOf } from "../src/core/model/reason-meaning.ts";

const states = {
  success: "open",
  in_progress: "waiting",
  action_required: "blocked until somebody acts",
  failure: "blocked",
} as const;

const people: Readonly<Record<Who, string>> = {
  nobody: "nobody: waiting is enough",
  author: "the author",
  writer: "anyone with write permission",
  maintainer: "a maintainer of the repository",
  operator: "the people who run Interlock",
};

test("docs/reasons.md explains every reason", async () => {
  await expect(page()).toMatchFileSnapshot("../docs/reasons.md");
});

function page(): string {
  const sections = Object.entries(states).map(([state, title]) => {
    const codes = reasonCodes.filter((code) => stateOf(code) === state).sort();
    return [`## The gate is ${title}\n`, ...codes.map(section)].join("\n");
  });
  return `${[
    "# Reasons",
    "",
    "Every gate says why it is open, waits or is blocked by codes of this list. It is made from the table in `src/core/model/reason.ts`.",
    "",
    ...sections,
  ].join("\n")}`;
}

function section(code: (typeof reasonCodes)[number]): string {
  const [pull, landed] = [nextStep(code, "pull"), nextStep(code, "commit")];
  const next =
    pull === landed
      ? [`Next step: ${pull}`]
      : [`Next step on a pull request: ${pull}`, `Next step on a landed commit: ${landed}`];
  return [
    `### ${code}`,
    "",
    meaningOf[code],
    "",
    ...next.map((line) => `- ${line}`),
    `- Who: ${people[whoActs(code)]}`,
    "",
  ].join("\n");
}
