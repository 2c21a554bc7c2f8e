// What a part's page says of its surroundings: differences from the plan, what others started, what was brought back.

import type { PartView } from "../decide/part.ts";
import type { Difference, ForeignExecution } from "../model/drift.ts";
import type { Facts, Rollback } from "../model/fact.ts";
import { limit } from "../model/limit.ts";
import { code, link, prose } from "./markdown.ts";

/** Lines below the table of stages; none where there is nothing to tell. */
export function aroundLines(
  { pipeline, part, drift, reasons }: PartView,
  sha: string,
  { rollbacks }: Facts,
): readonly string[] {
  const found = drift?.kind === "known" ? drift.value : null;
  // What is a reason already stands above.
  const beside = (found?.differences ?? []).filter(
    ({ sentence }) => !reasons.some((reason) => reason.sentence.includes(sentence)),
  );
  const back = rollbacks.filter(
    (rollback) =>
      part === "release" &&
      rollback.pipeline === pipeline &&
      rollback.sha === sha &&
      rollback.state === "succeeded",
  );
  return [
    ...list("The pipeline differs from the plan", beside.map(differenceLine)),
    ...list(
      "Started by others for this commit, and not counted",
      found?.foreignExecutions.map(foreignLine),
    ),
    ...list("Brought back", back.map(backLine)),
  ];
}

function list(title: string, lines: readonly string[] = []): readonly string[] {
  if (lines.length === 0) return [];
  const { around } = limit.page;
  const more = lines.length > around ? [`- … and ${lines.length - around} more`] : [];
  return ["", `**${title}**`, "", ...lines.slice(0, around), ...more];
}

function differenceLine({ sentence, kind }: Difference): string {
  return `- ${prose(sentence)} (${code(kind)})`;
}

function foreignLine({
  engineId,
  kind,
  trigger,
  by,
  state,
  why,
  link: address,
}: ForeignExecution): string {
  const what = link(`${kind === "rollback" ? "Rollback" : "Execution"} ${engineId}`, address);
  const whose = by === "" ? prose(trigger) : `${prose(trigger)}, ${code(by)}`;
  const end = why === "" ? state : `${state}: ${prose(why)}`;
  return `- ${what} (${whose}): ${end}`;
}

function backLine({ stage, from, actor }: Rollback): string {
  return `- into ${prose(stage)}, in the place of ${code(from.slice(0, 7))}, as ${prose(actor)} asked`;
}
