// GitHub Apps: registering, installing, and the two proofs of identity they use.
import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { announceToInstallation } from "./events.ts";
import type {
  Account,
  App,
  Installation,
  Permissions,
  Repository,
  Token,
  WebhookTarget,
  World,
} from "./model.ts";
import { accountOf } from "./people.ts";
import { renderInstallation } from "./render/account.ts";
import { renderShortRepository } from "./render/repository.ts";

/** Documented: "The installation token will expire after 1 hour". */
const token_ms = 60 * 60 * 1000;
/** Documented: an App's JWT may live "no more than 10 minutes". */
const jwt_seconds_max = 600;

export type NewApp = {
  id?: number;
  slug: string;
  owner: string;
  publicKey: KeyObject | string;
  permissions: Permissions;
  events: readonly string[];
  webhook?: WebhookTarget;
};

export function registerApp(world: World, wanted: NewApp): App {
  const id = wanted.id ?? world.nextId();
  const app: App = {
    id,
    slug: wanted.slug,
    name: wanted.slug,
    clientId: `Iv1.${id.toString(16).padStart(16, "0")}`,
    owner: accountOf(world, wanted.owner, "Organization"),
    bot: accountOf(world, `${wanted.slug}[bot]`, "Bot"),
    publicKey:
      typeof wanted.publicKey === "string" ? createPublicKey(wanted.publicKey) : wanted.publicKey,
    permissions: wanted.permissions,
    events: wanted.events,
    webhook: wanted.webhook,
    createdAt: world.clock.now(),
  };
  world.apps.set(id, app);
  return app;
}

export function install(
  world: World,
  app: App,
  on: { account: string; repositories?: readonly Repository[]; by?: string },
): Installation {
  const account = accountOf(world, on.account, "Organization");
  const installation: Installation = {
    id: world.nextId(),
    app,
    account,
    selection: on.repositories ? "selected" : "all",
    repositoryIds: new Set(on.repositories?.map((r) => r.id)),
    permissions: app.permissions,
    events: app.events,
    createdAt: world.clock.now(),
    suspendedAt: undefined,
  };
  world.installations.set(installation.id, installation);
  const sender = on.by === undefined ? account : accountOf(world, on.by);
  announceInstallation(world, installation, "created", sender);
  return installation;
}

export function uninstall(world: World, installation: Installation, by: Account): void {
  announceInstallation(world, installation, "deleted", by);
  world.installations.delete(installation.id);
  for (const [token, { installation: of }] of world.tokens)
    if (of === installation) world.tokens.delete(token);
}

export function suspend(world: World, installation: Installation, by: Account): void {
  installation.suspendedAt = world.clock.now();
  announceInstallation(world, installation, "suspend", by);
}

export function unsuspend(world: World, installation: Installation, by: Account): void {
  installation.suspendedAt = undefined;
  announceInstallation(world, installation, "unsuspend", by);
}

export function changeSelection(
  world: World,
  installation: Installation,
  change: { add?: readonly Repository[]; remove?: readonly Repository[]; by: Account },
): void {
  installation.selection = "selected";
  const added = change.add ?? [];
  const removed = change.remove ?? [];
  for (const repository of added) installation.repositoryIds.add(repository.id);
  for (const repository of removed) installation.repositoryIds.delete(repository.id);
  const { by } = change;
  if (added.length > 0)
    tellSelection(world, installation, { action: "added", repositories: added, by });
  if (removed.length > 0)
    tellSelection(world, installation, { action: "removed", repositories: removed, by });
}

function tellSelection(
  world: World,
  installation: Installation,
  change: { action: "added" | "removed"; repositories: readonly Repository[]; by: Account },
): void {
  const { action, by } = change;
  const repositories = change.repositories.map(renderShortRepository);
  announceToInstallation(world, installation, {
    event: "installation_repositories",
    action,
    sender: by,
    payload: {
      installation: renderInstallation(world, installation),
      repository_selection: installation.selection,
      repositories_added: action === "added" ? repositories : [],
      repositories_removed: action === "removed" ? repositories : [],
      requester: null,
    },
  });
}

/** An installation on all repositories of an account takes in new ones by itself. */
export function takeIn(world: World, repository: Repository, by: Account): void {
  for (const installation of world.installations.values())
    if (installation.selection === "all" && installation.account === repository.owner)
      tellSelection(world, installation, { action: "added", repositories: [repository], by });
}

export function repositoriesOf(world: World, installation: Installation): Repository[] {
  return [...world.repositories.values()].filter(
    (r) =>
      r.owner === installation.account &&
      (installation.selection === "all" || installation.repositoryIds.has(r.id)),
  );
}

export function issueToken(world: World, grant: Omit<Token, "expiresAt">) {
  const token = world.random.token("ghs_");
  const expiresAt = world.authClock.now() + token_ms;
  world.tokens.set(token, { ...grant, expiresAt });
  return { token, expiresAt };
}

export type JwtProof = { kind: "app"; app: App } | { kind: "refused"; message: string };

export function verifyAppJwt(world: World, jwt: string): JwtProof {
  const undecodable = refused("A JSON web token could not be decoded");
  const [head, body, signature, ...more] = jwt.split(".");
  if (!head || !body || !signature || more.length > 0) return undecodable;
  const header = decode(head);
  const claims = decode(body);
  if (!header || !claims || header.alg !== "RS256") return undecodable;
  const app = [...world.apps.values()].find(
    (a) => String(a.id) === String(claims.iss) || a.clientId === claims.iss,
  );
  if (!app) return refused("Integration not found");
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify("RSA-SHA256", signed, app.publicKey, Buffer.from(signature, "base64url")))
    return undecodable;
  const now = Math.floor(world.authClock.now() / 1000);
  const { exp, iat } = claims;
  if (typeof iat !== "number" || iat > now)
    return refused(
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  if (typeof exp !== "number" || exp <= now)
    return refused(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  if (exp > now + jwt_seconds_max)
    return refused("'Expiration time' claim ('exp') is too far in the future");
  return { kind: "app", app };
}

function refused(message: string): JwtProof {
  return { kind: "refused", message };
}

function decode(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function announceInstallation(
  world: World,
  installation: Installation,
  action: "created" | "deleted" | "suspend" | "unsuspend",
  sender: Account,
): void {
  announceToInstallation(world, installation, {
    event: "installation",
    action,
    sender,
    payload: {
      installation: renderInstallation(world, installation),
      ...(action === "suspend" || action === "unsuspend"
        ? {}
        : { repositories: repositoriesOf(world, installation).map(renderShortRepository) }),
      ...(action === "created" ? { requester: null } : {}),
    },
  });
}
