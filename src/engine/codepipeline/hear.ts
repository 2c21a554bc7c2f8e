// Makes of one notice of AWS one delivery: stored once under its message id, together with the jobs that it causes.

import type { Event, IgnoredReason } from "../../core/event.ts";
import type { Accepted, Clock, Delivery, PipelineRuns } from "../../port.ts";
import { readEvent } from "./event.ts";
import { lineOf } from "./hint.ts";
import type { Place } from "./patrol.ts";

export interface Ear {
  readonly runs: Pick<PipelineRuns, "byExecution">;
  /** Resolves once the delivery is durable. */
  readonly receive: (delivery: Delivery) => Promise<Accepted>;
  /** An execution of somebody else is under way, for a commit that AWS does not tell. */
  readonly suspect: (executionId: string, place: Place) => void;
  readonly clock: Clock;
}

export interface Message {
  /** The same each time that the message comes. */
  readonly id: string;
  readonly text: string;
}

export type Heard =
  | { readonly kind: "stored" }
  /** It came before; nothing was done. */
  | { readonly kind: "known" }
  | { readonly kind: "ignored"; readonly reason: IgnoredReason };

/**
 * Rejects where the notice could not be stored; it must then come again. What it tells of a run of ours
 * is stored in one transaction with the delivery and its job: the look that the job causes reads it, a
 * message that comes twice counts once, and no crash can part the three.
 */
export async function hear(ear: Ear, message: Message): Promise<Heard> {
  const { event, action, place } = await eventOf(ear, message.text);
  const accepted = await ear.receive({
    guid: message.id,
    name: "codepipeline",
    action,
    receivedAt: ear.clock(),
    event,
  });
  if (accepted === "known") return { kind: "known" };
  // Nothing keeps this over a crash: the next sweep looks there anyway.
  if (place !== null) ear.suspect(place.executionId, place);
  return event.kind === "ignored" ? event : { kind: "stored" };
}

interface Read {
  readonly event: Event;
  readonly action: string | null;
  /** Where somebody else's execution is under way, for a commit that is not told. */
  readonly place: (Place & { readonly executionId: string }) | null;
}

async function eventOf(ear: Ear, text: string): Promise<Read> {
  const hint = readEvent(text);
  if (hint.kind === "ignored") return { event: hint, action: null, place: null };
  const action = `${hint.moved}_${hint.state.toLowerCase()}`;
  const run = await ear.runs.byExecution(hint.executionId);
  if (run !== null) {
    const resumed = hint.state === "RESUMED";
    const what = { kind: "run", key: run.token, told: lineOf(hint), resumed } as const;
    return { event: { kind: "moved", what }, action, place: null };
  }
  // Somebody else started it: whoever looks at the commit finds it.
  if (hint.commit !== null) {
    const what = { kind: "commit", ...hint.commit } as const;
    return { event: { kind: "moved", what }, action, place: null };
  }
  return { event: { kind: "ignored", reason: "unknown_execution" }, action, place: hint };
}
