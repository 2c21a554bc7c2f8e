// Makes of one notice of AWS one delivery: stored once under its message id, together with the jobs that it causes.

import type { Event, IgnoredReason } from "../../core/event.ts";
import type { Accepted, Clock, Delivery, PipelineRuns } from "../../port.ts";
import { readEvent } from "./event.ts";
import { lineOf } from "./hint.ts";
import type { Place } from "./patrol.ts";

export interface Ear {
  readonly runs: Pick<PipelineRuns, "byExecution" | "hear">;
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

/** Rejects where the notice could not be stored; it must then come again. */
export async function hear(ear: Ear, message: Message): Promise<Heard> {
  const { event, action } = await eventOf(ear, message.text);
  const accepted = await ear.receive({
    guid: message.id,
    name: "codepipeline",
    action,
    receivedAt: ear.clock(),
    event,
  });
  if (accepted === "known") return { kind: "known" };
  return event.kind === "ignored" ? event : { kind: "stored" };
}

async function eventOf(
  ear: Ear,
  text: string,
): Promise<{ readonly event: Event; readonly action: string | null }> {
  const hint = readEvent(text);
  if (hint.kind === "ignored") return { event: hint, action: null };
  const action = `${hint.moved}_${hint.state.toLowerCase()}`;
  const run = await ear.runs.byExecution(hint.executionId);
  if (run !== null) {
    // Before the job, which reads it. Told twice, it is the same line once more.
    await ear.runs.hear(hint.executionId, lineOf(hint));
    return { event: { kind: "moved", what: { kind: "run", key: run.token } }, action };
  }
  // Somebody else started it: whoever looks at the commit finds it.
  if (hint.commit !== null)
    return { event: { kind: "moved", what: { kind: "commit", ...hint.commit } }, action };
  ear.suspect(hint.executionId, hint);
  return { event: { kind: "ignored", reason: "unknown_execution" }, action };
}
