// What a look reads of the ledger: each thing once, and what it needs in any case at its beginning, in one statement.

import type { Leased, Reads } from "../ports/store.ts";
import type { Ports } from "./ports.ts";

/**
 * Ports whose store answers the same question of this look with the same answer. Everything that is written
 * under the lease is in it already: anyone who writes in between has leased the subject, and others are asked
 * about once more before a gate opens.
 */
export function readingOnce(ports: Ports, row: Leased): Ports {
  const reads = remembered(ports.store.together());
  foresee(reads, row);
  return { ...ports, store: { ...ports.store, ...reads } };
}

/** What is asked here is asked again by those who need it; what fails is heard of there. */
function foresee(reads: Reads, { key, subject, head, base }: Leased): void {
  const { repository } = subject;
  const { defaultBranch } = repository;
  const branches = new Set([defaultBranch, subject.kind === "commit" ? subject.branch : base]);
  const commit = subject.kind === "commit" ? subject.sha : head;
  const asked: Promise<unknown>[] = [
    reads.executions(key),
    reads.rollbacks(key),
    reads.requests(key),
    reads.answers(key),
    reads.openChecks(key, commit ?? ""),
  ];
  for (const branch of branches)
    if (branch) asked.push(reads.told(repository, { kind: "branch", branch }));
  if (subject.kind === "pull")
    asked.push(reads.told(repository, { kind: "pull", number: subject.number }));
  if (commit !== null)
    asked.push(reads.checks(repository, [commit]), reads.siblings(key, repository, commit));
  if (subject.kind === "commit")
    asked.push(
      reads.newer(subject),
      reads.busy(subject),
      reads.waiting(subject),
      reads.carried(subject),
    );
  for (const answer of asked) answer.catch(() => {});
}

function remembered(reads: Reads): Reads {
  const known = new Map<string, Promise<unknown>>();
  const once = <Asked extends readonly unknown[], Answer>(
    name: string,
    ask: (...asked: Asked) => Promise<Answer>,
  ) => {
    return (...asked: Asked): Promise<Answer> => {
      const question = `${name} ${JSON.stringify(asked)}`;
      const answer = (known.get(question) as Promise<Answer> | undefined) ?? ask(...asked);
      known.set(question, answer);
      return answer;
    };
  };
  return {
    told: once("told", reads.told),
    executions: once("executions", reads.executions),
    rollbacks: once("rollbacks", reads.rollbacks),
    requests: once("requests", reads.requests),
    siblings: once("siblings", reads.siblings),
    newer: once("newer", reads.newer),
    waiting: once("waiting", reads.waiting),
    busy: once("busy", reads.busy),
    carried: once("carried", reads.carried),
    checks: once("checks", reads.checks),
    openChecks: once("openChecks", reads.openChecks),
    answers: once("answers", reads.answers),
  };
}
