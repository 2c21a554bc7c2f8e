// The repository goes to another owner, by whom the App is let in too: it begins there without a past.

import type { World } from "../world/world.ts";
import type { Oracle } from "./oracle.ts";

const from = "acme";
const to = "globex";

/** Once, and while the first owner lets the App in. */
export function transfer(world: World, truth: Oracle, say: (what: string) => void): void {
  const { github, installation, shop } = world;
  const isIn = installation?.account.login === from && shop.data.owner.login === from;
  if (!isIn || !github.world.repositories.has(shop.data.fullName.toLowerCase())) return;
  const next = github.install({ account: to, by: "boss" });
  shop.transfer(to, "boss");
  say(`the repository goes to ${to}`);
  world.installation = next;
  truth.begin();
}
