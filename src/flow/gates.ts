// Reads back what GitHub shows as gates, and lets whatever is not as the ledger says be written again.

import type { LedgerGate, ShownGate } from "../core/decide/shown.ts";
import { limit } from "../core/model/limit.ts";
import type { Ports } from "./ports.ts";

/**
 * A write can be carried out long after its time was up, GitHub can lose a check run, and others can write
 * over it or beside it. The subject decides again, and writes what it decides.
 */
export async function compareGates(ports: Ports): Promise<void> {
  const { github, store, log, clock } = ports;
  const gates = await store.gates(clock() - limit.sweep.gates_ms);
  const byInstallation = Map.groupBy(gates, ({ repository }) => repository.installation);
  for (const [installation, some] of byInstallation) {
    const commits = some.map(({ repository, content }) => ({ repository, sha: content.sha }));
    const read = await github.gates(installation, commits);
    if (read.kind === "unknown") {
      log.warn({ installation, why: read.why }, "Its gates could not be read back");
      continue;
    }
    for (const [at, gate] of some.entries()) {
      const shown = read.value[at] ?? null;
      if (shown !== null) await compare(ports, gate, shown);
    }
  }
}

async function compare(ports: Ports, gate: LedgerGate, shown: readonly ShownGate[]): Promise<void> {
  const { content, repository } = gate;
  const decided = stateOf(gate);
  const own = shown.filter(({ source }) => source === "own");
  const newest = Math.max(...own.map(({ startedAt }) => startedAt));
  const isOurs = (one: ShownGate) =>
    one.state === decided &&
    plain(one.title) === plain(content.title) &&
    one.externalId === content.externalId;
  // Where a required check is not bound to the App, the newest of its name counts.
  const other = shown.find(
    (one) => one.source === "foreign" && one.state !== decided && one.startedAt >= newest,
  );
  const current = own.filter(({ startedAt }) => startedAt === newest);
  if (current.some(isOurs) && other === undefined) return;

  const how = other === undefined ? "find" : "replace";
  if (!(await ports.store.doubtGate(gate, how))) return;
  const wrong = other ?? current.find((one) => !isOurs(one)) ?? null;
  const about = {
    repository: `${repository.owner}/${repository.name}`,
    sha: content.sha,
    decided,
    shown: wrong?.state ?? "nothing",
    by: wrong?.app ?? null,
  };
  if (wrong !== null && passing.has(wrong.state) && !passing.has(decided))
    ports.log.error(about, "A gate shows green though something else was decided; it is corrected");
  else ports.log.warn(about, "GitHub does not show the gate that was decided; it is written again");
}

/** GitHub lets a merge pass with each of them. */
const passing: ReadonlySet<string> = new Set(["success", "neutral", "skipped"]);

/** White space is GitHub's to change. */
function plain(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function stateOf({ content }: LedgerGate): string {
  return content.state.status === "completed" ? content.state.conclusion : "in_progress";
}
