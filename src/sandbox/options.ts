// The sandbox's command line.

import { parseArgs } from "node:util";

export interface Options {
  /** Numbers of the stories to tell; null for all. */
  readonly only: readonly number[] | null;
  readonly stay: "stay" | "leave";
}

export type OptionsRead =
  | { readonly kind: "run"; readonly options: Options }
  | { readonly kind: "help" }
  | { readonly kind: "bad"; readonly why: string };

export function readOptions(args: readonly string[], stories: readonly number[]): OptionsRead {
  const parsed = parse(args);
  if (typeof parsed === "string") return { kind: "bad", why: parsed };
  if (parsed.help === true) return { kind: "help" };
  const only = parsed.only?.split(",").map((text) => Number(text.trim() || Number.NaN)) ?? null;
  const unknown = only?.some((number) => !stories.includes(number)) ?? false;
  if (unknown)
    return { kind: "bad", why: `--only takes numbers of stories: ${stories.join(", ")}.` };
  return { kind: "run", options: { only, stay: parsed.stay === true ? "stay" : "leave" } };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
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

export function usage(
  stories: readonly { readonly number: number; readonly title: string }[],
): string {
  return `Interlock's sandbox: the real app against an embedded GitHub, told in stories.

  npm run sandbox -- [options]

  --only 1,3   tell only these stories
  --stay       keep everything running afterwards, to be tried with curl; Ctrl-C ends it
  --help       this text

${stories.map(({ number, title }) => `  ${number}  ${title}`).join("\n")}

Exit code 0: everything held. 1: something did not. 2: an option is unknown.
`;
}
