// How far an execution has come.

export type ExecutionState =
  /** In the ledger, and the engine does not have it yet. */
  | "intended"
  /** In the ledger, and the engine could not be asked whether it has it. Never stored. */
  | "unconfirmed"
  | "running"
  | "succeeded"
  | "failed"
  | "stopped"
  /** The engine no longer knows it: its process or its record is gone. */
  | "lost"
  /** The engine would not start it. */
  | "refused";
