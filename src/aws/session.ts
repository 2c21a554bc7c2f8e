// One identity at AWS for one repository: the role that its plan names, in one region, and the way it is asked.

import type { Repository } from "../core/model/event.ts";
import type { Log } from "../ports/log.ts";
import { type Owner, ownerOf } from "./arn.ts";
import { type Clients, destroyClients, openClients, stsClient } from "./clients.ts";
import type { AwsMeter } from "./count.ts";
import type { Settings } from "./environment.ts";
import { failureOf, isOfCredentials, NotOfAws, type Reply, type Sentences } from "./failure.ts";
import { type Pace, RateLimited } from "./pace.ts";
import type { Permission } from "./permission.ts";
import { openRole, type RoleCredentials } from "./role.ts";

export interface Scope {
  /** Null for Interlock's own credentials. */
  readonly role: string | null;
  readonly region: string;
  readonly repository: Repository;
}

export interface Call<T> {
  readonly action: Permission;
  /** ARN, for the sentence where it is not allowed. */
  readonly resource: string;
  /** Where it is another one than the session's. */
  readonly region?: string;
  readonly sentences?: Sentences;
  send(clients: Clients): Promise<T>;
  /** A member that AWS's answer never lacks: without it something else has answered, whatever its status. */
  readonly has: (answer: T) => unknown;
}

export interface Session {
  readonly scope: Scope;
  readonly owner: Owner;
  /** Distinguishes sessions: nobody gets what was read with somebody else's rights. */
  readonly key: string;
  /** Never rejects. An answer that is not AWS's own is trouble of the kind `later`. */
  ask<T>(call: Call<T>): Promise<Reply<T>>;
  close(): void;
}

export interface SessionOrder {
  readonly scope: Scope;
  readonly key: string;
  readonly settings: Settings;
  readonly pace: Pace;
  readonly log: Log;
  readonly meter?: AwsMeter | undefined;
}

export function openSession({ scope, key, settings, pace, log, meter }: SessionOrder): Session {
  const byRegion = new Map<string, Clients>();
  let role = roleOf();

  function roleOf(): RoleCredentials | null {
    if (scope.role === null) return null;
    const { region } = scope;
    const sts = stsClient({ region, settings, meter });
    return openRole({ sts, role: scope.role, repository: scope.repository, pace });
  }

  function clientsIn(region: string): Clients {
    const there = byRegion.get(region);
    if (there !== undefined) return there;
    const credentials = role === null ? settings.credentials : role.provide;
    const made = openClients({ region, settings, credentials, meter });
    byRegion.set(region, made);
    return made;
  }

  function close(): void {
    for (const clients of byRegion.values()) destroyClients(clients);
    byRegion.clear();
    role?.close();
  }

  return {
    scope,
    owner: ownerOf(scope.role, scope.region),
    key,
    async ask({ action, resource, region = scope.region, sentences = {}, send, has }) {
      try {
        await pace.take();
        const value = await send(clientsIn(region));
        if (has(value) === undefined) throw new NotOfAws();
        return { kind: "ok", value };
      } catch (error) {
        const trouble = failureOf(error, { action, resource, role: scope.role, sentences });
        // Our own pace let nothing go out.
        if (error instanceof RateLimited) meter?.aws(serviceOf(action), "throttled");
        log.debug({ action, error: trouble.name, is: trouble.is }, "A call to AWS failed");
        // The next call begins with new ones.
        if (isOfCredentials(trouble)) {
          close();
          role = roleOf();
        }
        return trouble;
      }
    },
    close,
  };
}

function serviceOf(action: Permission): string {
  return action.slice(0, action.indexOf(":"));
}
