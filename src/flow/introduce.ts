// Tells the operator who GitHub says that we are, and keeps Interlock from being ready while settings do not fit.

import { setTimeout as sleep } from "node:timers/promises";
import { limit } from "../core/model/limit.ts";
import type { Introduce, Introduced } from "../ports/identity.ts";
import type { Clock, Log } from "../ports/log.ts";
import { every } from "./interval.ts";

export interface Introduction {
  /** A sentence where the settings do not fit; null where they do, or where GitHub cannot be asked. */
  refusal(): Promise<string | null>;
  stop(): Promise<void>;
}

/** Asks at once, soon again until GitHub has answered, and rarely then. What was told already is not told twice. */
export function startIntroduction(with_: {
  readonly introduce: Introduce;
  readonly clock: Clock;
  readonly log: Log;
}): Introduction {
  const { introduce, clock, log } = with_;
  let last: Introduced | null = null;
  let askedAt = 0;
  let told = new Set<string>();
  let settle = () => {};
  const first = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const asking = every(limit.github.introduce_ms, {
    name: "introduction",
    log,
    turn: async () => {
      const rest = clock() - askedAt;
      if (last?.kind === "known" && rest >= 0 && rest < limit.github.introduced_ms) return;
      askedAt = clock();
      last = await introduce();
      settle();
      const lines = linesOf(last);
      for (const { level, fields, text } of lines) if (!told.has(text)) log[level](fields, text);
      told = new Set(lines.map(({ text }) => text));
    },
  });
  return {
    async refusal() {
      // A GitHub that does not answer keeps nobody from storing webhooks.
      await Promise.race([first, sleep(limit.github.introduction_ms, null, { ref: false })]);
      return last?.kind === "refused" ? last.why : null;
    },
    stop: () => asking.stop(),
  };
}

interface Line {
  readonly level: "info" | "warn" | "error";
  readonly fields: object;
  readonly text: string;
}

function linesOf(introduced: Introduced): readonly Line[] {
  switch (introduced.kind) {
    case "unreachable": {
      const { why } = introduced;
      return [
        {
          level: "warn",
          fields: { why },
          text: "GitHub could not be asked who this App is; it is asked again",
        },
      ];
    }
    case "refused":
      return [{ level: "error", fields: {}, text: introduced.why }];
    case "known":
      return knownLines(introduced);
  }
}

function knownLines(known: Extract<Introduced, { kind: "known" }>): readonly Line[] {
  const { app, missing, installations, suspended, ahead_s } = known;
  const lacking = installations.filter((one) => one.missing.length > 0);
  const whole = missing.length === 0 && lacking.length === 0;
  const count = `${installations.length} installation${installations.length === 1 ? "" : "s"}`;
  const asleep = suspended === 0 ? "" : ` and ${suspended} suspended`;
  const lines: Line[] = [
    {
      level: "info",
      fields: { app, installations: installations.length, suspended },
      text: `App ${app}, ${count}${asleep}, permissions ${whole ? "complete" : "incomplete"}`,
    },
  ];
  if (missing.length > 0)
    lines.push({
      level: "warn",
      fields: { missing },
      text: `The App lacks ${missing.join(", ")}. Add it in the App's settings on GitHub, under Permissions & events; each owner then accepts it.`,
    });
  // What the App does not ask for, its installations cannot have.
  for (const { id, account, missing: gaps } of missing.length > 0
    ? []
    : lacking.slice(0, limit.github.gaps_told))
    lines.push({
      level: "warn",
      fields: { installation: id, account, missing: gaps },
      text: `The installation on ${account} lacks ${gaps.join(", ")}. An owner of ${account} has to accept the App's new permissions.`,
    });
  if (ahead_s !== null && Math.abs(ahead_s) >= limit.github.clock_s)
    lines.push({
      level: "warn",
      fields: { ahead_s },
      text: "This machine's clock is not GitHub's: what it signs may be refused. Set the clock.",
    });
  return lines;
}
