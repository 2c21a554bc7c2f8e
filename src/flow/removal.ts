// Whether GitHub still lets Interlock into a repository: an event that says otherwise can be an old one, and so can a 404.

import type { Repository } from "../core/model/event.ts";
import type { Ports } from "./ports.ts";

export type Access = "in" | "out" | "unknown";

/** Asks for what the installation may see: a public repository can be read by everybody. */
export async function accessTo({ github }: Ports, repository: Repository): Promise<Access> {
  const { installation, owner, name, id } = repository;
  const installations = await github.installations();
  if (installations.kind === "unknown") return "unknown";
  if (!installations.value.includes(installation)) return "out";
  const listed = await github.repositories(installation);
  if (listed.kind === "unknown") return "unknown";
  const isListed = listed.value.some(
    ({ repository: one }) =>
      one.owner === owner && one.name === name && (id === undefined || one.id === id),
  );
  return isListed ? "in" : "out";
}
