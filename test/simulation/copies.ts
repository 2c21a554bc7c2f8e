// Repositories that have taken the name that the shop had, and what was started for them or for a former owner.

import type { Repository } from "../../sandbox/github/model.ts";
import type { StartRequest } from "../../src/ports/engine.ts";
import type { World } from "../world/world.ts";

/** Those beside the shop that Interlock is let into. */
export function copiesOf({ github, shop }: World): readonly Repository[] {
  return [...github.world.repositories.values()].filter(
    (one) => one !== shop.data && one.owner.login === "acme",
  );
}

/** Whether a run was started for another repository than the shop. */
export function isCopys({ shop }: World, { repository }: StartRequest): boolean {
  return repository.id !== undefined && repository.id !== shop.id;
}

/** Whether a run was started for another owner than the one that the shop has by now. */
export function isFormer({ shop }: World, { repository }: StartRequest): boolean {
  return repository.ownerId !== undefined && repository.ownerId !== shop.data.owner.id;
}

/** Whether a request is about the shop, by whatever name or id it names it. */
export function isAboutShop({ github, shop }: World, url: string): boolean {
  const [, owner, name] = /\/repos\/([^/]+)\/([^/]+)/.exec(new URL(url).pathname) ?? [];
  if (owner === undefined) return new URL(url).pathname.includes(`/repositories/${shop.id}/`);
  return github.world.repositories.get(`${owner}/${name}`.toLowerCase()) === shop.data;
}
