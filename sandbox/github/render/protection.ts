// Classic branch protection as GitHub writes it.
import type { Protection, Repository, World } from "../model.ts";
import { repositoryUrl } from "./repository.ts";

export function renderProtection(
  world: World,
  repository: Repository,
  of: { branch: string; protection: Protection },
) {
  const url = `${repositoryUrl(world, repository)}/branches/${of.branch}/protection`;
  const { protection } = of;
  const off = { enabled: false };
  return {
    url,
    ...(protection.requiresChecks
      ? {
          required_status_checks: {
            url: `${url}/required_status_checks`,
            strict: protection.strict,
            contexts: protection.checks.map((c) => c.context),
            contexts_url: `${url}/required_status_checks/contexts`,
            checks: protection.checks.map((c) => ({
              context: c.context,
              app_id: c.appId ?? null,
            })),
          },
        }
      : {}),
    required_signatures: { url: `${url}/required_signatures`, enabled: false },
    enforce_admins: { url: `${url}/enforce_admins`, enabled: protection.enforceAdmins },
    required_linear_history: off,
    allow_force_pushes: off,
    allow_deletions: off,
    block_creations: off,
    required_conversation_resolution: off,
    lock_branch: off,
    allow_fork_syncing: off,
  };
}
