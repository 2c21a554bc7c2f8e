// What one effect came to.

import type { Effect } from "../core/model/effect.ts";
import type { Sent } from "../ports/github.ts";
import type { Permission } from "../ports/permit.ts";
import { type Pass, storeTime } from "./permit.ts";
import type { Ports } from "./ports.ts";

export interface Scene extends Pass {
  readonly effects: readonly Effect[];
}

/** What one effect came to: done, or not before a time, or failed, or refused; given up where `until` is null. */
export type Done =
  | { readonly kind: "done" }
  | { readonly kind: "deferred"; readonly until: number }
  | { readonly kind: "failed" }
  | { readonly kind: "refused"; readonly until: number | null }
  /** Nothing more may be written by this look. */
  | { readonly kind: "withheld"; readonly permission: Exclude<Permission, "go"> };

export const done: Done = { kind: "done" };
export const lost: Done = { kind: "withheld", permission: "lost" };

/** The subject is looked at again without delay. */
export function atOnce(ports: Ports, scene: Scene): Done {
  return { kind: "deferred", until: storeTime(ports, scene) };
}

export function outcome(ports: Ports, scene: Scene, sent: Sent<number>): Done {
  const { row } = scene;
  switch (sent.kind) {
    case "sent":
      return done;
    case "deferred":
      // By the clock of this process, which is not the store's.
      return { kind: "deferred", until: storeTime(ports, scene) + sent.until - ports.clock() };
    case "withheld":
      return sent;
    case "failed":
      ports.log.warn({ subject: row.key, why: sent.why }, "A write to GitHub failed");
      return { kind: "failed" };
    case "refused": {
      const { status, why, tries } = sent;
      const until =
        sent.until === null ? null : storeTime(ports, scene) + sent.until - ports.clock();
      if (tries > 0) {
        const about = { subject: row.key, status, why, tries };
        if (until === null) ports.log.error(about, "GitHub refused a write, and it is given up");
        else ports.log.warn({ ...about, until }, "GitHub refused a write");
      }
      return { kind: "refused", until };
    }
  }
}
