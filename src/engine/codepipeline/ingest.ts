// Makes one delivery of one event of AWS: stored once under its message id, together with the jobs that it causes.

import type { Ingest } from "../../aws/message.ts";
import type { Event } from "../../core/model/event.ts";
import type { Clock } from "../../ports/log.ts";
import type { PipelineRuns } from "../../ports/run.ts";
import type { Accepted, Delivery } from "../../ports/store.ts";
import { readEvent } from "./event.ts";
import { lineOf } from "./hint.ts";
import type { Place } from "./pipeline-resync.ts";

export interface EventSink {
  readonly runs: Pick<PipelineRuns, "byExecution">;
  /** Resolves once the delivery is durable. */
  readonly receive: (delivery: Delivery) => Promise<Accepted>;
  /** An execution of somebody else is under way, for a commit that AWS does not tell. */
  readonly suspect: (executionId: string, place: Place) => void;
  readonly clock: Clock;
}

/**
 * Rejects where the event could not be stored; it must then come again. What it tells of a run of ours
 * is stored in one transaction with the delivery and its job: the look that the job causes reads it, a
 * message that comes twice counts once, and no crash can part the three.
 */
export function ingestInto(sink: EventSink): Ingest {
  return async ({ id, text }) => {
    const { event, action, place } = await eventOf(sink, text);
    const accepted = await sink.receive({
      guid: id,
      name: "codepipeline",
      action,
      receivedAt: sink.clock(),
      event,
    });
    if (accepted === "known") return { kind: "known" };
    // Nothing keeps this over a crash: the next sweep looks there anyway.
    if (place !== null) sink.suspect(place.executionId, place);
    return event.kind === "ignored" ? event : { kind: "stored" };
  };
}

interface Read {
  readonly event: Event;
  readonly action: string | null;
  /** Where somebody else's execution is under way, for a commit that is not told. */
  readonly place: (Place & { readonly executionId: string }) | null;
}

async function eventOf({ runs }: EventSink, text: string): Promise<Read> {
  const hint = readEvent(text);
  if (hint.kind === "ignored") return { event: hint, action: null, place: null };
  const action = `${hint.moved}_${hint.state.toLowerCase()}`;
  const run = await runs.byExecution(hint.executionId);
  if (run !== null) {
    const resumed = hint.state === "RESUMED";
    const what = { kind: "run", key: run.token, told: lineOf(hint), resumed } as const;
    return { event: { kind: "moved", what }, action, place: null };
  }
  // Somebody else started it: anyone who looks at the commit finds it.
  if (hint.commit !== null) {
    const what = { kind: "commit", ...hint.commit } as const;
    return { event: { kind: "moved", what }, action, place: null };
  }
  return { event: { kind: "ignored", reason: "unknown_execution" }, action, place: hint };
}
