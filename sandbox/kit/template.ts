// What CloudFormation would make of `infra/cloudformation.yaml`: anyone who plays the scenarios has no other permissions.

import { readFile } from "node:fs/promises";
import { parse, type Tags } from "yaml";
import type { Statement } from "../aws/request-log.ts";

export interface Permissions {
  /** Of the role that the plan names. */
  readonly role: readonly Statement[];
  /** Of the identity that Interlock runs as. */
  readonly interlock: readonly Statement[];
}

/** Parameters of the template and attributes of what it makes, by the names that it refers to them by. */
type Values = Readonly<Record<string, string>>;

export async function readPermissions(
  values: Values,
  conditions: Readonly<Record<string, boolean>>,
): Promise<Permissions> {
  const file = new URL("../../infra/cloudformation.yaml", import.meta.url);
  const template = parse(await readFile(file, "utf8"), { customTags: tagsFor(values) }) as Template;
  const { Role, InterlockPolicy } = template.Resources;
  const read = (policies: readonly Policy[]) =>
    policies.flatMap(({ PolicyDocument }) =>
      PolicyDocument.Statement.flatMap((entry) => chosen(entry, conditions)).map(statementOf),
    );
  return {
    role: read(Role.Properties.Policies),
    interlock: read([InterlockPolicy.Properties]),
  };
}

interface Template {
  readonly Resources: {
    readonly Role: { readonly Properties: { readonly Policies: readonly Policy[] } };
    readonly InterlockPolicy: { readonly Properties: Policy };
  };
}

interface Policy {
  readonly PolicyDocument: { readonly Statement: readonly (Written | If)[] };
}

interface Written {
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
}

/** A condition, and a statement for each of its answers; none is a text. */
type If = readonly [condition: string, yes: Written | string, no: Written | string];

function chosen(
  entry: Written | If,
  conditions: Readonly<Record<string, boolean>>,
): readonly Written[] {
  if (!("length" in entry)) return [entry];
  const [condition, yes, no] = entry;
  const one = conditions[condition] ? yes : no;
  return typeof one === "string" ? [] : [one];
}

function statementOf({ Action, Resource }: Written): Statement {
  return { actions: [Action].flat(), resources: [Resource].flat() };
}

function tagsFor(values: Values): Tags {
  const value = (name: string) => values[name] ?? name;
  const lists = ["Equals", "Not", "If"].map((name) => ({
    tag: `!${name}`,
    collection: "seq" as const,
  }));
  return [
    { tag: "!Ref", resolve: value },
    { tag: "!GetAtt", resolve: value },
    {
      tag: "!Sub",
      resolve: (text: string) => text.replace(/\$\{([^}]+)\}/g, (_, name: string) => value(name)),
    },
    ...lists,
  ];
}
