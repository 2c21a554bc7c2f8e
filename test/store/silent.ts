// A log for tests: errors and warnings of the program are kept, so that a test can ask for them.

import type { Log } from "../../src/ports/log.ts";

interface Heard {
  readonly level: "warn" | "error";
  readonly fields: object;
  readonly message: string;
}

export interface HearingLog extends Log {
  readonly heard: readonly Heard[];
}

export function hearing(): HearingLog {
  const heard: Heard[] = [];
  return {
    heard,
    debug: () => {},
    info: () => {},
    warn: (fields, message) => heard.push({ level: "warn", fields, message }),
    error: (fields, message) => heard.push({ level: "error", fields, message }),
  };
}

export const silent: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
