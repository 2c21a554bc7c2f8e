// Prints what a subject's last look saw and decided, from the store alone. Reads nothing else and writes nothing.

import { decide } from "../core/decide.ts";
import { nextStep, whoActs } from "../core/reason.ts";
import type { Store } from "../port.ts";

/** The text for a terminal, or null where the subject is not known or was never decided. */
export async function explain(store: Pick<Store, "snapshot">, key: string): Promise<string | null> {
  const snapshot = await store.snapshot(key);
  if (snapshot === null) return null;
  const { facts } = snapshot;
  // The same facts give the same decision, unless the program has changed since.
  const decision = decide(facts);
  const lines = [`${key} at ${new Date(facts.now).toISOString()}`, ""];
  if (decision.verdict === null) lines.push("Interlock has nothing to say here.");
  else {
    lines.push(`commit   ${decision.sha}`, `verdict  ${decision.verdict.state}`);
    for (const { code, sentence } of decision.verdict.reasons)
      lines.push(
        `reason   ${code}: ${sentence}`,
        `next     ${nextStep(code, facts.subject.kind)} (${whoActs(code)})`,
      );
  }
  if (decision.dueAt !== null)
    lines.push(`again    ${new Date(decision.dueAt).toISOString()} without any event`);
  lines.push("", "facts", JSON.stringify(facts, null, 2));
  return lines.join("\n");
}
