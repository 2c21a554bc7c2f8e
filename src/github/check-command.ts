// The command that somebody gives by a button or a re-run on the page of a check.

import type { Command } from "../core/model/command.ts";
import { placeOfCheck } from "../core/render/checks.ts";

/** Undefined where it is none of ours. */
export function commandOf(
  action: string,
  identifier: string | undefined,
  check: string,
): Command | undefined {
  if (action === "rerequested") return { kind: "verify", sha: null };
  if (action !== "requested_action") return undefined;
  const place = placeOfCheck(check);
  if (place === undefined) return undefined;
  const { pipeline, part } = place;
  if (identifier === "retry") return { kind: "retry", stage: null, pipeline };
  if (identifier === "stop") return { kind: "stop", pipeline };
  if (identifier === "rollback") return { kind: "rollback", pipeline, stage: null, to: null };
  const shown = /^approve:(\d{1,6}):(\d{1,3})$/.exec(identifier ?? "");
  if (shown === null) return undefined;
  const [attempt, stage] = shown.slice(1).map(Number);
  return {
    kind: "approve",
    pipeline,
    stage: null,
    shown: { part, attempt: attempt ?? 0, stage: stage ?? 0 },
  };
}
