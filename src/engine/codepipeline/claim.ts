// One execution belongs to one entry of the ledger.

import type { PipelineRuns } from "../../ports/run.ts";

/**
 * False where another entry has it: somebody whose own answer was lost took it for theirs. Writing it
 * into a second one would fail, and each time again.
 */
export async function claim(
  runs: PipelineRuns,
  token: string,
  executionId: string,
): Promise<boolean> {
  const owner = await runs.byExecution(executionId);
  if (owner !== null) return owner.token === token;
  await runs.update(token, { executionId });
  return true;
}
