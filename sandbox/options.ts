// The sandbox's command line.

import { parseArgs } from "node:util";
import { type EngineName, engineNames } from "./kit/kit.ts";

export interface Options {
  readonly engine: EngineName;
  /** Numbers of the scenarios to run; null for all. */
  readonly only: readonly number[] | null;
  readonly stay: "stay" | "leave";
}

export type OptionsRead =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "bad"; readonly why: string };

export interface Offered {
  readonly number: number;
  readonly title: string;
  /** Where it can be told; null for everywhere. */
  readonly engine: EngineName | null;
}

export function readOptions(args: readonly string[], scenarios: readonly Offered[]): OptionsRead {
  const parsed = parse(args);
  if (typeof parsed === "string") return { kind: "bad", why: parsed };
  if (parsed.help === true) return { kind: "help" };
  const engine = engineNames.find((name) => name === (parsed.engine ?? "local"));
  if (engine === undefined)
    return { kind: "bad", why: `--engine takes one of these: ${engineNames.join(", ")}.` };
  const known = scenariosOn(engine, scenarios).map(({ number }) => number);
  const only = parsed.only?.split(",").map((text) => Number(text.trim() || Number.NaN)) ?? null;
  if (only?.some((number) => !known.includes(number)))
    return {
      kind: "bad",
      why: `--only takes numbers of scenarios; on ${engine}: ${known.join(", ")}.`,
    };
  const stay = parsed.stay === true ? "stay" : "leave";
  return { kind: "run", options: { engine, only, stay } };
}

export function scenariosOn<T extends Pick<Offered, "engine">>(
  engine: EngineName,
  scenarios: readonly T[],
): readonly T[] {
  return scenarios.filter((scenario) => scenario.engine === null || scenario.engine === engine);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        engine: { type: "string" },
        only: { type: "string" },
        stay: { type: "boolean" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    // The only errors that parseArgs throws are about the arguments, in a sentence.
    return error instanceof Error ? error.message : String(error);
  }
}

export function usage(scenarios: readonly Offered[]): string {
  const lines = scenarios.map(({ number, title, engine }) => {
    return `  ${number}  ${title}${engine === null ? "" : ` (${engine})`}`;
  });
  return `Interlock's sandbox: the real app against an embedded GitHub, with scripted scenarios.

  npm run sandbox -- [options]

  --engine codepipeline   run the pipelines on an embedded AWS instead of this machine
  --only 1,3              run only these scenarios
  --stay                  keep everything running afterwards, to be tried; Ctrl-C ends it
  --help                  this text

${lines.join("\n")}

Exit code 0: everything held. 1: something did not. 2: an option is unknown.
`;
}
