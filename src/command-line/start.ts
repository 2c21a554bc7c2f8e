// `npm start`: reads the settings, starts the program, and stops it at a signal.

import type { Logger } from "pino";
import { limit } from "../core/model/limit.ts";
import { readSettings, type Settings } from "../settings.ts";
import type { Command } from "./command.ts";
import { openLog } from "./log.ts";

/** The whole program. Rejects with a sentence where something it needs is not to be had. */
export type Start = (settings: Settings, log: Logger) => Promise<{ stop(): Promise<void> }>;

export function startCommand(start: Start): Command {
  return {
    name: "start",
    call: "npm start",
    usage: "",
    says: "Runs Interlock until it is stopped.",
    more: "",
    async run({ environment }) {
      const read = readSettings(environment);
      if (read.kind === "bad") throw new Error(read.problems.join("\n"));
      const log = openLog(read.settings);
      for (const warning of read.settings.warnings) log.warn(warning);
      const starting = start(read.settings, log);
      stopAtSignals(starting, log);
      await starting;
    },
  };
}

function stopAtSignals(starting: ReturnType<Start>, log: Logger): void {
  let ending: Promise<void> | undefined;
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => {
      log.info({ signal }, "Stopping");
      if (ending !== undefined) return;
      const timer = setTimeout(() => process.exit(1), limit.work.stop_ms);
      timer.unref();
      ending = starting
        .then((running) => running.stop())
        .then(
          () => process.exit(0),
          (err: unknown) => {
            log.error({ err }, "The stop failed");
            process.exit(1);
          },
        );
    });
}
