// Makes of one notice of AWS one delivery: stored once under its message id, together with the jobs that it causes.

import type { Event, IgnoredReason } from "../../core/event.ts";
import type { Accepted, Clock, Delivery } from "../../port.ts";
import { readEvent } from "./event.ts";

export interface Ear {
  /** The key of our run behind an execution of CodePipeline; null for one that is not ours. */
  readonly runOf: (executionId: string) => Promise<string | null>;
  /** Resolves once the delivery is durable. */
  readonly receive: (delivery: Delivery) => Promise<Accepted>;
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
  const key = await ear.runOf(hint.executionId);
  if (key !== null) return { event: { kind: "moved", what: { kind: "run", key } }, action };
  // Somebody else started it: whoever looks at the commit finds it.
  if (hint.commit !== null)
    return { event: { kind: "moved", what: { kind: "commit", ...hint.commit } }, action };
  return { event: { kind: "ignored", reason: "unknown_execution" }, action };
}
