// The limits of plans: the part of `limit.ts` that is under `plan`.

/** The plan is read on every look at a pull request, and anybody may propose one. All our own choice. */
export const planLimit = {
  /** Before it is read as YAML. What hostile YAML costs grows with it: here a third of a second. */
  bytes: 64 * 1024,
  /** Up to here a plan in force is read where it is, in a few milliseconds; others in a thread. */
  inline_chars: 2_048,
  /** For one plan in the thread, and how long that is kept for the next one. */
  memory_mb: 128,
  read_ms: 10_000,
  idle_ms: 60_000,
  /** Nested maps and lists; a plan has nine. */
  depth: 20,
  /** Uses of `*alias` in the whole file. */
  aliases: 50,
  /** Maps, lists and values, what aliases repeat counted again. */
  nodes: 20_000,
  /** Problems told at once; GitHub takes 50 annotations with one request. */
  problems: 50,
  /** Sentences about what a proposed plan would change. */
  changes: 50,
  pipelines: 50,
  /** In one part of a pipeline. */
  stages: 30,
  name_chars: 64,
  /** A stage's command. */
  run_chars: 10_000,
  /** Patterns in one list. */
  globs: 100,
  glob_chars: 200,
  /** What braces in one pattern may stand for. */
  glob_alternatives: 64,
  /** Patterns of which it is remembered what is wrong with them. */
  globs_known: 5_000,
  /** Branches of which it is remembered what a plan says of them. */
  branches_known: 100,
  /**
   * What all patterns may take together in one look, what it takes to prepare them included: at most a
   * tenth of a second. A monorepo with 200 patterns and 3,000 changed paths takes an eighth.
   */
  steps: 400_000,
  reports: 20,
  /** Topics that are told of releases. */
  notify: 10,
  duration_min_ms: 1_000,
  timeout_max_ms: 24 * 60 * 60_000,
  deadline_max_ms: 7 * 24 * 60 * 60_000,
  timeout_default_ms: 30 * 60_000,
  deadline_default_ms: 2 * 60 * 60_000,
  /** A pipeline in AWS may wait for a person over a weekend's end. */
  pipeline_deadline_default_ms: 24 * 60 * 60_000,
} as const;
