// Webhooks that nobody signed with our secret, told once a minute with their count: a log must not grow as fast as strangers send.

import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";

export interface WrongSignatures {
  /** One request more, whose signature is not ours or is not there. */
  count(kind: "wrong" | "missing"): void;
  /** Tells what was counted and not told. */
  stop(): void;
}

/** The first is told at once, so that a wrong secret shows at the first delivery. */
export function openWrongSignatures(log: Log): WrongSignatures {
  let counts = { wrong: 0, missing: 0 };
  let timer: NodeJS.Timeout | undefined;

  // Nothing of what was sent stands in the line: strangers write it.
  function tell(): void {
    timer = undefined;
    if (counts.wrong + counts.missing === 0) return;
    log.warn(
      { count: counts.wrong + counts.missing, ...counts },
      "Webhooks without our signature were refused: WEBHOOK_SECRET is not the App's, or others send them",
    );
    counts = { wrong: 0, missing: 0 };
    timer = setTimeout(tell, limit.receive.unsigned_ms);
    timer.unref();
  }

  return {
    count(kind) {
      counts[kind] += 1;
      if (timer === undefined) tell();
    },
    stop() {
      clearTimeout(timer);
      tell();
      clearTimeout(timer);
    },
  };
}
