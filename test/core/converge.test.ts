// Which effects follow from what is wanted and what is there.

import { expect, test } from "vitest";
import { converge } from "../../src/core/converge.ts";
import { silence } from "../../src/core/decision.ts";
import type { CheckPresent } from "../../src/core/effect.ts";

const sha = "a".repeat(40);
const pull = "pull:acme/shop#1";
const branch = `commit:acme/shop@${sha}:feature`;

const gate: CheckPresent = {
  sha,
  name: "interlock",
  id: 7,
  sentAt: 0,
  content: {
    sha,
    name: "interlock",
    externalId: pull,
    state: { status: "in_progress" },
    title: "shop/verify is about to start.",
    summary: "",
    text: "",
    annotations: [],
    actions: [],
  },
};

function present(subject: string) {
  return { subject, checks: [gate], leftover: [], answers: [], elsewhere: [] };
}

test("the push of a branch that is no road leaves the gate of the pull request as it is", () => {
  expect(converge(silence({}), present(branch), 1)).toEqual({ effects: [], dueAt: null });
});

test("a pull request that was closed ends the gate that it left in progress", () => {
  const { effects } = converge(silence({}), present(pull), 1);

  expect(effects).toMatchObject([
    {
      kind: "update_check",
      id: 7,
      check: { state: { status: "completed", conclusion: "failure" } },
    },
  ]);
});
