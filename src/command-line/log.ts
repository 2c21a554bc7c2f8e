// The log: readable lines on a terminal, JSON elsewhere, and nothing but log lines on stdout.

import { format } from "node:util";
import { type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Settings } from "../settings.ts";

/** Takes over what libraries say by `console` and as warnings of the process. */
export function openLog({ logLevel, logFormat }: Pick<Settings, "logLevel" | "logFormat">): Logger {
  const isTerminal = process.stdout.isTTY === true;
  const isPretty = logFormat === null ? isTerminal : logFormat === "pretty";
  const log = isPretty
    ? pino(
        { level: logLevel },
        pretty({
          colorize: isTerminal && process.stdout.hasColors(),
          translateTime: "SYS:yyyy-mm-dd HH:MM:ss",
          ignore: "pid,hostname",
          singleLine: true,
          sync: true,
        }),
      )
    : pino({ level: logLevel });
  // The one listener that is there is Node's own, which prints.
  process.removeAllListeners("warning");
  process.on("warning", (err) => log.warn({ err }, "A library or Node.js warns"));
  const levels = {
    debug: "debug",
    log: "info",
    info: "info",
    warn: "warn",
    error: "error",
  } as const;
  for (const [method, level] of Object.entries(levels))
    console[method as keyof typeof levels] = (...said: unknown[]) =>
      log[level]({ said: format(...said) }, "A library says something");
  return log;
}
