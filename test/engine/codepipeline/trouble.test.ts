// What people read where AWS does not take Interlock's credentials: the cause, and who can fix it.

import { describe, expect, test } from "vitest";
import {
  type AwsFailure,
  failureOf,
  identityFailure,
  isOfCredentials,
} from "../../../src/aws/failure.ts";
import { openWorld, roleArn } from "./world.ts";

/** As the SDK throws what AWS has answered. */
function answered(name: string, status: number): Error {
  return Object.assign(new Error("The wording of AWS."), {
    name,
    $metadata: { httpStatusCode: status },
  });
}

const trust = "The trust policy is at fault.";
const taken = (name: string, status = 403) => identityFailure(answered(name, status), trust);
const called = (role: string | null, name: string, status = 400) =>
  failureOf(answered(name, status), {
    action: "codepipeline:GetPipeline",
    resource: "arn:aws:codepipeline:eu-west-1:111122223333:shop",
    role,
  });

/** A cause and a way out, and nothing that is not so. */
function expectSentence({ why }: AwsFailure, cause: RegExp): void {
  expect(why).toMatch(cause);
  expect(why).toMatch(
    /The operator has to|its operator has to|An administrator|can\.$|new ones\.$/i,
  );
  expect(why).toMatch(/^[A-Z].*\.$/);
  expect(why).not.toMatch(/no answer|AWS refused|may not do|wording/);
  expect(why).not.toContain(trust);
}

const own: readonly (readonly [string, AwsFailure["is"], RegExp])[] = [
  ["InvalidClientTokenId", "later", /does not know the access key/],
  ["UnrecognizedClientException", "later", /does not know the access key/],
  ["InvalidAccessKeyId", "later", /does not know the access key/],
  ["ExpiredToken", "later", /have expired/],
  ["ExpiredTokenException", "later", /have expired/],
  ["SignatureDoesNotMatch", "later", /secret key .* is not the one of its access key/],
  ["InvalidSignatureException", "later", /secret key .* is not the one of its access key/],
  ["RequestTimeTooSkewed", "later", /clock/],
  ["RequestExpired", "later", /clock/],
  ["InvalidIdentityTokenException", "later", /token by which/],
  ["MissingAuthenticationToken", "later", /no AWS credentials/],
  ["OptInRequired", "denied", /not turned on the service or the region/],
  ["RegionDisabledException", "denied", /STS is turned off in the region/],
];

describe.each(own)("%s", (name, is, cause) => {
  test("of Interlock's own credentials, where a role is to be taken on", () => {
    const trouble = taken(name);
    expect(trouble.is).toBe(is);
    expectSentence(trouble, cause);
  });

  test("of Interlock's own credentials, where they serve themselves", () => {
    const trouble = called(null, name);
    expect(trouble.is).toBe(is);
    expectSentence(trouble, cause);
  });

  test("of a role's credentials does not accuse those of Interlock", () => {
    const trouble = called(roleArn, name);
    expectSentence(trouble, /./);
    expect(trouble.why).not.toContain("that Interlock itself uses");
  });

  test("is a reason to look for other credentials where those could help", () => {
    expect(isOfCredentials(called(null, name))).toBe(is === "later");
  });
});

test("only where AWS denies it the trust policy is at fault", () => {
  expect(taken("AccessDenied").why).toBe(trust);
  expect(taken("ValidationError", 400)).toEqual({
    kind: "trouble",
    is: "denied",
    name: "ValidationError",
    why: "AWS refused sts:AssumeRole (ValidationError).",
  });
  expect(taken("InternalFailure", 500)).toMatchObject({ is: "later" });
});

test.each([
  ["InvalidClientTokenId", "failed", /does not know the access key that Interlock itself uses/],
  ["RegionDisabledException", "refused", /STS is turned off in the region of the plan/],
])("a start that %s prevents says so, and works once that is fixed", async (code, kind, cause) => {
  const w = await openWorld();
  w.aws.faults.onRequest({ service: "sts", fault: { kind: "refused", code, status: 403 } });
  expect(await w.engine.start(w.request({}))).toEqual({ kind, why: expect.stringMatching(cause) });
  w.aws.faults.stop();
  expect(await w.engine.start(w.request({}))).toMatchObject({ kind: "started" });
});
