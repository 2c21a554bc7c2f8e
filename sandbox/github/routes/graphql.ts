// The GraphQL endpoint. Problems come in the body of a 200, beside what could be answered.
import { buildSchema, graphqlSync } from "graphql";
import { failed, isObject, ok, textField } from "../answer.ts";
import { rootOf } from "../graphql/resolve.ts";
import { definition } from "../graphql/schema.ts";
import { anyone, type Route } from "../route.ts";

const schema = buildSchema(definition);

export const graphqlRoutes: Route[] = [
  {
    method: "POST",
    path: "/graphql",
    access: anyone,
    run(call) {
      const { world, actor, body } = call;
      if (actor.account.id === 0)
        return failed(401, "This endpoint requires you to be authenticated.");
      const source = textField(call, "query");
      if (source === undefined) return failed(400, "A query attribute must be specified.");
      const { data, errors } = graphqlSync({
        schema,
        source,
        rootValue: rootOf(world, actor),
        variableValues: isObject(body.variables) ? body.variables : {},
      });
      if (errors === undefined) return ok({ data });
      // GitHub puts the kind of the problem where others put their extensions.
      const told = errors.map(({ message, path, locations, extensions }) => ({
        ...extensions,
        message,
        ...(path && { path }),
        ...(locations && { locations }),
      }));
      return ok({ ...(data === undefined ? {} : { data }), errors: told });
    },
  },
];
