// Our GraphQL queries and the embedded GitHub's schema, held against GitHub's own schema.

import { schema as described } from "@octokit/graphql-schema";
import {
  buildSchema,
  type GraphQLSchema,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  parse,
  validate,
} from "graphql";
import { expect, test } from "vitest";
import { definition } from "../../sandbox/github/graphql/schema.ts";
import { gateQuery, overviewQuery } from "../../src/github/graph.ts";

// The description defines two fields twice, which says nothing about the others.
const whole = buildSchema(described.idl, { assumeValidSDL: true });
const ours = buildSchema(definition);

const repository = { installation: 1, owner: "acme", name: "shop" };
const at = { repository, sha: "a".repeat(40) };

test.each([
  ["one repository", overviewQuery([repository])],
  ["many repositories", overviewQuery(Array.from({ length: 25 }, () => repository))],
  ["one gate", gateQuery([at], 1)],
  [
    "many gates",
    gateQuery(
      Array.from({ length: 50 }, () => at),
      1,
    ),
  ],
])("the query for %s is one that GitHub describes", (_, { query }) => {
  expect(validate(whole, parse(query)).map(({ message }) => message)).toEqual([]);
  expect(validate(ours, parse(query)).map(({ message }) => message)).toEqual([]);
});

test("the embedded GitHub has no type, field, argument or value that GitHub does not have", () => {
  expect(signatures(ours).filter((one) => !theirs.has(one))).toEqual([]);
});

const theirs: ReadonlySet<string> = new Set(signatures(whole));

/** A line for each field with its type, each argument, and each value. */
function signatures(schema: GraphQLSchema): readonly string[] {
  return Object.values(schema.getTypeMap())
    .filter(({ name }) => !name.startsWith("__"))
    .flatMap((type) => {
      if (isEnumType(type)) return type.getValues().map(({ name }) => `${type.name}.${name}`);
      if (isInputObjectType(type))
        return Object.values(type.getFields()).map((field) => `${type.name}.${field}`);
      if (!isObjectType(type) && !isInterfaceType(type)) return [type.name];
      return Object.values(type.getFields()).flatMap((field) => [
        `${type.name}.${field.name}: ${field.type}`,
        ...field.args.map((arg) => `${type.name}.${field.name}(${arg.name}: ${arg.type})`),
      ]);
    });
}
