// Reads CloudFormation templates as CloudFormation does, and fills their parameters in.

import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { parseDocument, type ScalarTag, type Tags, visit } from "yaml";

export type Json = null | boolean | number | string | readonly Json[] | Fields;
export type Fields = { readonly [key: string]: Json };

/** `!Ref X` becomes `{ Ref: X }`, `!Sub X` becomes `{ "Fn::Sub": X }`. */
export function readTemplate(file: string): Fields {
  const names = ["Ref", "Sub", "GetAtt", "If", "Equals", "Not"];
  const full = (name: string) => (name === "Ref" ? name : `Fn::${name}`);
  const tags: Tags = names.flatMap((name): ScalarTag[] => [
    { tag: `!${name}`, resolve: (value) => ({ [full(name)]: value }) },
  ]);
  const lists: Tags = names.map((name) => ({ tag: `!${name}`, collection: "seq" as const }));
  const document = parseDocument(readFileSync(file, "utf8"), { customTags: [...tags, ...lists] });
  expect(document.errors).toEqual([]);
  expect(document.warnings).toEqual([]);
  const values = new Map<unknown, string>();
  visit(document, {
    Seq: (_, node) => {
      if (node.tag?.startsWith("!") && !node.tag.startsWith("!!"))
        values.set(node, full(node.tag.slice(1)));
    },
  });
  const plain = (node: unknown): Json => {
    const name = values.get(node);
    const items = (node as { items?: unknown[] }).items;
    if (!Array.isArray(items)) return (node as { value: Json }).value;
    const isMap = items.every((item) => typeof item === "object" && item !== null && "key" in item);
    if (isMap && items.length > 0)
      return Object.fromEntries(
        items.map((item) => {
          const { key, value } = item as { key: { value: string }; value: unknown };
          return [key.value, plain(value)];
        }),
      );
    return name === undefined ? items.map(plain) : { [name]: items.map(plain) };
  };
  return plain(document.contents) as Fields;
}

export function at(template: Fields, ...path: readonly (string | number)[]): Json {
  return path.reduce<Json>((value, step) => {
    const found = (value as Fields)[step];
    if (found === undefined) throw new Error(`There is no ${path.join(".")}`);
    return found;
  }, template);
}

/** Names that are referred to and are not there. */
export function dangling(template: Fields): readonly string[] {
  const known = new Set([
    ...Object.keys(at(template, "Parameters") as Fields),
    ...Object.keys(at(template, "Resources") as Fields),
  ]);
  const conditions = new Set(Object.keys(at(template, "Conditions") as Fields));
  const missing: string[] = [];
  const look = (value: Json): void => {
    if (typeof value !== "object" || value === null) return;
    for (const [key, inner] of Object.entries(value)) {
      const names =
        key === "Ref" || key === "Fn::GetAtt"
          ? [String(inner).split(".")[0] ?? ""]
          : key === "Fn::Sub"
            ? [...String(inner).matchAll(/\$\{([^}]+)\}/g)].map(
                ([, name = ""]) => name.split(".")[0] ?? "",
              )
            : [];
      for (const name of names)
        if (!name.startsWith("AWS::") && !known.has(name)) missing.push(`${key} ${name}`);
      const condition =
        key === "Fn::If" ? (inner as readonly Json[])[0] : key === "Condition" ? inner : undefined;
      if (typeof condition === "string" && !conditions.has(condition))
        missing.push(`condition ${condition}`);
      look(inner);
    }
  };
  look(template);
  return missing;
}

export type Parameters = Readonly<Record<string, string>>;

/** What CloudFormation makes of a part of the template. */
export function resolve(template: Fields, part: Json, given: Parameters): Json {
  const parameters = filledIn(template, given);
  const holds = (name: string): boolean => isTrue(at(template, "Conditions", name));
  const isTrue = (condition: Json): boolean => {
    const fields = condition as Fields;
    const [first = null, second = null] = Object.values(fields)[0] as readonly Json[];
    if ("Fn::Not" in fields) return !isTrue(first);
    if ("Fn::Equals" in fields) return value(first) === value(second);
    throw new Error(`Nobody has needed ${Object.keys(fields)[0]} so far`);
  };
  const value = (json: Json): Json | undefined => {
    if (typeof json !== "object" || json === null) return json;
    if (Array.isArray(json)) return json.map(value).filter((item) => item !== undefined);
    const fields = json as Fields;
    if ("Ref" in fields) {
      const name = String(fields.Ref);
      return name === "AWS::NoValue" ? undefined : (parameters[name] ?? known(template, name));
    }
    if ("Fn::GetAtt" in fields) return known(template, String(fields["Fn::GetAtt"]));
    if ("Fn::Sub" in fields)
      return String(fields["Fn::Sub"]).replace(
        /\$\{([^}]+)\}/g,
        (_, name: string) => parameters[name] ?? known(template, name),
      );
    if ("Fn::If" in fields) {
      const [name, yes = null, no = null] = fields["Fn::If"] as readonly Json[];
      return value(holds(String(name)) ? yes : no);
    }
    return Object.fromEntries(
      Object.entries(fields).flatMap(([key, inner]) => {
        const found = value(inner);
        return found === undefined ? [] : [[key, found]];
      }),
    );
  };
  return value(part) ?? null;
}

/** Fails as CloudFormation does where a value is missing or of the wrong form. */
function filledIn(template: Fields, given: Parameters): Parameters {
  const declared = at(template, "Parameters") as Readonly<Record<string, Fields>>;
  for (const name of Object.keys(given)) expect(Object.keys(declared)).toContain(name);
  return Object.fromEntries(
    Object.entries(declared).map(([name, { Default, AllowedPattern, AllowedValues }]) => {
      const value = given[name] ?? Default;
      if (typeof value !== "string") throw new Error(`${name} has no value`);
      if (AllowedPattern !== undefined)
        expect(value, name).toMatch(new RegExp(`^(?:${AllowedPattern})$`));
      if (AllowedValues !== undefined) expect(AllowedValues, name).toContain(value);
      return [name, value];
    }),
  );
}

/** Something of the form that AWS gives to what it makes. */
function known(template: Fields, name: string): string {
  const pseudo: Parameters = {
    "AWS::Partition": "aws",
    "AWS::Region": "eu-west-1",
    "AWS::AccountId": "111122223333",
    "AWS::URLSuffix": "amazonaws.com",
    "AWS::StackName": "stack",
  };
  const [resource = "", attribute] = name.split(".");
  if (pseudo[resource] !== undefined) return pseudo[resource];
  const type = String(at(template, "Resources", resource, "Type"));
  if (type === "AWS::IAM::Role" && attribute === "Arn")
    return `arn:aws:iam::111122223333:role/${resource}`;
  return `stack-${resource.toLowerCase()}`;
}
