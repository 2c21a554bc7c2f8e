// Parses plans: short ones that are in force where they are, and what strangers write in a thread with limits.

import { limit } from "../core/model/limit.ts";
import type { PlanParse } from "../core/model/plan.ts";
import { parsePlan } from "../core/plan/parse.ts";
import { openThread, type ThreadAnswer } from "../thread/thread.ts";

export interface PlanReader {
  parse(plan: {
    readonly text: string;
    readonly installation: number;
    /** Whether anybody may have written it: what a pull request proposes. */
    readonly isProposed: boolean;
  }): Promise<ThreadAnswer<PlanParse>>;
  close(): Promise<void>;
}

/** What hostile YAML and patterns cost grows with their size: a third of a second at the largest. */
export function openPlanReader(): PlanReader {
  const thread = openThread<string, PlanParse>({
    entry: new URL("./plan-thread.ts", import.meta.url),
    memory_mb: limit.plan.memory_mb,
    within_ms: limit.plan.read_ms,
    idle_ms: limit.plan.idle_ms,
  });
  return {
    async parse({ text, installation, isProposed }) {
      if (!isProposed && text.length <= limit.plan.inline_chars)
        return { kind: "done", value: parsePlan(text) };
      return await thread.ask(text, installation);
    },
    close: thread.close,
  };
}

/** Without a thread, for what is not open to the world. */
export const plainReader: PlanReader = {
  parse: async ({ text }) => ({ kind: "done", value: parsePlan(text) }),
  close: async () => {},
};
