// Classic branch protection: read, set, remove.
import { failed, isObject, ok, unprocessable } from "../answer.ts";
import type { Protection, Repository } from "../model.ts";
import { renderProtection } from "../render/protection.ts";
import { type Answer, type Call, param, type Route, reads, withRole, writes } from "../route.ts";

const path = "/repos/{owner}/{repo}/branches/{branch...}/protection";

export const protectionRoutes: Route[] = [
  { method: "GET", path, access: withRole(reads("administration"), "admin"), run: show },
  {
    method: "PUT",
    path,
    access: withRole(writes("administration"), "admin"),
    run(call) {
      const branch = param(call, "branch");
      if (!call.repository.refs.has(`heads/${branch}`)) return failed(404, "Branch not found");
      const wanted = parse(call);
      if (wanted === undefined)
        return unprocessable("required_status_checks must be null or have strict and checks.");
      call.repository.protection.set(branch, wanted);
      return show(call);
    },
  },
  {
    method: "DELETE",
    path,
    access: withRole(writes("administration"), "admin"),
    run(call) {
      call.repository.protection.delete(param(call, "branch"));
      return { status: 204 };
    },
  },
];

function show(call: Call): Answer {
  const branch = param(call, "branch");
  const { repository, world } = call;
  if (!repository.refs.has(`heads/${branch}`)) return failed(404, "Branch not found");
  const protection = repository.protection.get(branch);
  if (!protection) return failed(404, "Branch not protected");
  return ok(renderProtection(world, repository, { branch, protection }));
}

function parse({ body, repository }: Call): Protection | undefined {
  const { required_status_checks: required, enforce_admins: admins } = body;
  const enforceAdmins = admins === true;
  if (required === null) return { checks: [], strict: false, enforceAdmins, requiresChecks: false };
  if (!isObject(required)) return undefined;
  const checks = Array.isArray(required.checks)
    ? required.checks.filter(isObject).map((c) => ({
        context: String(c.context),
        // Documented: -1 lets any app set the status.
        appId:
          c.app_id === undefined
            ? lastReporter(repository, String(c.context))
            : typeof c.app_id === "number" && c.app_id !== -1
              ? c.app_id
              : undefined,
      }))
    : Array.isArray(required.contexts)
      ? required.contexts.map((c) => ({ context: String(c), appId: undefined }))
      : [];
  return { checks, strict: required.strict === true, enforceAdmins, requiresChecks: true };
}

// Documented: without an app_id, "the GitHub App that has recently provided this check".
function lastReporter(repository: Repository, context: string): number | undefined {
  return [...repository.runs.values()].filter((r) => r.name === context).at(-1)?.suite.app.id;
}
