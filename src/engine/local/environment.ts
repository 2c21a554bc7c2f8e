// The variables that a stage's command sees: exactly these, and none that Interlock itself was given.

import type { StartRequest } from "../../ports/engine.ts";

export interface EnvironmentOrder {
  /** What the operator passes on, such as PATH, LANG and TZ. */
  readonly base: Readonly<Record<string, string>>;
  readonly request: StartRequest;
  readonly stage: string;
  /** Where the command finds its own folders. */
  readonly places: { readonly home: string; readonly temporary: string };
}

export function environmentOf(order: EnvironmentOrder): Readonly<Record<string, string>> {
  const { base, request, stage, places } = order;
  const { run, repository, pull, branch } = request;
  return {
    ...base,
    CI: "true",
    INTERLOCK: "1",
    INTERLOCK_REPOSITORY: `${repository.owner}/${repository.name}`,
    INTERLOCK_SHA: run.sha,
    INTERLOCK_BRANCH: branch,
    INTERLOCK_PIPELINE: run.pipeline,
    INTERLOCK_PART: run.part,
    INTERLOCK_STAGE: stage,
    INTERLOCK_ATTEMPT: String(run.attempt),
    ...(pull === null ? {} : { INTERLOCK_PULL: String(pull) }),
    HOME: places.home,
    TMPDIR: places.temporary,
  };
}
