// What every part of the bench is given.

export interface Size {
  /** Deliveries after which memory is read; they also warm the receivers up. */
  readonly memory: number;
  readonly rounds: number;
  readonly round_s: number;
  /** Pull requests that come alone. */
  readonly alone: number;
  /** How long a burst of one installation is watched. */
  readonly watch_s: number;
  /** Repositories with two executions each, of which about 115 events tell. */
  readonly teams: number;
  /** Connections of senders without the secret, of 25 MB each. */
  readonly strangers: number;
}

export const whole: Size = {
  memory: 10_000,
  rounds: 4,
  round_s: 2.5,
  alone: 90,
  watch_s: 60,
  teams: 46,
  strangers: 60,
};
export const quick: Size = {
  memory: 1_000,
  rounds: 1,
  round_s: 1,
  alone: 10,
  watch_s: 5,
  teams: 5,
  strangers: 10,
};

export interface Bench {
  readonly size: Size;
  /** For data; deleted at the end. */
  readonly folder: string;
  /** An open file for what the processes print. */
  readonly output: number;
  /** Address of an empty database on a PostgreSQL that writes to the disk as it should. */
  newDatabase(): Promise<string>;
}
