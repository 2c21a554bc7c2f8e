// Who else speaks about a commit.

import { describe, expect, test } from "vitest";
import { type Subject, subjectKey } from "../../src/core/model/event.ts";
import { storeFor, storeKinds } from "./databases.ts";
import { commit, held, hint, look, pull, record, sha, shop } from "./make.ts";

describe.each(storeKinds)("siblings on %s", (kind) => {
  const at = storeFor(kind);

  async function see(...subjects: readonly Subject[]): Promise<void> {
    await at().store.accept(subjects.map((subject) => look(hint(subject, sha("a")))));
  }

  test("siblings are the other open subjects whose head is the commit", async () => {
    await see(pull(1), pull(2), pull(3), pull(4), commit("a", "release"));
    await at().store.accept([look(hint(commit("b"), sha("b")))]);
    await at().store.record(
      record(pull(2), { base: "main", verdict: "failure", verdictSha: sha("a") }),
    );
    // Decided, but for the commit before.
    await at().store.record(
      record(pull(3), { base: "next", verdict: "success", verdictSha: sha("9") }),
    );
    await at().store.record(record(pull(4), { open: false }));
    // Looked at this very commit and has nothing to say about it.
    await see(pull(5));
    await at().store.record(record(pull(5), { base: "other", verdictSha: sha("a") }));
    expect(await at().store.siblings(subjectKey(pull(1)), shop, sha("a"))).toEqual([
      { key: subjectKey(commit("a", "release")), base: "release", verdict: null },
      { key: subjectKey(pull(2)), base: "main", verdict: "failure" },
      { key: subjectKey(pull(3)), base: "next", verdict: null },
    ]);
  });

  test("a sibling says whether its branch is the repository's own, and for which base it is silent", async () => {
    await see(pull(1), pull(2), pull(3));
    const seen = { base: "main", verdictSha: sha("a") };
    await at().store.record(record(pull(2), { ...seen, verdict: "success", ownBranch: true }));
    await at().store.record(record(pull(3), { ...seen, ownBranch: false, silentFor: "main" }));
    // A look that could not read the pull request changes nothing of where its branch is.
    await at().store.record(record(pull(2), { ...seen, verdict: "success" }));
    const asked = [subjectKey(pull(1)), shop, sha("a")] as const;
    const own = { key: subjectKey(pull(2)), base: "main", verdict: "success", ownBranch: true };
    const third = { key: subjectKey(pull(3)), base: "main", verdict: null };
    const silent = { ...third, silentFor: "main" };
    expect(await at().store.siblings(...asked)).toEqual([own, silent]);
    const { siblings } = await at().store.currentState(held(asked[0]), shop, sha("a"));
    expect(siblings).toEqual([own, silent]);
    await at().store.record(record(pull(3), { ...seen, verdict: "action_required" }));
    expect(await at().store.siblings(...asked)).toEqual([
      own,
      { ...third, verdict: "action_required" },
    ]);
  });
});
