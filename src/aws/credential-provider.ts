// Lends the identities of plans to those who do something else for a plan at AWS, such as tell a topic.

import { limit } from "../core/model/limit.ts";
import { stsClient, type TemporaryCredentials } from "./clients.ts";
import type { AwsMeter } from "./count.ts";
import { type AwsEnvironment, type Settings, settingsFrom } from "./environment.ts";
import { openPace } from "./pace.ts";
import { openRole, type RoleCredentials } from "./role.ts";
import type { Scope } from "./session.ts";
import { identityKey } from "./text.ts";

export interface CredentialProvider {
  /** `service` is called as in `AWS_ENDPOINT_URL_<service>`. */
  lend(scope: Scope, service: string): LentCredentials;
  close(): void;
}

export type LentCredentials =
  | {
      readonly kind: "lent";
      /** Absent: the SDK looks for them by itself. */
      readonly credentials?:
        | NonNullable<Settings["credentials"]>
        | (() => Promise<TemporaryCredentials>);
      readonly endpoint?: string;
    }
  | { readonly kind: "refused"; readonly why: string };

export function openCredentialProvider(with_: {
  /** Whether plans without a role may use the credentials that Interlock itself has. */
  readonly ownCredentials: boolean;
  /** Instead of the environment that the SDK reads. */
  readonly environment?: AwsEnvironment;
  readonly meter?: AwsMeter | undefined;
}): CredentialProvider {
  const { ownCredentials, environment = null, meter } = with_;
  const settings = settingsFrom(environment);
  const pace = openPace(limit.codepipeline);
  const roles = new Map<string, RoleCredentials>();

  return {
    lend(scope, service) {
      const { role } = scope;
      const endpoint = settings.endpoint(service);
      if (role !== null)
        return { kind: "lent", credentials: roleOf(scope, role).provide, ...endpoint };
      if (!ownCredentials) return { kind: "refused", why: noRole };
      const { credentials } = settings;
      return { kind: "lent", ...(credentials !== undefined && { credentials }), ...endpoint };
    },
    close() {
      for (const role of roles.values()) role.close();
      roles.clear();
    },
  };

  function roleOf({ region, repository }: Scope, role: string): RoleCredentials {
    const key = [role, region, identityKey(repository)].join(" ");
    const known = roles.get(key);
    const opened =
      known ?? openRole({ sts: stsClient({ region, settings, meter }), role, repository, pace });
    // To the end of the line: the first is the one that was not used for longest.
    roles.delete(key);
    roles.set(key, opened);
    const [first] = roles;
    if (roles.size > limit.codepipeline.sessions && first !== undefined) {
      roles.delete(first[0]);
      first[1].close();
    }
    return opened;
  }
}

const noRole =
  "The release names no role, and plans may not use Interlock's own AWS credentials here. " +
  "Name a role with `role:` in the plan, or let the operator set INTERLOCK_AWS_OWN_CREDENTIALS=1.";
