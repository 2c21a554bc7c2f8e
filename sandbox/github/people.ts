// Accounts, and what each person may do in a repository.
import {
  type Account,
  type Actor,
  type Repository,
  type Role,
  roles,
  type World,
} from "./model.ts";

/** The account of that login, made when it is new. */
export function accountOf(world: World, login: string, kind: Account["kind"] = "User"): Account {
  const known = world.accounts.get(login.toLowerCase());
  if (known) return known;
  const id = world.nextId();
  const account = { kind, id, login, email: `${id}+${login}@users.noreply.github.com` };
  world.accounts.set(login.toLowerCase(), account);
  return account;
}

export function findAccount(world: World, login: string): Account | undefined {
  return world.accounts.get(login.toLowerCase());
}

export function roleOf(repository: Repository, account: Account): Role {
  if (repository.owner === account) return "admin";
  return (
    repository.roles.get(account.login.toLowerCase()) ?? (repository.private ? "none" : "read")
  );
}

export function hasRole(repository: Repository, account: Account, least: Role): boolean {
  return roles.indexOf(roleOf(repository, account)) >= roles.indexOf(least);
}

export function isAdmin(repository: Repository, actor: Actor): boolean {
  return actor.kind === "user" && hasRole(repository, actor.account, "admin");
}

export function person(world: World, login: string): Actor {
  return { kind: "user", account: accountOf(world, login) };
}

/** GitHub's word for how an author relates to a repository. */
export function associationOf(repository: Repository, account: Account): string {
  if (repository.owner === account) return "OWNER";
  if (!hasRole(repository, account, "triage")) return "NONE";
  return repository.owner.kind === "Organization" ? "MEMBER" : "COLLABORATOR";
}
