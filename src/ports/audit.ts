// The trail of what people and Interlock did.

// ---------------------------------------------------------------- the audit trail
/** Who had what done, when, from where, and what became of it. The store adds the rows itself. */
export interface AuditTrail {
  /** Notes the settings of this start, none of which is secret, and how they differ from those of the start before. */
  started(start: {
    readonly host: string;
    readonly settings: Readonly<Record<string, unknown>>;
  }): Promise<void>;
  /** Oldest first. */
  entries(question: AuditQuestion): AsyncIterable<AuditEntry>;
}

export interface AuditQuestion {
  /** Milliseconds since 1970. */
  readonly since: number;
  /** `owner/name`; null for all, with what concerns no repository. */
  readonly repository: string | null;
}

export interface AuditEntry {
  /** ISO 8601, by the clock of the database. */
  readonly at: string;
  readonly kind: /** A request arrived. */
    | "command"
    /** What became of all its commands. */
    | "answer"
    | "start"
    | "stop"
    | "retry"
    | "approval"
    | "rollback"
    /** An execution ended. */
    | "end"
    /** What others did to an execution at its engine. */
    | "outside"
    /** The program started with these settings. */
    | "settings";
  /** A login at GitHub, `interlock`, or `operator`; null where nobody is known. */
  readonly who: string | null;
  readonly from: {
    readonly source:
      | "comment"
      | "button"
      | "rerequest"
      | "interlock"
      | "local"
      | "codepipeline"
      | "delivery"
      | "start";
    /** Of the comment or check, of the execution at its engine, or of the host that started. */
    readonly key: string | null;
    /** GUID of the delivery that brought the request. */
    readonly delivery: string | null;
  };
  readonly repository: string | null;
  readonly subject: string | null;
  readonly outcome: string;
  readonly detail: unknown;
}
