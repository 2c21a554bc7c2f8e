// The operations of STS.
import type { Key } from "../model.ts";
import { type Operation, operation } from "../operation.ts";
import { Refusal } from "../refusal.ts";
import { list, optional, struct, text } from "../shape.ts";
import { assumeRole, idOf } from "./sessions.ts";

const tag = struct({ Key: text({ min: 1, max: 128 }), Value: text({ max: 256 }) });

// A session of a role has only what its policies allow; anybody else's right to assume is the role's to say.
export const stsOperations: Readonly<Record<string, Operation>> = {
  AssumeRole: operation({
    action: "sts:AssumeRole",
    input: struct({
      RoleArn: text({ min: 20, max: 2048 }),
      RoleSessionName: text({ min: 2, max: 64, pattern: /[\w+=,.@-]*/ }),
      ExternalId: optional(text({ min: 2, max: 1224, pattern: /[\w+=,.@:/-]*/ })),
      // A query has only texts.
      DurationSeconds: optional(text({ pattern: /\d+/ })),
      Tags: optional(list(tag, { max: 50 })),
    }),
    resource: ({ RoleArn }) => RoleArn,
    run({ world, input, principal }) {
      const key = assumeRole(world, principal, {
        roleArn: input.RoleArn,
        sessionName: input.RoleSessionName,
        externalId: input.ExternalId,
        tags: Object.fromEntries((input.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
        seconds: input.DurationSeconds === undefined ? undefined : Number(input.DurationSeconds),
      });
      return key instanceof Refusal ? key : renderSession(key, input.RoleArn);
    },
  }),
  GetCallerIdentity: operation({
    action: "sts:GetCallerIdentity",
    input: struct({}),
    resource: () => "*",
    run: ({ principal }) => ({
      UserId: userId(principal.arn),
      Account: principal.account,
      Arn: principal.arn,
    }),
  }),
};

/** Nobody can be denied these. */
export const alwaysAllowed: ReadonlySet<string> = new Set(["sts:GetCallerIdentity"]);

function renderSession(key: Key, roleArn: string): object {
  const { session, principal } = key;
  if (!session) throw new Error("a session was issued without a token");
  return {
    Credentials: {
      AccessKeyId: key.accessKeyId,
      SecretAccessKey: key.secret,
      SessionToken: session.token,
      Expiration: new Date(session.expiresAt).toISOString().replace(/\.\d+Z$/, "Z"),
    },
    AssumedRoleUser: {
      AssumedRoleId: `${idOf("AROA", roleArn)}:${principal.assumed?.sessionName}`,
      Arn: principal.arn,
    },
    PackedPolicySize: 6,
  };
}

function userId(arn: string): string {
  const session = arn.split("/").at(-1);
  return arn.includes(":assumed-role/") ? `${idOf("AROA", arn)}:${session}` : idOf("AIDA", arn);
}
