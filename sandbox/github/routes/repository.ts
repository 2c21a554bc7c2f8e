// A repository itself, who may do what in it, and its branches and refs.
import { created, failed, invalid, listed, notFound, ok, textField } from "../answer.ts";
import type { Protection, Repository, World } from "../model.ts";
import { findAccount, roleOf } from "../people.ts";
import { push } from "../push.ts";
import { renderAccount } from "../render/account.ts";
import { renderCommit, renderRef } from "../render/commit.ts";
import { renderProtection } from "../render/protection.ts";
import { renderFullRepository, repositoryUrl } from "../render/repository.ts";
import { resolveCommit } from "../repositories.ts";
import { type Answer, type Call, param, type Route, reads, writes } from "../route.ts";

export const repositoryRoutes: Route[] = [
  {
    method: "GET",
    path: "/repos/{owner}/{repo}",
    access: reads("metadata"),
    run: ({ world, repository }) => ok(renderFullRepository(world, repository)),
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/collaborators/{username}/permission",
    access: reads("metadata"),
    run: permission,
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/branches",
    access: reads("contents"),
    run(call) {
      const { repository, world, query } = call;
      const wanted = query.get("protected");
      const all = [...repository.refs.keys()]
        .filter((ref) => ref.startsWith("heads/"))
        .map((ref) => ref.slice("heads/".length))
        .filter((b) => wanted === null || (wanted === "true") === repository.protection.has(b))
        .sort();
      return listed(call, all, (branch) => shortBranch(world, repository, branch));
    },
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/branches/{branch...}",
    access: reads("contents"),
    run(call) {
      const branch = param(call, "branch");
      const { world, repository } = call;
      const sha = repository.refs.get(`heads/${branch}`);
      if (sha === undefined) return failed(404, "Branch not found");
      const self = `${repositoryUrl(world, repository)}/branches/${branch}`;
      return ok({
        ...shortBranch(world, repository, branch),
        commit: renderCommit(world, repository, sha),
        _links: { self, html: `${world.urls.html}/${repository.fullName}/tree/${branch}` },
      });
    },
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/git/ref/{ref...}",
    access: reads("contents"),
    run(call) {
      const ref = param(call, "ref");
      const sha = call.repository.refs.get(ref);
      return sha === undefined ? notFound() : ok(renderRef(call.world, call.repository, ref, sha));
    },
  },
  {
    method: "POST",
    path: "/repos/{owner}/{repo}/git/refs",
    access: writes("contents"),
    run: createRef,
  },
];

function permission(call: Call): Answer {
  const account = findAccount(call.world, param(call, "username"));
  if (!account) return failed(404, `${param(call, "username")} is not a user`);
  const role = roleOf(call.repository, account);
  // The older field knows only four levels.
  const older = role === "maintain" ? "write" : role === "triage" ? "read" : role;
  const name = call.repository.customRoles.get(account.login.toLowerCase()) ?? role;
  const user = {
    ...renderAccount(call.world, account),
    role_name: name,
    permissions: {
      admin: role === "admin",
      maintain: ["admin", "maintain"].includes(role),
      push: ["admin", "maintain", "write"].includes(role),
      triage: ["admin", "maintain", "write", "triage"].includes(role),
      pull: role !== "none",
    },
  };
  return ok({ permission: older, role_name: name, user });
}

function createRef(call: Call): Answer {
  const { repository, world, actor } = call;
  const ref = textField(call, "ref") ?? "";
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  const sha = resolveCommit(repository, textField(call, "sha") ?? "");
  if (branch === undefined || sha === undefined) return failed(422, "Object does not exist");
  if (repository.refs.has(`heads/${branch}`)) return failed(422, "Reference already exists");
  const pushed = push(world, { repository, branch, sha, actor });
  if (pushed.kind === "refused") return invalid("Reference", "ref", pushed.message);
  return created(renderRef(world, repository, `heads/${branch}`, sha));
}

function shortBranch(world: World, repository: Repository, branch: string) {
  const protection: Protection | undefined = repository.protection.get(branch);
  const sha = repository.refs.get(`heads/${branch}`) ?? "";
  const api = repositoryUrl(world, repository);
  const summary = protection && renderProtection(world, repository, { branch, protection });
  return {
    name: branch,
    commit: { sha, url: `${api}/commits/${sha}` },
    protected: protection !== undefined,
    protection: {
      enabled: protection !== undefined,
      required_status_checks: {
        enforcement_level: enforcement(protection),
        contexts: summary?.required_status_checks?.contexts ?? [],
        checks: summary?.required_status_checks?.checks ?? [],
      },
    },
    protection_url: `${api}/branches/${branch}/protection`,
  };
}

function enforcement(protection: Protection | undefined): string {
  if (!protection?.requiresChecks) return "off";
  return protection.enforceAdmins ? "everyone" : "non_admins";
}
