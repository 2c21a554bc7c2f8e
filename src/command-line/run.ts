// The command line: which command is meant, its help, and the exit code.

import { nearestWord } from "../core/model/nearest.ts";
import { readEnvironment } from "../settings.ts";
import type { Command, Context } from "./command.ts";
import { commandsWith, helpOf, helpOfOne } from "./commands.ts";
import type { Start } from "./start.ts";
import { Misused, readWords } from "./words.ts";

/** As of most programs: 0 for done, 1 for what could not be done, 2 for a command line that says nothing. */
export type ExitCode = 0 | 1 | 2;

/** Never rejects. The program that `start` begins goes on after this has resolved. */
export async function runCommandLine(with_: {
  readonly args: readonly string[];
  readonly start: Start;
}): Promise<ExitCode> {
  const context: Context = {
    environment: readEnvironment(),
    print: (line) => void process.stdout.write(`${line}\n`),
    warn: (line) => void process.stderr.write(`${line}\n`),
  };
  try {
    await dispatch(commandsWith(with_.start), context, with_.args);
    return 0;
  } catch (error) {
    context.warn(sentenceOf(error));
    return error instanceof Misused ? 2 : 1;
  }
}

async function dispatch(
  commands: readonly [Command, ...Command[]],
  context: Context,
  args: readonly string[],
): Promise<void> {
  const [word, ...rest] = args;
  if (word === undefined || word.startsWith("-")) {
    const [start] = commands;
    const words = readWords(start, args);
    return words.help ? context.print(helpOf(commands)) : await start.run(context, words);
  }
  if (word === "help") return context.print(helpOf(commands));
  const command = commands.find(({ name }) => name === word);
  if (command === undefined) throw new Misused(unknownWord(commands, word));
  const words = readWords(command, rest);
  if (words.help) return context.print(helpOfOne(command));
  await command.run(context, words);
}

function unknownWord(commands: readonly Command[], word: string): string {
  const near = nearestWord(
    word,
    commands.map(({ name }) => name),
  );
  const meant = commands.find(({ name }) => name === near);
  return [
    `Interlock has no command “${word}”.${meant === undefined ? "" : ` Did you mean ${meant.call}?`}`,
    "",
    helpOf(commands),
  ].join("\n");
}

/** Node says nothing itself where it has tried several addresses of a host. */
function sentenceOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === "")
    return error.errors.map(sentenceOf).join("\n");
  return error instanceof Error ? error.message : String(error);
}
