// Writes XML from plain objects: a list repeats its element.

export function xml(name: string, value: unknown, attributes = ""): string {
  if (value === undefined) return "";
  if (Array.isArray(value)) return value.map((item) => xml(name, item)).join("");
  const content =
    typeof value === "object" && value !== null
      ? Object.entries(value)
          .map(([key, item]) => xml(key, item))
          .join("")
      : escapeXml(String(value));
  return `<${name}${attributes}>${content}</${name}>`;
}

function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("\r", "&#13;");
}
