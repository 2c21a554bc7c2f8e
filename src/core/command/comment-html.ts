// Follows the raw HTML of a comment, to know which of its text stands inside an element.

/**
 * The elements that are open, told in the order of the document. Whatever could make a browser
 * see the rest of the comment differently than we do ends the reading for good: then nothing
 * further counts as outside.
 */
export class HtmlNesting {
  #open: { readonly name: string; readonly depth: number }[] = [];
  #lost = false;

  /** `depth` tells lists, quotes and table cells apart, which HTML may not cross. */
  read(html: string, depth: number): void {
    let at = 0;
    while (!this.#lost) {
      at = html.indexOf("<", at);
      if (at < 0) return;
      at = this.#step(html, at, depth);
    }
  }

  isClosed(): boolean {
    return !this.#lost && this.#open.length === 0;
  }

  /** Reads what begins with the `<` and answers where to go on. */
  #step(html: string, at: number, depth: number): number {
    if (!/[a-z/!?]/i.test(html.charAt(at + 1))) return at + 1;
    if (html.startsWith("<!--", at)) {
      const end = html.indexOf("-->", at + 4);
      const inside = html.slice(at + 4, end);
      // Browsers end a comment at these too, and then show what we take for its inside.
      if (end < 0 || /^-?>|--!>/.test(inside)) this.#lost = true;
      return end + 3;
    }
    tag.lastIndex = at;
    const match = tag.exec(html);
    if (match === null) {
      this.#lost = true;
      return at;
    }
    const [whole, slash, name = ""] = match;
    if (slash === "/") this.#close(name.toLowerCase(), depth);
    else this.#begin(name.toLowerCase(), depth);
    return at + whole.length;
  }

  #begin(name: string, depth: number): void {
    if (opaque.has(name)) this.#lost = true;
    else if (kept.has(name)) this.#open.push({ name, depth });
  }

  #close(name: string, depth: number): void {
    if (!kept.has(name)) return;
    const last = this.#open.at(-1);
    if (last === undefined) return;
    if (last.name === name && last.depth === depth) this.#open.pop();
    else this.#lost = true;
  }
}

const tag =
  /<(\/?)([a-z][a-z0-9-]*)(?:\s+[a-z_:@][\w.:-]*(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*\s*\/?>/iy;

/**
 * Elements that GitHub keeps. Others it drops while it keeps their text, so they hide nothing.
 * `br`, `hr`, `img`, `input`, `source` and `wbr` have no inside.
 */
const kept = new Set(
  `a abbr b bdo blockquote caption cite code dd del details dfn div dl dt em figcaption figure
  h1 h2 h3 h4 h5 h6 i ins kbd li mark ol p picture pre q rp rt ruby s samp small span strike strong
  sub summary sup table tbody td tfoot th thead time tr tt ul var`.split(/\s+/),
);

/** Elements after which a browser reads tags by other rules, or none at all. */
const opaque = new Set(
  `applet audio button canvas dialog frameset iframe listing marquee math noembed noframes noscript
  object optgroup option plaintext script select style svg template textarea title video xmp`.split(
    /\s+/,
  ),
);
