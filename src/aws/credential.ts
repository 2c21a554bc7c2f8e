// What is wrong where AWS does not take the credentials that a call was signed with, and who can fix it.

/** Null where the error is about something else. `role`: whose temporary credentials they were; null for Interlock's own. */
export function credentialProblem(
  name: string,
  role: string | null,
): { readonly is: "later" | "denied"; readonly why: string } | null {
  const problem = problems.get(name);
  if (problem === undefined) return null;
  // Once the operator has fixed it, the same call goes through: no plan is at fault.
  const is = problem === "off" || problem === "sts_off" ? "denied" : "later";
  return { is, why: sentenceOf(problem, name, role) };
}

type Problem =
  /** There are none. */
  | "none"
  | "unknown"
  | "expired"
  | "unfit"
  | "clock"
  /** The token by which a machine shows AWS who it is. */
  | "token"
  /** The account does without the service or the region. */
  | "off"
  | "sts_off";

/** The same thing has other names in other services. docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html */
const problems: ReadonlyMap<string, Problem> = new Map([
  ["CredentialsProviderError", "none"],
  ["ProviderError", "none"],
  ["TokenProviderError", "none"],
  ["MissingAuthenticationToken", "none"],
  ["MissingAuthenticationTokenException", "none"],
  ["InvalidAccessKeyId", "unknown"],
  ["InvalidClientTokenId", "unknown"],
  ["InvalidToken", "unknown"],
  ["UnrecognizedClientException", "unknown"],
  ["ExpiredToken", "expired"],
  ["ExpiredTokenException", "expired"],
  ["TokenRefreshRequired", "expired"],
  ["IncompleteSignature", "unfit"],
  ["IncompleteSignatureException", "unfit"],
  ["InvalidSignatureException", "unfit"],
  ["SignatureDoesNotMatch", "unfit"],
  ["RequestExpired", "clock"],
  ["RequestTimeTooSkewed", "clock"],
  ["IDPRejectedClaim", "token"],
  ["IDPRejectedClaimException", "token"],
  ["InvalidIdentityToken", "token"],
  ["InvalidIdentityTokenException", "token"],
  ["NotSignedUp", "off"],
  ["OptInRequired", "off"],
  ["SubscriptionRequiredException", "off"],
  ["RegionDisabledException", "sts_off"],
]);

function sentenceOf(problem: Problem, name: string, role: string | null): string {
  switch (problem) {
    case "none":
      return "Interlock finds no AWS credentials of its own at this moment; its operator has to provide them.";
    case "unknown":
      return role === null
        ? `AWS does not know the access key that Interlock itself uses (${name}): it was deleted or switched off, or is none of this part of AWS, or its account has not turned on the region. The operator has to give Interlock a valid key, or turn on the region.`
        : `AWS does not know the credentials that it has given for the role ${role} (${name}). Where an account has to turn on the region first, it has not done so: an administrator of the role's account can.`;
    case "expired":
      return role === null
        ? `The AWS credentials that Interlock itself uses have expired (${name}). The operator has to renew them.`
        : `The credentials of the role ${role} have ended (${name}); the next call takes new ones.`;
    case "unfit":
      return role === null
        ? `The secret key that Interlock itself uses is not the one of its access key, or the clock of its machine is wrong (${name}). The operator has to correct that.`
        : clock(name);
    case "clock":
      return clock(name);
    case "token":
      return `AWS does not take the token by which Interlock's machine shows who it is (${name}). The operator has to correct the identity provider there.`;
    case "off":
      return `The account ${role === null ? "that Interlock itself uses" : `of the role ${role}`} has not turned on the service or the region (${name}). An administrator of that account has to.`;
    case "sts_off":
      return `AWS STS is turned off in the region of the plan for the account of the role (${name}). An administrator of that account has to turn it on, in IAM under Account settings.`;
  }
}

function clock(name: string): string {
  return `The clock of Interlock's machine is wrong (${name}). The operator has to set it.`;
}
