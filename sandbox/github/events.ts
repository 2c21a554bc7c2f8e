// Tells the installed apps what happened: who is told, and the frame around every payload.
import type { Account, Actor, App, Installation, Repository, World } from "./model.ts";
import { nodeId, renderAccount, renderOrganization } from "./render/account.ts";
import { renderRepository } from "./render/repository.ts";

export type Happening = {
  event: string;
  action?: string;
  repository: Repository;
  actor: Actor;
  payload: Record<string, unknown>;
  /** Check suites, and clicks on a check, are only the business of the app that owns them. */
  onlyFor?: App;
};

export function announce(world: World, happening: Happening): void {
  const { event, action, repository, actor, onlyFor } = happening;
  world.past.note();
  for (const installation of installationsOn(world, repository)) {
    if (onlyFor && installation.app !== onlyFor) continue;
    // The owner of a check hears of its own clicks and suites without having subscribed.
    if (!onlyFor && !installation.events.includes(event)) continue;
    const body = {
      ...(action === undefined ? {} : { action }),
      repository: renderRepository(world, repository),
      ...happening.payload,
      ...(repository.owner.kind === "Organization"
        ? { organization: renderOrganization(world, repository.owner) }
        : {}),
      sender: renderAccount(world, actor.account),
      installation: {
        id: installation.id,
        node_id: nodeId("IntegrationInstallation", installation.id),
      },
    };
    post(world, installation, { event, action, repository, body });
  }
}

/** For events about the installation itself, which have their own frame. */
export function announceToInstallation(
  world: World,
  installation: Installation,
  told: { event: string; action: string; sender: Account; payload: Record<string, unknown> },
): void {
  const { event, action, sender, payload } = told;
  const body = { action, ...payload, sender: renderAccount(world, sender) };
  post(world, installation, { event, action, repository: undefined, body });
}

export function installationsOn(world: World, repository: Repository): Installation[] {
  return [...world.installations.values()].filter((i) => covers(i, repository));
}

export function covers(installation: Installation, repository: Repository): boolean {
  if (installation.suspendedAt !== undefined) return false;
  if (installation.account !== repository.owner) return false;
  return installation.selection === "all" || installation.repositoryIds.has(repository.id);
}

function post(
  world: World,
  installation: Installation,
  told: {
    event: string;
    action: string | undefined;
    repository: Repository | undefined;
    body: Record<string, unknown>;
  },
): void {
  if (!installation.app.webhook) return;
  world.outbox.send({
    app: installation.app,
    guid: world.random.guid(),
    event: told.event,
    action: told.action,
    installationId: installation.id,
    repositoryId: told.repository?.id,
    body: JSON.stringify(told.body),
  });
}
