// Runs scenarios one after another, each by itself: one that fails does not hide the others.

import type { App } from "./app.ts";
import type { Narrator } from "./narrator.ts";
import type { Sandbox } from "./open.ts";
import { Abandoned, type Scenario, Scene } from "./scene.ts";

const log_lines = 12;

export async function runScenarios(order: {
  readonly scenarios: readonly Scenario[];
  readonly sandbox: Pick<Sandbox, "shop" | "kit"> & { readonly app: Pick<App, "ended" | "tail"> };
  readonly narrator: Narrator;
  /** Ends the telling between two looks. */
  readonly signal: AbortSignal;
  /** The longest wait for anything in a scenario. */
  readonly patience_ms: number;
}): Promise<void> {
  const { scenarios, sandbox, narrator, signal, patience_ms } = order;
  for (const scenario of scenarios) {
    if (signal.aborted) return;
    narrator.chapter(`${scenario.number}  ${scenario.title}`);
    const scene = new Scene({ sandbox, narrator, signal, patience_ms });
    try {
      await scenario.tell(scene);
    } catch (error) {
      if (!(error instanceof Abandoned)) broken(narrator, error);
    }
    if (narrator.holds || signal.aborted) continue;
    narrator.page("the end of Interlock's log", sandbox.app.tail(log_lines).join("\n"));
    scene.leave();
  }
}

/** What nobody sees on a page, and what would still be wrong. */
export function lookBehind(sandbox: Sandbox, narrator: Narrator): void {
  const { github, kit, app } = sandbox;
  const refused = github.deliveries.filter(({ statusCode }) => statusCode !== 202);
  narrator.expect({
    sentence: "Interlock took in every webhook.",
    holds: github.deliveries.length > 0 && refused.length === 0,
    instead: refused.map(({ event, status }) => `${event}: ${status}`).join("\n"),
  });
  narrator.expect({
    sentence: "Interlock asked GitHub for nothing that does not exist.",
    holds: github.unknownRequests.length === 0,
    instead: github.unknownRequests.join("\n"),
  });
  for (const promised of kit.behind()) narrator.expect(promised);
  narrator.expect({
    sentence: "Interlock logged no error.",
    holds: app.errors().length === 0,
    instead: app.errors().join("\n"),
  });
}

function broken(narrator: Narrator, error: unknown): void {
  const instead = error instanceof Error ? (error.stack ?? error.message) : String(error);
  narrator.expect({ sentence: "The scenario runs to its end.", holds: false, instead });
}
