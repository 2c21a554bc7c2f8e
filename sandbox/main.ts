// `npm run sandbox`: reads the options, runs the scenarios, sums up, and ends with 0 only if everything held.

import { endedWell } from "./app.ts";
import { guide } from "./guide.ts";
import { Narrator } from "./narrator.ts";
import { openSandbox, type Sandbox } from "./open.ts";
import { type Options, readOptions, scenariosOn, usage } from "./options.ts";
import { commands } from "./scenarios/commands.ts";
import { consoleUser } from "./scenarios/console.ts";
import { failing } from "./scenarios/failing.ts";
import { good } from "./scenarios/good.ts";
import { missingStage } from "./scenarios/missing-stage.ts";
import { plan } from "./scenarios/plan.ts";
import { push } from "./scenarios/push.ts";
import { rollback } from "./scenarios/rollback.ts";
import type { Scenario } from "./scene.ts";
import { lookBehind, runScenarios } from "./tell.ts";

const scenarios: readonly Scenario[] = [
  good,
  failing,
  push,
  plan,
  commands,
  rollback,
  consoleUser,
  missingStage,
];

/**
 * Most waits take a second or two; a slow machine gets far more. On a fast one the scenarios use up what GitHub
 * allows an installation in a minute, and an answer waits for the next.
 */
const patience_ms = 100_000;
/** As shells have it for a program that Ctrl-C ended. */
const interrupted_exit = 130;
/** npm passes Ctrl-C on although the terminal has sent it already; a person needs longer for a second one. */
const second_ms = 500;

async function main(): Promise<number> {
  const read = readOptions(process.argv.slice(2), scenarios);
  switch (read.kind) {
    case "help":
      process.stdout.write(usage(scenarios));
      return 0;
    case "bad":
      process.stderr.write(`${read.why}\n\n${usage(scenarios)}`);
      return 2;
    case "run":
      return await run(read.options, interruption());
  }
}

async function run(options: Options, signal: AbortSignal): Promise<number> {
  const narrator = new Narrator({
    write: (text) => process.stdout.write(text),
    // Knows NO_COLOR and terminals that have no colours.
    colours: process.stdout.isTTY && process.stdout.hasColors() ? "on" : "off",
    clock: () => performance.now(),
  });
  narrator.line("Starting an embedded GitHub and the real Interlock on this machine …");
  const sandbox = await openSandbox(options.engine);
  introduce(sandbox, narrator);

  const told = scenariosOn(options.engine, scenarios).filter(
    ({ number }) => options.only?.includes(number) ?? true,
  );
  await runScenarios({ scenarios: told, sandbox, narrator, signal, patience_ms });
  if (signal.aborted) {
    await close(sandbox, narrator);
    return interrupted_exit;
  }

  narrator.chapter("Behind the scenes");
  lookBehind(sandbox, narrator);
  if (options.stay === "stay") {
    const code = narrator.summary();
    narrator.line(`\n${guide(sandbox)}`);
    await aborted(signal);
    return (await close(sandbox, narrator)) ? code : 1;
  }
  const sentence = await sandbox.close();
  narrator.expect({
    sentence: "Interlock ends in order when it is asked to.",
    holds: sentence === endedWell,
    instead: sentence,
  });
  const code = narrator.summary();
  if (code === 0) await sandbox.removeFolder();
  else narrator.line(`Interlock's log: ${sandbox.logFile}`);
  return code;
}

function introduce({ shop, githubUrl, kit, app, logFile }: Sandbox, narrator: Narrator): void {
  narrator.line(
    `  GitHub     ${githubUrl} with the repository ${shop.fullName}, a small web shop;`,
  );
  narrator.line("             its branch main takes in only what the check “interlock” has passed");
  narrator.line(`  Interlock  ${app.url}, installed on ${shop.data.owner.login}`);
  narrator.line(`  its log    ${logFile}`);
  for (const line of kit.introduction) narrator.line(line);
}

/** After Ctrl-C nobody looks at the folder any more. */
async function close(sandbox: Sandbox, narrator: Narrator): Promise<boolean> {
  narrator.line("\nEnding …");
  const sentence = await sandbox.close();
  narrator.line(`Interlock: ${sentence}`);
  await sandbox.removeFolder();
  return sentence === endedWell;
}

/** The first Ctrl-C ends everything in order, a later one at once. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      if (!controller.signal.aborted) first = performance.now();
      else if (performance.now() - first > second_ms) process.exit(interrupted_exit);
      controller.abort();
    });
  return controller.signal;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  },
);
