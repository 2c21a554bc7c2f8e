// Shows Markdown as GitHub would: what becomes an element, a link, a mention or a reference.

import MarkdownIt from "markdown-it";

const markdown = new MarkdownIt({ html: true, linkify: true });
// GitHub links addresses with a scheme, with www. and of mail; a bare domain stays text.
markdown.linkify.set({ fuzzyLink: false });

export interface Rendered {
  /** Every tag in its order, with its attributes. */
  readonly tags: readonly string[];
  /** What stands outside of code, where GitHub finds mentions and references. */
  readonly words: string;
  /** All that a reader sees. */
  readonly text: string;
}

export function render(source: string): Rendered {
  const html = markdown.render(source);
  const words = html.replace(/<(pre|code)\b[^>]*>.*?<\/\1>/gs, "\u0001");
  return {
    tags: html.match(/<[^>]*>/g) ?? [],
    words: shown(words),
    text: shown(html),
  };
}

function shown(html: string): string {
  return html
    .replace(/<[^>]*>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

/** Whatever GitHub makes a link, a mention or a reference of in plain text. */
export function lively({ words }: Rendered): readonly string[] {
  return (
    words.match(/(?:https?|ftp):\/\/|www\.\w|[\w.+-]+@[\w-]+\.\w|(?<!\w)@\w|(?<!&)#\d|\bGH-\d/gi) ??
    []
  );
}
