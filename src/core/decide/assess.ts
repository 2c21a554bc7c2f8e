// Holds one execution against the part of the plan that it has to fulfil, stage by stage.

import type { Execution, StageFact } from "../model/fact.ts";
import type { Part } from "../model/plan.ts";
import type { Reason } from "../model/reason.ts";
import { addCounts, badCount, failedText, noTests } from "../model/report.ts";
import { startedAt } from "./attempt.ts";
import { marksOf } from "./drift-reasons.ts";

type Stage = Part["stages"][number];

/** Reasons why the part has passed, waits, or has not passed; never empty. */
export function assess(question: {
  readonly name: string;
  readonly part: Part;
  readonly sha: string;
  readonly execution: Execution | null;
  readonly now: number;
}): readonly Reason[] {
  const { name, part, sha, execution, now } = question;
  if (execution === null)
    return [{ code: "stage_pending", sentence: `${name} is about to start.` }];
  if (execution.sha !== sha)
    return [
      {
        code: "stage_missing",
        sentence: `${name} ran on ${short(execution.sha)}, not on ${short(sha)}.`,
      },
    ];

  switch (execution.state) {
    case "refused":
      return [{ code: "engine_refused", sentence: `${name} was not started: ${execution.why}` }];
    case "lost":
      return [{ code: "engine_lost", sentence: `${name} was lost: ${execution.why}` }];
    case "intended":
      return late(question) ?? [{ code: "stage_pending", sentence: startsSoon(name, execution) }];
    case "unconfirmed":
      return (
        late(question) ?? [
          {
            code: "stage_unknown",
            sentence: `The engine of ${name} does not say whether it began.`,
          },
        ]
      );
    case "running":
      return (
        walk(name, part, execution) ??
        marked(name, execution) ??
        late(question) ?? [waiting(name, part, execution)]
      );
    case "stopped":
      return [
        execution.stopReason === "deadline_passed" ? tooLate(name, part) : stopped(name, execution),
      ];
    case "failed":
      return caused(name, beyond(name, part, execution) ?? walk(name, part, execution), execution);
    case "succeeded":
      return (
        walk(name, part, execution) ??
        unfinished(name, part, execution) ??
        marked(name, execution) ?? [{ code: "passed", sentence: `${name} passed ${allOf(part)}.` }]
      );
  }

  function late(q: typeof question): readonly Reason[] | undefined {
    if (q.execution === null || now - startedAt(q.execution) <= part.deadline_ms) return undefined;
    return [tooLate(name, part)];
  }
}

/**
 * What the engine names as the cause comes before what the stages make one guess: that one was not reached
 * follows from it.
 */
function caused(
  name: string,
  found: readonly Reason[] | undefined,
  { why }: Execution,
): readonly Reason[] {
  const [first] = found ?? [];
  const isGuess = first?.code === "stage_skipped" || first?.code === "stage_missing";
  if (found !== undefined && !(isGuess && why !== "")) return found;
  return [{ code: "execution_failed", sentence: `${name} failed: ${why || "no stage says why"}` }];
}

/** With what its engine said when it could not be started yet. */
function startsSoon(name: string, { why }: Execution): string {
  return why === "" ? `${name} is about to start.` : `${name} could not be started yet: ${why}`;
}

/** A stage that the plan does not name can fail all the same, and keeps those behind it from running. */
function beyond(name: string, part: Part, execution: Execution): readonly Reason[] | undefined {
  const failed = failedBeyond(part, execution);
  if (failed === undefined) return undefined;
  const why = failed.why || "the engine does not say why";
  return [
    {
      code: "stage_failed",
      sentence: `${name} failed in the stage ${failed.name}, which the plan does not name: ${why}`,
    },
  ];
}

/** The first stage that failed and is none of the plan's. */
export function failedBeyond(part: Part, { stages }: Execution): StageFact | undefined {
  return stages.find(
    ({ name, state }) => state === "failed" && !part.stages.some((stage) => stage.name === name),
  );
}

function marked(name: string, execution: Execution): readonly Reason[] | undefined {
  const reasons = marksOf(name, execution);
  return reasons.length === 0 ? undefined : reasons;
}

function allOf({ stages }: Part): string {
  return stages.length === 1 ? "its only stage" : `all ${stages.length} stages`;
}

function tooLate(name: string, part: Part): Reason {
  return {
    code: "deadline_passed",
    sentence: `${name} did not finish within its deadline of ${Math.round(part.deadline_ms / 60_000)} minutes.`,
  };
}

/** The first thing that is wrong for good, in the order of the plan; undefined where nothing is. */
function walk(name: string, part: Part, execution: Execution): readonly Reason[] | undefined {
  const ended = execution.state !== "running";
  let last = -1;
  for (const stage of part.stages) {
    const at = execution.stages.findIndex((fact) => fact.name === stage.name);
    const fact = execution.stages[at];
    if (fact === undefined) {
      if (!ended) return undefined;
      return [
        { code: "stage_missing", sentence: `${name} ended without its stage ${stage.name}.` },
      ];
    }
    if (execution.stages.filter((other) => other.name === stage.name).length > 1)
      return [
        {
          code: "stage_reordered",
          sentence: `${name} ran more than one stage called ${stage.name}, so none of them counts.`,
        },
      ];
    if (at < last)
      return [
        { code: "stage_reordered", sentence: `${name} ran its stage ${stage.name} out of order.` },
      ];
    last = at;
    const wrong = wrongWith(name, stage, fact, ended);
    if (wrong !== undefined) return [wrong];
    if (fact.state !== "succeeded") return undefined;
  }
  return undefined;
}

function wrongWith(
  name: string,
  stage: Stage,
  fact: StageFact,
  ended: boolean,
): Reason | undefined {
  const failed = fact.state === "failed";
  if (failed || fact.state === "succeeded") {
    const report = wrongReport(name, stage, fact);
    // A failing test says more than the exit code that it caused; a missing report says less.
    if (report !== undefined && (!failed || report.code === "tests_failed")) return report;
  }
  if (failed)
    return {
      code: "stage_failed",
      sentence: `${name} failed in its stage ${stage.name}: ${fact.why || "the engine does not say why"}`,
    };
  if (!ended) return undefined;
  switch (fact.state) {
    case "skipped":
      return { code: "stage_skipped", sentence: `${name} skipped its stage ${stage.name}.` };
    case "pending":
    case "running":
    case "waiting":
    case "stopped":
    case "unknown":
      return {
        code: "stage_missing",
        sentence: `${name} ended while its stage ${stage.name} was ${fact.state}.`,
      };
    case "succeeded":
      return undefined;
  }
}

function wrongReport(name: string, stage: Stage, fact: StageFact): Reason | undefined {
  const place = `${name} stage ${stage.name}`;
  const read = fact.reports.filter((report) => report.kind === "read");
  const total = read.map(({ counts }) => counts).reduce(addCounts, noTests);
  // Also in one that only the engine knows of: a failing test is no less a failing test.
  if (badCount(total) > 0)
    return { code: "tests_failed", sentence: `${failedText(total)} in ${place}.` };
  if (stage.reports.length === 0) return undefined;
  for (const report of fact.reports) {
    if (report.kind === "missing")
      return { code: "report_missing", sentence: `${place} left no report at ${report.path}.` };
    if (report.kind === "broken")
      return {
        code: "report_broken",
        sentence: `The report ${report.path} of ${place} cannot be used: ${report.why}`,
      };
  }
  if (fact.reports.length === 0)
    return {
      code: "report_missing",
      sentence: `${place} left no report at ${stage.reports.join(", ")}.`,
    };
  const empty = emptyReports(stage, fact);
  if (empty.length > 0)
    return {
      code: "report_empty",
      sentence: `No test passed in the reports ${empty.join(", ")} of ${place}.`,
    };
  return undefined;
}

/**
 * Patterns in whose files no test passed, where the plan does not allow that. A report of CodeBuild stands for
 * whichever pattern lacks its files.
 */
export function emptyReports(stage: Stage, fact: StageFact): readonly string[] {
  const read = fact.reports.filter((report) => report.kind === "read");
  const own = read.filter(({ pattern }) => pattern !== null && pattern !== undefined);
  const allowed = new Set(stage.mayBeEmpty);
  const empty = own.filter(
    ({ pattern, counts }) => counts.passed === 0 && !allowed.has(pattern ?? ""),
  );
  if (empty.length > 0) return empty.map(({ pattern }) => pattern ?? "");
  const needsPass = stage.reports.some((pattern) => !allowed.has(pattern));
  const passes = read.some(({ counts }) => counts.passed > 0);
  return read.length > 0 && needsPass && !passes ? stage.reports : [];
}

/** An engine that claims success has to show every stage as succeeded. */
function unfinished(name: string, part: Part, execution: Execution): readonly Reason[] | undefined {
  const open = part.stages.find(
    (stage) => execution.stages.find((fact) => fact.name === stage.name)?.state !== "succeeded",
  );
  if (open === undefined && part.stages.length > 0) return undefined;
  return [
    {
      code: "stage_missing",
      sentence: `${name} ended without its stage ${open?.name ?? "list"} having passed.`,
    },
  ];
}

function waiting(name: string, part: Part, execution: Execution): Reason {
  const next = part.stages.find(
    (stage) => execution.stages.find((fact) => fact.name === stage.name)?.state !== "succeeded",
  );
  const fact = execution.stages.find((candidate) => candidate.name === next?.name);
  if (fact?.state === "unknown")
    return {
      code: "stage_unknown",
      sentence: `The engine did not say where the stage ${fact.name} of ${name} stands${fact.why === "" ? "." : `: ${fact.why}`}`,
    };
  const { stopRefused } = execution;
  if (stopRefused !== null)
    return {
      code: "stop_refused",
      sentence: `${name} should be stopped, and its engine would not: ${stopRefused}`,
    };
  // Something has gone wrong in it already, and the rest of it is being completed.
  if (next !== undefined && fact?.state === "running" && fact.why !== "")
    return {
      code: "stage_pending",
      sentence: `${name} does not pass its stage ${next.name}: ${fact.why}`,
    };
  const approval = execution.stages.find(({ state }) => state === "waiting");
  if (approval !== undefined)
    return {
      code: "approval_waits",
      sentence: `${name} waits for an approval in its stage ${approval.name}.`,
    };
  const at = part.stages.findIndex((stage) => stage.name === next?.name) + 1;
  return {
    code: "stage_pending",
    sentence:
      next === undefined
        ? `${name} is finishing.`
        : `${name} is at stage ${at} of ${part.stages.length}: ${next.name}.`,
  };
}

function stopped(name: string, execution: Execution): Reason {
  return {
    code: "stopped",
    sentence: `${name} was stopped${execution.why === "" ? "." : `: ${execution.why}`}`,
  };
}

function short(sha: string): string {
  return sha.slice(0, 7);
}
