// Every route of the embedded GitHub. A new feature adds its file and a line here.
import type { Route } from "../route.ts";
import { appRoutes } from "./app.ts";
import { checkRoutes } from "./checks.ts";
import { commentRoutes } from "./comments.ts";
import { commitRoutes } from "./commits.ts";
import { contentRoutes } from "./content.ts";
import { deliveryRoutes } from "./deliveries.ts";
import { graphqlRoutes } from "./graphql.ts";
import { protectionRoutes } from "./protection.ts";
import { pullRoutes } from "./pulls.ts";
import { repositoryRoutes } from "./repository.ts";
import { statusRoutes } from "./statuses.ts";

export const allRoutes: readonly Route[] = [
  ...appRoutes,
  ...checkRoutes,
  ...commentRoutes,
  ...commitRoutes,
  ...contentRoutes,
  ...deliveryRoutes,
  ...graphqlRoutes,
  ...protectionRoutes,
  ...pullRoutes,
  ...repositoryRoutes,
  ...statusRoutes,
];
