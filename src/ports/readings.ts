// Readings of GitHub that are kept in the store.

export interface ReadingLedger {
  reading(key: string): Promise<AgedReading | null>;
  /** The reading, and a moment before which GitHub has not been asked again. */
  recall(key: string): Promise<{ readonly old: AgedReading | null; readonly moment: Moment }>;
  /** Resolves once it is kept. */
  keepReading(key: string, reading: KeptReading): Promise<void>;
  dropReading(keyPrefix: string): Promise<void>;
}

/** A moment by the store, which all replicas share. */
export interface Moment {
  /** Greater than that of every event and reading before it. */
  readonly number: number;
  /** The store's clock, in milliseconds since 1970. */
  readonly at: number;
}

/** One reading kept for later looks. */
export interface KeptReading {
  readonly etag: string | null;
  /** When it was started. */
  readonly moment: Moment;
  readonly value: unknown;
}

export interface AgedReading extends KeptReading {
  /** By the store's clock; negative where that was set back. */
  readonly age_ms: number;
}
