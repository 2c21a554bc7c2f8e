// Added and deleted lines of one file, with a patch of a single hunk.

export type LineDiff = { additions: number; deletions: number; patch: string | undefined };

type Line = { mark: " " | "+" | "-"; text: string };

// Above this many compared pairs of lines the middle counts as replaced as a whole.
const pairs_max = 1_000_000;
const context_lines = 3;

export function lineDiff(before: string, after: string): LineDiff {
  if (before === after) return { additions: 0, deletions: 0, patch: undefined };
  const a = split(before);
  const b = split(after);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (
    end < a.length - start &&
    end < b.length - start &&
    a[a.length - 1 - end] === b[b.length - 1 - end]
  )
    end += 1;
  const middle = compare(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const first = Math.max(0, start - context_lines);
  const keep = (text: string): Line => ({ mark: " ", text });
  const lines = [
    ...a.slice(first, start).map(keep),
    ...middle,
    ...a.slice(a.length - end, a.length - end + context_lines).map(keep),
  ];
  const count = (mark: Line["mark"]) => lines.filter((l) => l.mark === mark).length;
  const additions = count("+");
  const deletions = count("-");
  const kept = count(" ");
  const head = `@@ -${range(first, deletions + kept)} +${range(first, additions + kept)} @@`;
  return {
    additions,
    deletions,
    patch: [head, ...lines.map((l) => l.mark + l.text)].join("\n"),
  };
}

function compare(a: string[], b: string[]): Line[] {
  if (a.length * b.length > pairs_max)
    return [
      ...a.map((text): Line => ({ mark: "-", text })),
      ...b.map((text): Line => ({ mark: "+", text })),
    ];
  const width = b.length + 1;
  const best = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => best[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1)
    for (let j = b.length - 1; j >= 0; j -= 1)
      best[i * width + j] =
        a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const out: Line[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left !== undefined && left === right) {
      out.push({ mark: " ", text: left });
      i += 1;
      j += 1;
    } else if (left !== undefined && (right === undefined || at(i + 1, j) >= at(i, j + 1))) {
      out.push({ mark: "-", text: left });
      i += 1;
    } else if (right !== undefined) {
      out.push({ mark: "+", text: right });
      j += 1;
    }
  }
  return out;
}

function split(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

function range(first: number, length: number): string {
  return length === 0 ? `${first},0` : `${first + 1},${length}`;
}
