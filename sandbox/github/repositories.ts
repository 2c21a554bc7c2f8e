// Repositories: creating, forking, finding, and resolving the names of commits in them.
import type { Account, Repository, Role, World } from "./model.ts";
import {
  applyChanges,
  type Change,
  createStore,
  type GitStore,
  type Signature,
  writeCommit,
} from "./objects.ts";
import { accountOf } from "./people.ts";

export type NewRepository = {
  owner: string;
  name: string;
  /** Of the first commit. */
  files?: Readonly<Record<string, Change>>;
  private?: boolean;
  people?: Readonly<Record<string, Role>>;
  defaultBranch?: string;
  ownerKind?: "User" | "Organization";
};

export function createRepository(world: World, wanted: NewRepository): Repository {
  const owner = accountOf(world, wanted.owner, wanted.ownerKind ?? "Organization");
  const store = createStore();
  const repository = emptyRepository(world, { owner, name: wanted.name, store });
  repository.private = wanted.private ?? false;
  repository.defaultBranch = wanted.defaultBranch ?? "main";
  const people = wanted.people ?? { dev: "write" };
  for (const [login, role] of Object.entries(people))
    repository.roles.set(accountOf(world, login).login.toLowerCase(), role);
  const first = writeCommit(store, {
    files: applyChanges(store, new Map(), wanted.files ?? { "README.md": `# ${wanted.name}\n` }),
    parents: [],
    message: "Initial commit",
    author: signature(owner, world.clock.now()),
    committer: signature(owner, world.clock.now()),
  });
  repository.refs.set(`heads/${repository.defaultBranch}`, first.sha);
  return repository;
}

export function forkRepository(world: World, parent: Repository, login: string): Repository {
  const owner = accountOf(world, login);
  const fork = emptyRepository(world, { owner, name: parent.name, store: parent.store });
  fork.private = parent.private;
  fork.defaultBranch = parent.defaultBranch;
  fork.parent = parent;
  for (const [ref, sha] of parent.refs) if (ref.startsWith("heads/")) fork.refs.set(ref, sha);
  return fork;
}

export function findRepository(world: World, fullName: string): Repository | undefined {
  return world.repositories.get(fullName.toLowerCase());
}

/**
 * A new name, or a new owner with it. The old name leads to it until another repository takes it.
 * docs.github.com/repositories/creating-and-managing-repositories/renaming-a-repository
 */
export function moveRepository(
  world: World,
  repository: Repository,
  to: { name: string; owner?: Account },
): void {
  const { name, owner = repository.owner } = to;
  const fullName = `${owner.login}/${name}`;
  if (findRepository(world, fullName)) throw new Error(`${fullName} is there already`);
  const former = repository.fullName.toLowerCase();
  world.repositories.delete(former);
  world.formerNames.set(former, repository);
  world.formerNames.delete(fullName.toLowerCase());
  Object.assign(repository, { name, owner, fullName });
  world.repositories.set(fullName.toLowerCase(), repository);
}

export function deleteRepository(world: World, repository: Repository): void {
  world.repositories.delete(repository.fullName.toLowerCase());
  for (const [name, one] of world.formerNames)
    if (one === repository) world.formerNames.delete(name);
}

/** The repositories that share its objects: itself, its forks, its parent. */
export function networkOf(world: World, repository: Repository): Repository[] {
  return [...world.repositories.values()].filter((r) => r.store === repository.store);
}

/**
 * The commit that a sha, ref, tag or branch or the beginning of a sha names, in git's order: a name that
 * is both a tag and a branch is the tag. git-scm.com/docs/gitrevisions
 */
export function resolveCommit(
  { store, refs, ...of }: Repository,
  name: string,
): string | undefined {
  if (store.commits.has(name)) return name;
  if (name === "HEAD") return refs.get(`heads/${of.defaultBranch}`);
  const full = name.startsWith("refs/") ? refs.get(name.slice("refs/".length)) : undefined;
  const byRef = full ?? refs.get(name) ?? refs.get(`tags/${name}`) ?? refs.get(`heads/${name}`);
  if (byRef !== undefined || !/^[0-9a-f]{7,40}$/.test(name)) return byRef;
  return [...store.commits.keys()].find((sha) => sha.startsWith(name));
}

/** Whatever tags there are, the branch of that name; else what the name means to git. */
export function resolveBranch(repository: Repository, name: string): string | undefined {
  return repository.refs.get(`heads/${name}`) ?? resolveCommit(repository, name);
}

export function signature(account: Account, date: number): Signature {
  return { name: account.login, email: account.email, login: account.login, date };
}

function emptyRepository(
  world: World,
  parts: { owner: Account; name: string; store: GitStore },
): Repository {
  const fullName = `${parts.owner.login}/${parts.name}`;
  if (findRepository(world, fullName)) throw new Error(`${fullName} is there already`);
  const now = world.clock.now();
  const repository: Repository = {
    ...parts,
    id: world.nextId(),
    fullName,
    private: false,
    archived: false,
    description: undefined,
    defaultBranch: "main",
    parent: undefined,
    refs: new Map(),
    roles: new Map(),
    customRoles: new Map(),
    nextNumber: 1,
    pulls: new Map(),
    comments: new Map(),
    suites: new Map(),
    runs: new Map(),
    statuses: [],
    protection: new Map(),
    createdAt: now,
    pushedAt: now,
  };
  world.repositories.set(fullName.toLowerCase(), repository);
  world.formerNames.delete(fullName.toLowerCase());
  return repository;
}
