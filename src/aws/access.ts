// Sessions by role, region and repository: one of each, and none for a plan that may not have one.

import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";
import { ownerOf } from "./arn.ts";
import type { AwsMeter } from "./count.ts";
import type { Settings } from "./environment.ts";
import { openPace, type Pace, type PaceLimits } from "./pace.ts";
import { openSession, type Scope, type Session } from "./session.ts";
import { identityKey } from "./text.ts";

export interface Access {
  session(scope: Scope): Opened;
  close(): void;
}

export type Opened =
  | { readonly kind: "open"; readonly session: Session }
  | { readonly kind: "refused"; readonly why: string };

export interface AccessOrder {
  /** Whether plans without a role may use what the operator has given Interlock itself. */
  readonly ownCredentials: boolean;
  readonly settings: Settings;
  readonly log: Log;
  readonly pace: PaceLimits;
  readonly meter?: AwsMeter | undefined;
}

export function openAccess(order: AccessOrder): Access {
  const sessions = new Map<string, Session>();
  const paces = new Map<string, Pace>();

  /** AWS counts by account and region, no matter which of us asks. */
  function paceOf({ role, region }: Scope): Pace {
    const key = `${role === null ? "own" : ownerOf(role, region).account} ${region}`;
    const pace = paces.get(key) ?? openPace(order.pace);
    paces.set(key, pace);
    return pace;
  }

  return {
    session(scope) {
      if (scope.role === null && !order.ownCredentials) return { kind: "refused", why: noRole };
      const key = [scope.role ?? "", scope.region, identityKey(scope.repository)].join(" ");
      const session =
        sessions.get(key) ??
        openSession({
          scope,
          key,
          settings: order.settings,
          pace: paceOf(scope),
          log: order.log,
          meter: order.meter,
        });
      // To the end of the line: the first is the one that was not used for longest.
      sessions.delete(key);
      sessions.set(key, session);
      const [first] = sessions;
      if (sessions.size > limit.codepipeline.sessions && first !== undefined) {
        sessions.delete(first[0]);
        first[1].close();
      }
      return { kind: "open", session };
    },
    close() {
      for (const session of sessions.values()) session.close();
      sessions.clear();
    },
  };
}

const noRole =
  "The plan names no role, and plans may not use Interlock's own AWS credentials here. " +
  "Name a role with `role:` in the plan, or let the operator set INTERLOCK_AWS_OWN_CREDENTIALS=1.";
