// From one snapshot to what should be: dispatches on the subject.

import type { Decision } from "./decision.ts";
import type { Facts } from "./fact.ts";
import { decideRelease } from "./release.ts";
import { decideVerify } from "./verify.ts";

/** The same facts give the same decision. */
export function decide(facts: Facts): Decision {
  return "pull" in facts ? decideVerify(facts) : decideRelease(facts);
}
