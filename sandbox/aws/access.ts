// Who asks, and whether they may: access keys, sessions of roles, and what IAM says.
import type { Key, World } from "./model.ts";
import { type Refusal, refuse } from "./refusal.ts";
import type { Principal, Statement } from "./request-log.ts";

export type Protocol = "json" | "query" | "rest";

/** What a signed request says of itself. The signature is not computed again. */
export type Signature = {
  accessKeyId: string;
  region: string;
  service: string;
  token: string | undefined;
};

export function readSignature(headers: Readonly<Record<string, string>>): Signature | undefined {
  const found =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request,.*Signature=[0-9a-f]{64}$/.exec(
      headers.authorization ?? "",
    );
  const [, accessKeyId, region, service] = found ?? [];
  if (accessKeyId === undefined || region === undefined || service === undefined) return undefined;
  return { accessKeyId, region, service, token: headers["x-amz-security-token"] };
}

export function identify(
  world: World,
  signature: Signature | undefined,
  protocol: Protocol,
): Key | Refusal {
  if (!signature) return no(protocol, "unsigned");
  const key = world.keys.get(signature.accessKeyId);
  if (!key || key.session?.token !== signature.token) return no(protocol, "unknown");
  if (key.session && key.session.expiresAt <= world.authClock.now()) return no(protocol, "expired");
  return key;
}

/** Undefined where it is allowed. */
export function authorise(
  principal: Principal,
  asked: { action: string; resource: string },
  protocol: Protocol,
): Refusal | undefined {
  if (principal.allow.some((statement) => allows(statement, asked))) return undefined;
  const { action, resource } = asked;
  const message = `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${quoted(protocol, resource)} because no identity-based policy allows the ${action} action`;
  return denied(protocol, message);
}

export function denied(protocol: Protocol, message: string): Refusal {
  return protocol === "json"
    ? refuse("AccessDeniedException", message, 400)
    : refuse("AccessDenied", message, 403);
}

/** IAM's patterns: `*` for anything, `?` for one character. */
function matches(pattern: string, value: string): boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${source}$`, "is").test(value);
}

function allows(statement: Statement, asked: { action: string; resource: string }): boolean {
  const { actions, resources = ["*"] } =
    typeof statement === "string" ? { actions: [statement] } : statement;
  return (
    actions.some((pattern) => matches(pattern, asked.action)) &&
    resources.some((pattern) => matches(pattern, asked.resource))
  );
}

// S3 alone puts the resource into quotation marks.
function quoted(protocol: Protocol, resource: string): string {
  return protocol === "rest" ? `"${resource}"` : resource;
}

function no(protocol: Protocol, why: "unsigned" | "unknown" | "expired"): Refusal {
  const [code, message, status] = refusals[protocol][why];
  return refuse(code, message, status);
}

const invalid = "The security token included in the request is invalid.";
const expired = "The security token included in the request is expired";
const refusals = {
  json: {
    unsigned: ["MissingAuthenticationTokenException", "Missing Authentication Token", 400],
    unknown: ["UnrecognizedClientException", invalid, 400],
    expired: ["ExpiredTokenException", expired, 400],
  },
  query: {
    unsigned: ["MissingAuthenticationToken", "Request is missing Authentication Token", 403],
    unknown: ["InvalidClientTokenId", invalid, 403],
    expired: ["ExpiredToken", expired, 403],
  },
  rest: {
    unsigned: ["AccessDenied", "Access Denied", 403],
    unknown: [
      "InvalidAccessKeyId",
      "The AWS Access Key Id you provided does not exist in our records.",
      403,
    ],
    expired: ["ExpiredToken", "The provided token has expired.", 400],
  },
} as const;
