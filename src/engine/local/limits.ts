// The local engine's limits as a type, so that a test can run with smaller ones.

import type { limit } from "../../core/model/limit.ts";

export type LocalLimits = { readonly [K in keyof typeof limit.local]: number };
