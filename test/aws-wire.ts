// Reads what AWS's protocols send into plain values, by AWS's own descriptions of its services.
import { SaxesParser } from "saxes";

export type Ref = { shape: string; location?: string; locationName?: string; flattened?: boolean };
export type AwsShape = {
  type: string;
  members?: Record<string, Ref>;
  member?: Ref;
  key?: Ref;
  value?: Ref;
  required?: string[];
  enum?: string[];
  min?: number;
  max?: number;
  pattern?: string;
  flattened?: boolean;
  payload?: string;
  error?: { code?: string; httpStatusCode?: number };
};
export type AwsOperation = {
  http: { requestUri: string };
  input?: Ref;
  output?: Ref & { resultWrapper?: string };
  errors?: Ref[];
};
export type Model = {
  metadata: { protocol: string };
  operations: Record<string, AwsOperation>;
  shapes: Record<string, AwsShape>;
};

type Node = { name: string; text: string; children: Node[] };

export function parseXml(text: string): Node {
  const root: Node = { name: "", text: "", children: [] };
  const open: Node[] = [root];
  const parser = new SaxesParser();
  parser.on("opentag", ({ name }) => {
    const node: Node = { name, text: "", children: [] };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on("text", (part) => {
    const node = open.at(-1);
    if (node) node.text += part;
  });
  parser.on("closetag", () => open.pop());
  parser.write(text).close();
  return root.children[0] ?? root;
}

export function fromXml(model: Model, ref: Ref, node: Node): unknown {
  const shape = model.shapes[ref.shape];
  if (shape?.type !== "structure") return scalar(shape, node.text);
  const out: Record<string, unknown> = {};
  for (const child of node.children) {
    const found = Object.entries(shape.members ?? {}).find(
      ([name, member]) => (member.locationName ?? name) === child.name,
    );
    const member = found?.[1];
    const inner = member && model.shapes[member.shape];
    if (!found || !member || !inner) out[child.name] = child.text;
    else if (inner.type === "list" && inner.member) {
      const items = inner.flattened || member.flattened ? [child] : child.children;
      const before = Array.isArray(out[found[0]]) ? out[found[0]] : [];
      const item = inner.member;
      out[found[0]] = [...(before as unknown[]), ...items.map((i) => fromXml(model, item, i))];
    } else out[found[0]] = fromXml(model, member, child);
  }
  return out;
}

export function fromForm(
  model: Model,
  ref: Ref,
  form: [string, string][],
  prefix: string,
): unknown {
  const shape = model.shapes[ref.shape];
  if (shape?.type === "structure") {
    const out: Record<string, unknown> = {};
    const names = new Set(form.map(([path]) => path.slice(prefix.length).split(".")[0] ?? ""));
    for (const name of names) {
      if (prefix === "" && (name === "Action" || name === "Version")) continue;
      const below = form.filter(([p]) => `${p}.`.startsWith(`${prefix}${name}.`));
      const member = shape.members?.[name];
      out[name] = member ? fromForm(model, member, below, `${prefix}${name}.`) : below;
    }
    return out;
  }
  if (shape?.type === "list" && shape.member) {
    const { member } = shape;
    const inside = `${prefix}member.`;
    const numbers = new Set(form.map(([path]) => path.slice(inside.length).split(".")[0] ?? ""));
    return [...numbers].map((number) => {
      const below = form.filter(([p]) => `${p}.`.startsWith(`${inside}${number}.`));
      return fromForm(model, member, below, `${inside}${number}.`);
    });
  }
  if (shape?.type === "map") return Object.fromEntries(entriesOf(model, shape, form, prefix));
  return scalar(shape, form[0]?.[1] ?? "");
}

// A map arrives as numbered pairs below "entry".
function entriesOf(model: Model, shape: AwsShape, form: [string, string][], prefix: string) {
  const inside = `${prefix}entry.`;
  const numbers = new Set(form.map(([path]) => path.slice(inside.length).split(".")[0] ?? ""));
  return [...numbers].map((number) => {
    const at = (ref: Ref | undefined, otherwise: string) =>
      `${inside}${number}.${ref?.locationName ?? otherwise}`;
    const key = form.find(([path]) => path === at(shape.key, "key"))?.[1] ?? "";
    const start = `${at(shape.value, "value")}.`;
    const below = form.filter(([path]) => `${path}.`.startsWith(start));
    return [key, shape.value ? fromForm(model, shape.value, below, start) : below];
  });
}

export function scalar(shape: AwsShape | undefined, text: string): unknown {
  switch (shape?.type) {
    case "integer":
    case "long":
    case "double":
      return Number(text);
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "timestamp":
      return Date.parse(text);
    default:
      return text;
  }
}
