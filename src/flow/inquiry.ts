// Answers what operators ask, from the store alone.

import type { AuditTrail } from "../ports/audit.ts";
import type { Inquiry, Lookup } from "../ports/inquiry.ts";
import type { Store } from "../ports/store.ts";
import { explain } from "./explain.ts";

export function openInquiry(opened: {
  readonly store: Pick<Store, "snapshot">;
  readonly lookup: Lookup;
  readonly audit: Pick<AuditTrail, "entries">;
}): Inquiry {
  return {
    explain: (name) => explain(opened, name),
    audit: (question) => opened.audit.entries(question),
  };
}
