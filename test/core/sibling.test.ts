// Several subjects of one commit: whatever they say, the strictest verdict stands, and one writes it.

import { expect, test } from "vitest";
import { combineSiblings, toWake } from "../../src/core/decide/sibling.ts";
import type { GateState, Sibling } from "../../src/core/model/fact.ts";
import { compareStrictness, verdictOf } from "../../src/core/model/gate.ts";
import { limit } from "../../src/core/model/limit.ts";
import type { ReasonCode } from "../../src/core/model/reason.ts";
import { pullFacts, pullSubject, sha } from "./facts.ts";

const states: readonly GateState[] = ["success", "in_progress", "action_required", "failure"];
const codes: Readonly<Record<GateState, ReasonCode>> = {
  success: "passed",
  in_progress: "stage_pending",
  action_required: "stopped",
  failure: "stage_failed",
};

const own = (state: GateState) => verdictOf([{ code: codes[state], sentence: "So it is." }]);

function stand(
  number: number,
  verdicts: readonly GateState[],
  lastVerdict: GateState | null,
  gateOwner = "",
) {
  const others: Sibling[] = verdicts.flatMap((verdict, at) =>
    at === number ? [] : [{ key: `pull:acme/shop#${at}`, base: "dev", verdict }],
  );
  const facts = pullFacts({
    subject: pullSubject(number),
    siblings: others,
    lastVerdict: lastVerdict === null ? null : { verdict: lastVerdict, sha: sha.head },
    gateOwner,
  });
  return combineSiblings(facts, sha.head, own(verdicts[number] ?? "failure"));
}

test("of any three that have decided, exactly one writes the gate, and all show the strictest", () => {
  for (const a of states)
    for (const b of states)
      for (const c of states) {
        const verdicts = [a, b, c];
        const [strictest] = verdicts.toSorted(compareStrictness).slice(-1);
        const all = verdicts.map((state, at) => stand(at, verdicts, state));
        expect(all.filter(({ owner }) => owner)).toHaveLength(1);
        expect(all.map(({ shown }) => shown.state)).toEqual([strictest, strictest, strictest]);
        expect(verdicts[all.findIndex(({ owner }) => owner)]).toBe(strictest);
      }
});

test.each<[string, readonly GateState[], GateState | null, string, string[]]>([
  ["a first verdict", ["success", "success"], null, "", ["pull:acme/shop#1"]],
  ["another verdict", ["failure", "success"], "success", "", ["pull:acme/shop#1"]],
  ["the same verdict", ["success", "success"], "success", "", []],
  [
    "a gate that is not its owner's",
    ["success", "failure"],
    "success",
    "pull:acme/shop#0",
    ["pull:acme/shop#1"],
  ],
  ["a gate of its own", ["failure", "success"], "failure", "pull:acme/shop#0", []],
])("%s wakes whom it concerns", (_, verdicts, lastVerdict, gateOwner, wake) => {
  expect(stand(0, verdicts, lastVerdict, gateOwner).wake).toEqual(wake);
});

test("a verdict about another commit is news", () => {
  const siblings = [{ key: "pull:acme/shop#9", verdict: "success" as const }];
  const facts = pullFacts({ siblings, lastVerdict: { verdict: "success", sha: sha.old } });
  expect(combineSiblings(facts, sha.head, own("success")).wake).toEqual(["pull:acme/shop#9"]);
});

test("nobody is waited for who has nothing to add, and anyone who has not decided is", () => {
  const undecided = [{ key: "pull:acme/shop#9", verdict: null }];
  const { shown, owner } = combineSiblings(
    pullFacts({ siblings: undecided }),
    sha.head,
    own("success"),
  );
  expect({ state: shown.state, owner }).toEqual({ state: "in_progress", owner: true });
  expect(combineSiblings(pullFacts(), sha.head, own("success")).shown.state).toBe("success");
});

test("of many that speak of a commit few are woken, and the one that writes the gate among them", () => {
  const most = limit.look.siblings_woken;
  const verdicts = Array.from(
    { length: 150 },
    (_, at): GateState => (at === 77 ? "failure" : "success"),
  );
  const { wake } = stand(3, verdicts, "in_progress");
  expect(wake).toHaveLength(most);
  expect(wake[0]).toBe("pull:acme/shop#77");
  // All looks together are a multiple of the subjects, and not of their pairs.
  const all = verdicts.flatMap((_, at) => stand(at, verdicts, null).wake);
  expect(all.length).toBeLessThanOrEqual(150 * most);
  expect(new Set(all).size).toBeLessThanOrEqual(most + 1);
});

test("few that speak of a commit are all woken", () => {
  const verdicts: readonly GateState[] = ["success", "success", "in_progress", "failure"];
  expect(stand(0, verdicts, "in_progress").wake).toHaveLength(3);
});

test("of very many that say the same of a commit the first by their keys are woken", () => {
  const many = limit.look.siblings_woken + 5;
  const key = (at: number) => `pull:acme/shop#${String(at).padStart(4, "0")}`;
  const siblings: Sibling[] = Array.from({ length: many }, (_, at) => ({
    key: key((at * 7) % many),
    base: "dev",
    verdict: "failure",
  }));
  const first = Array.from({ length: limit.look.siblings_woken }, (_, at) => key(at));
  expect(toWake(siblings)).toEqual(first);
});
