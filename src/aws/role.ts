// Temporary credentials of the role that a plan names, kept until shortly before their end.

import { AssumeRoleCommand, type STSClient } from "@aws-sdk/client-sts";
import type { Repository } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import type { TemporaryCredentials } from "./clients.ts";
import { type AwsFailure, identityFailure, NoIdentity } from "./failure.ts";
import type { Pace } from "./pace.ts";
import { fullName, sessionName } from "./text.ts";

export interface RoleCredentials {
  /** For the SDK. Rejects with `NoIdentity`. */
  readonly provide: () => Promise<TemporaryCredentials>;
  close(): void;
}

export interface RoleOrder {
  readonly sts: Pick<STSClient, "send" | "destroy">;
  readonly role: string;
  readonly repository: Repository;
  readonly pace: Pace;
  /** The ends of credentials are told by the clock of the world. */
  readonly now?: () => number;
}

/**
 * The external id and the tags let the role's owner decide which repository may use it. Names change
 * hands, ids do not: without them nothing is asked of AWS.
 */
export function openRole({
  sts,
  role,
  repository,
  pace,
  now = Date.now,
}: RoleOrder): RoleCredentials {
  let kept: Promise<TemporaryCredentials> | null = null;
  let until = 0;

  async function assume(): Promise<TemporaryCredentials> {
    const external = fullName(repository);
    const { id, ownerId } = repository;
    if (id === undefined || ownerId === undefined) throw new NoIdentity(noIds(role, repository));
    const answer = await attempt(async () => {
      await pace.take();
      return await sts.send(
        new AssumeRoleCommand({
          RoleArn: role,
          RoleSessionName: sessionName(repository),
          ExternalId: external,
          Tags: [
            { Key: "repository", Value: external },
            { Key: "repository_id", Value: String(id) },
            { Key: "owner_id", Value: String(ownerId) },
          ],
          DurationSeconds: limit.codepipeline.session_s,
        }),
      );
    });
    const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = answer.Credentials ?? {};
    if (!AccessKeyId || !SecretAccessKey || !SessionToken || !Expiration)
      throw new NoIdentity(identityFailure(new Error("no credentials"), ""));
    until = Expiration.getTime() - limit.codepipeline.renew_ms;
    return {
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretAccessKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
  }

  async function attempt<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      throw new NoIdentity(identityFailure(error, refusal(role, repository)));
    }
  }

  return {
    // All clients share one answer, those that ask while it is under way too.
    provide() {
      if (kept !== null && (until === 0 || now() < until)) return kept;
      until = 0;
      const asked = assume();
      kept = asked;
      asked.catch(() => {
        if (kept === asked) kept = null;
      });
      return asked;
    },
    close: () => sts.destroy(),
  };
}

/** AWS does not say which of them it was. */
function refusal(role: string, repository: Repository): string {
  return (
    `AWS does not let Interlock take on the role ${role} for ${fullName(repository)}. ` +
    "Its trust policy has to name Interlock's identity and allow sts:AssumeRole and sts:TagSession; " +
    `the external id is ${fullName(repository)}, and the tags are repository=${fullName(repository)}, repository_id=${repository.id} and owner_id=${repository.ownerId}.`
  );
}

function noIds(role: string, repository: Repository): AwsFailure {
  return {
    kind: "trouble",
    is: "later",
    name: "NoRepositoryId",
    why:
      `GitHub has not told the ids of ${fullName(repository)} and its owner yet, so Interlock does not ` +
      `take on the role ${role}: a name alone can have passed to another repository. It asks again.`,
  };
}
