// Who is asking, and whether they may: App JWTs, installation tokens, and people's own tokens.
import { failed, notFound } from "./answer.ts";
import { verifyAppJwt } from "./apps.ts";
import { covers } from "./events.ts";
import type { Actor, Repository, World } from "./model.ts";
import { findAccount, hasRole } from "./people.ts";
import type { Access, Answer } from "./route.ts";

export type Identity =
  | { kind: "known"; actor: Actor }
  | { kind: "anonymous" }
  | { kind: "refused"; answer: Answer };

/** People have tokens of the form `user:<login>`. Basic auth carries a token as its password. */
export function identify(world: World, authorization: string | undefined): Identity {
  if (authorization === undefined || authorization === "") return { kind: "anonymous" };
  const secret = secretOf(authorization);
  if (secret === undefined) return refused("Bad credentials");
  if (secret.startsWith("user:")) {
    const account = findAccount(world, secret.slice("user:".length));
    return account
      ? { kind: "known", actor: { kind: "user", account } }
      : refused("Bad credentials");
  }
  if (secret.split(".").length === 3) {
    const proof = verifyAppJwt(world, secret);
    if (proof.kind === "refused") return refused(proof.message);
    const { app } = proof;
    return { kind: "known", actor: { kind: "app", account: app.bot, app } };
  }
  const token = world.tokens.get(secret);
  if (!token || token.expiresAt <= world.authClock.now()) return refused("Bad credentials");
  const { installation } = token;
  const account = installation.app.bot;
  return { kind: "known", actor: { kind: "installation", account, installation, token } };
}

/** Undefined when the actor may; otherwise the refusal. */
export function check(
  access: Access,
  actor: Actor | undefined,
  repository: Repository | undefined,
): Answer | undefined {
  switch (access.kind) {
    case "anyone":
      return undefined;
    case "app":
    case "repositoryByApp":
      return actor?.kind === "app"
        ? undefined
        : failed(401, "A JSON web token could not be decoded");
    case "repository": {
      if (!repository) return notFound();
      if (!actor) return failed(401, "Requires authentication");
      if (repository.archived && access.level === "write")
        return failed(403, "Repository was archived so is read-only.");
      return checkRepository(access, actor, repository);
    }
  }
}

function checkRepository(
  access: Access & { kind: "repository" },
  actor: Actor,
  repository: Repository,
): Answer | undefined {
  switch (actor.kind) {
    case "app":
      return failed(401, "Bad credentials");
    case "user": {
      if (!hasRole(repository, actor.account, "read")) return notFound();
      if (hasRole(repository, actor.account, access.role)) return undefined;
      return failed(403, "Resource not accessible by personal access token");
    }
    case "installation": {
      const { installation, token } = actor;
      if (installation.suspendedAt !== undefined)
        return failed(403, "This installation has been suspended");
      const inToken = token.repositoryIds?.has(repository.id) ?? true;
      if (!inToken || !covers(installation, repository))
        return repository.private ? notFound() : forbidden();
      const granted = access.oneOf.some((name) => {
        const level = token.permissions[name];
        return access.level === "read" ? level !== undefined : level === "write";
      });
      return granted || access.oneOf.includes("metadata") ? undefined : forbidden();
    }
  }
}

function forbidden(): Answer {
  return failed(403, "Resource not accessible by integration");
}

function secretOf(authorization: string): string | undefined {
  const [scheme, ...rest] = authorization.trim().split(/\s+/);
  const value = rest.join(" ");
  switch (scheme?.toLowerCase()) {
    case "token":
    case "bearer":
      return value;
    case "basic":
      return Buffer.from(value, "base64").toString("utf8").split(":").slice(1).join(":");
    default:
      return undefined;
  }
}

function refused(message: string): Identity {
  return { kind: "refused", answer: failed(401, message) };
}
