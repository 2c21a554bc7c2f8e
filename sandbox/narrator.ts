// Runs the scenarios in the terminal, keeps account of what was promised and what held, and sums it up.

import { styleText } from "node:util";
import { type Emphasis, readable } from "./markdown.ts";

export interface Screen {
  readonly write: (text: string) => void;
  readonly colours: "on" | "off";
  /** Milliseconds; only for the time that a scenario took. */
  readonly clock: () => number;
}

/** What a check shows in one line. */
export interface CheckLine {
  readonly sha: string;
  readonly name: string;
  readonly state: string;
  readonly title: string;
}

interface Chapter {
  readonly title: string;
  readonly startedAt: number;
  took_ms: number | null;
  held: number;
  readonly missed: string[];
}

type Style = Parameters<typeof styleText>[0];

export class Narrator {
  readonly #screen: Screen;
  readonly #chapters: Chapter[] = [];

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** A line as it is. */
  line(text = ""): void {
    this.#screen.write(`${text}\n`);
  }

  /** Everything promised from here on belongs to this chapter. */
  chapter(title: string): void {
    this.#end();
    const startedAt = this.#screen.clock();
    this.#chapters.push({ title, startedAt, took_ms: null, held: 0, missed: [] });
    this.line();
    this.line(this.#paint(["bold", "underline"], title));
  }

  /** What somebody does. */
  does(sentence: string): void {
    this.line();
    this.line(`  ${this.#paint("bold", sentence)}`);
  }

  /** What GitHub answers somebody. */
  answers(who: string, text: string): void {
    this.line(`    ${this.#paint("dim", `${who}:`)} ${text}`);
  }

  /** A check as a list of checks shows it. */
  check({ sha, name, state, title }: CheckLine): void {
    const [sign, colour] = signs[state] ?? (["■", "gray"] as const);
    const about = this.#paint(colour, `${sign} ${name.padEnd(21)}  ${state.padEnd(11)}`);
    this.line(`    ${this.#paint("dim", sha)} ${about}  ${title}`);
  }

  /** Markdown that stands on a page of GitHub. */
  page(title: string, markdown: string): void {
    const emphasis: Emphasis = {
      strong: (text) => this.#paint("bold", text),
      code: (text) => this.#paint("cyan", text),
    };
    const bar = this.#paint("dim", "│");
    this.line(`    ${this.#paint("dim", `┌ ${title}`)}`);
    for (const line of readable(markdown, emphasis)) this.line(`    ${bar} ${line}`);
  }

  /** A promise and whether it was kept; `instead` says what stands where it was not. */
  expect(promise: {
    readonly sentence: string;
    readonly holds: boolean;
    readonly instead: string;
  }): void {
    const { sentence, holds, instead } = promise;
    const chapter = this.#chapters.at(-1);
    if (chapter === undefined) throw new Error("a promise stands outside of every chapter");
    if (holds) {
      chapter.held += 1;
      this.line(`  ${this.#paint("green", "✔")} ${sentence}`);
      return;
    }
    chapter.missed.push(sentence);
    this.line(`  ${this.#paint("red", "✘")} ${sentence}`);
    for (const line of instead.split("\n")) this.line(`    ${this.#paint("red", line)}`);
  }

  /** Whether the present chapter has kept everything so far. */
  get holds(): boolean {
    return this.#chapters.at(-1)?.missed.length === 0;
  }

  /** The table at the end. Returns the exit code: 0 only where every chapter promised something and kept it all. */
  summary(): 0 | 1 {
    this.#end();
    const chapters = this.#chapters;
    const missed = chapters.reduce((sum, chapter) => sum + chapter.missed.length, 0);
    const promised = chapters.reduce((sum, chapter) => sum + total(chapter), 0);
    const width = Math.max(0, ...chapters.map(({ title }) => title.length));
    this.line();
    this.line(this.#paint(["bold", "underline"], "Summary"));
    for (const chapter of chapters) this.line(this.#row(chapter, width));
    this.line();
    if (chapters.length > 0 && chapters.every(isGood)) {
      this.line(this.#paint("green", `All ${promised} expectations held.`));
      return 0;
    }
    const verdict =
      missed === 0
        ? "Something was told that nothing was expected of."
        : `${missed} of ${promised} expectations did not hold.`;
    this.line(this.#paint("red", verdict));
    return 1;
  }

  #row(chapter: Chapter, width: number): string {
    const { title, held, missed, took_ms } = chapter;
    const sign = isGood(chapter) ? this.#paint("green", "✔") : this.#paint("red", "✘");
    const count = `${held} of ${total(chapter)}`.padStart(8);
    const seconds = `${((took_ms ?? 0) / 1000).toFixed(1)} s`.padStart(7);
    const row = `  ${sign} ${title.padEnd(width)}  ${count}  ${seconds}`;
    return [row, ...missed.map((sentence) => `      ${this.#paint("red", sentence)}`)].join("\n");
  }

  #end(): void {
    const chapter = this.#chapters.at(-1);
    if (chapter !== undefined) chapter.took_ms ??= this.#screen.clock() - chapter.startedAt;
  }

  #paint(style: Style, text: string): string {
    if (this.#screen.colours === "off") return text;
    return styleText(style, text, { validateStream: false });
  }
}

function total({ held, missed }: Chapter): number {
  return held + missed.length;
}

function isGood(chapter: Chapter): boolean {
  return chapter.missed.length === 0 && chapter.held > 0;
}

const signs: Readonly<Record<string, readonly [string, Style]>> = {
  "in progress": ["●", "yellow"],
  success: ["✓", "green"],
  failure: ["✗", "red"],
  "action required": ["!", "magenta"],
};
