// What AWS's queues and topics hand over, and what became of it.

import type { IgnoredReason } from "../core/model/event.ts";

export interface Message {
  /** The same each time that the message comes. */
  readonly id: string;
  readonly text: string;
}

export type Ingested =
  | { readonly kind: "stored" }
  /** It came before; nothing was done. */
  | { readonly kind: "known" }
  | { readonly kind: "ignored"; readonly reason: IgnoredReason };

/** Resolves once the message is durable; rejects where it could not be stored, and must then come again. */
export type Ingest = (message: Message) => Promise<Ingested>;
