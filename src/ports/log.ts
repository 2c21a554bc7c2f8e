// The clock and the log, as everything is given them.

/** Milliseconds since 1970. The world of the tests has its own. */
export type Clock = () => number;

export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
