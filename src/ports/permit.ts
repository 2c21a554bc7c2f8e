// Asked before anything goes out: whether the work on the subject still counts.

/**
 * Whether a write may still go out. `lost`: another process has leased the subject since. `overtaken`: what
 * the write was decided from is too old by now, or no longer so.
 */
export type Permission = "go" | "lost" | "overtaken";

/** Asked immediately before a request goes out, after everything else that takes time. */
export type Permit = () => Promise<Permission>;
