// Temporary credentials of roles: whom a role trusts, and under what conditions.
import { createHash } from "node:crypto";
import { denied } from "../access.ts";
import type { Key, Role, World } from "../model.ts";
import { type Refusal, refuse } from "../refusal.ts";
import type { Principal } from "../request-log.ts";

export type Wanted = {
  roleArn: string;
  sessionName: string;
  externalId: string | undefined;
  tags: Readonly<Record<string, string>>;
  seconds: number | undefined;
};

/** An hour unless asked for otherwise, and never more when a role assumes a role. */
const default_seconds = 3_600;

export function assumeRole(world: World, caller: Principal, wanted: Wanted): Key | Refusal {
  const role = world.roles.get(wanted.roleArn);
  // AWS does not say whether it is the role, the principal or a condition.
  const no = (action: string) =>
    denied(
      "query",
      `User: ${caller.arn} is not authorized to perform: ${action} on resource: ${wanted.roleArn}`,
    );
  if (!role || !trusts(role, caller, wanted)) return no("sts:AssumeRole");
  if (Object.keys(wanted.tags).length > 0 && role.trust.tagging === "refused")
    return no("sts:TagSession");
  // As with `ForAllValues:StringEquals` on `aws:TagKeys`.
  const keys = Object.keys(role.trust.tags ?? {});
  if (keys.length > 0 && !Object.keys(wanted.tags).every((key) => keys.includes(key)))
    return no("sts:TagSession");
  const seconds = wanted.seconds ?? default_seconds;
  const chained = caller.assumed !== undefined;
  if (seconds > role.maxSessionSeconds || (chained && seconds > default_seconds))
    return refuse(
      "ValidationError",
      chained
        ? "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        : "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    );
  return issue(world, role, { ...wanted, seconds });
}

/** A stable part of the ids that AWS gives to keys and roles. */
export function idOf(prefix: string, text: string): string {
  const digest = createHash("sha256").update(text).digest("hex").toUpperCase();
  return `${prefix}${digest.slice(0, 16)}`;
}

function trusts(role: Role, caller: Principal, wanted: Wanted): boolean {
  const { principals, externalId, tags = {} } = role.trust;
  const known = [
    caller.arn,
    caller.account,
    `arn:aws:iam::${caller.account}:root`,
    caller.assumed?.role,
  ];
  if (!principals.some((p) => p === "*" || known.includes(p))) return false;
  if (externalId !== undefined && externalId !== wanted.externalId) return false;
  return Object.entries(tags).every(([name, values]) => values.includes(wanted.tags[name] ?? ""));
}

function issue(world: World, role: Role, wanted: Wanted & { seconds: number }): Key {
  const token = world.random.token("");
  const key: Key = {
    accessKeyId: idOf("ASIA", token),
    secret: world.random.token(""),
    session: {
      token: `IQoJb3JpZ2luX2Vj${world.random.token("")}`,
      expiresAt: world.authClock.now() + wanted.seconds * 1000,
    },
    principal: {
      account: role.account,
      arn: `arn:aws:sts::${role.account}:assumed-role/${role.name}/${wanted.sessionName}`,
      allow: role.allow,
      assumed: {
        role: role.arn,
        sessionName: wanted.sessionName,
        externalId: wanted.externalId,
        tags: wanted.tags,
      },
    },
  };
  world.keys.set(key.accessKeyId, key);
  return key;
}
