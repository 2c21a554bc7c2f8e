// What went wrong with a call to AWS, told apart by the error's name and status and never by its message.

import { limit } from "../core/model/limit.ts";
import { credentialProblem } from "./credential.ts";
import { missingStatement, NotPermitted, type Permission } from "./permission.ts";
import { oneLine } from "./text.ts";

export type Reply<T> = { readonly kind: "ok"; readonly value: T } | AwsFailure;

export interface AwsFailure {
  readonly kind: "trouble";
  readonly is: /** Asking again may help: a limit of rate, an outage, a lost answer. */
    | "later"
    /** Somebody has to allow it first. */
    | "denied"
    /** AWS understood and will not do it. */
    | "refused";
  /** The error's name, such as `PipelineNotFoundException`. */
  readonly name: string;
  /** A sentence for people. */
  readonly why: string;
}

/** Sentences for refusals by their names; a function gets what AWS said. */
export type Sentences = Readonly<Record<string, string | ((said: string) => string)>>;

export interface Asked {
  readonly action: Permission;
  readonly resource: string;
  /** Who asked; null for Interlock itself. */
  readonly role: string | null;
  readonly sentences?: Sentences;
}

/** The role could not be taken on; the trouble says why. */
export class NoIdentity extends Error {
  override name = "NoIdentity";
  readonly trouble: AwsFailure;

  constructor(trouble: AwsFailure) {
    super(trouble.why);
    this.trouble = trouble;
  }
}

/** An answer came that has the form of a success and lacks what AWS always says. */
export class NotOfAws extends Error {
  override name = "NotOfAws";
}

/**
 * An answer that names no error of AWS comes from something in between, such as a proxy. It says
 * nothing about whether the call took effect, whatever its status.
 */
export function failureOf(error: unknown, asked: Asked): AwsFailure {
  const { action, resource, role, sentences = {} } = asked;
  if (error instanceof NoIdentity) return error.trouble;
  if (error instanceof NotPermitted)
    return { kind: "trouble", is: "later", name: error.name, why: error.message };
  const failure = read(error);
  const { name, status, said } = failure;
  const credential = credentialProblem(name, role);
  if (credential !== null) return { kind: "trouble", name, ...credential };
  if (!isOfAws(failure, (known) => Object.hasOwn(sentences, known)))
    return { kind: "trouble", is: "later", name, why: unknownAnswer(failure, action) };
  const caller = role === null ? "Interlock's own identity" : `The role ${role}`;
  if (denials.has(name))
    return {
      kind: "trouble",
      is: "denied",
      name,
      why: `${caller} may not do ${action}. Add this statement to its policy: ${missingStatement(action, resource)}`,
    };
  const sentence = Object.hasOwn(sentences, name) ? sentences[name] : undefined;
  const words = typeof sentence === "function" ? sentence(said) : sentence;
  if (isPassing(name, status))
    return { kind: "trouble", is: "later", name, why: words ?? passingSentence(name, action) };
  return {
    kind: "trouble",
    is: "refused",
    name,
    why: words ?? `AWS refused ${action} (${name}).`,
  };
}

/** As of STS, which has no policy of ours to name. `sentence` is for a role that may not be taken on. */
export function identityFailure(error: unknown, sentence: string): AwsFailure {
  const failure = read(error);
  const { name, status } = failure;
  const credential = credentialProblem(name, null);
  if (credential !== null) return { kind: "trouble", name, ...credential };
  if (!isOfAws(failure, (known) => known === "ValidationError"))
    return { kind: "trouble", is: "later", name, why: unknownAnswer(failure, "sts:AssumeRole") };
  if (isPassing(name, status))
    return { kind: "trouble", is: "later", name, why: passingSentence(name, "sts:AssumeRole") };
  const why = denials.has(name) ? sentence : `AWS refused sts:AssumeRole (${oneLine(name, 60)}).`;
  return { kind: "trouble", is: "denied", name, why };
}

/** Whether other credentials than those that the call was signed with could help. */
export function isOfCredentials({ name }: AwsFailure): boolean {
  return credentialProblem(name, null)?.is === "later";
}

/** What a request that did not go well came to, for those who count. */
export function outcomeOf(error: unknown): "throttled" | "refused" | "failed" {
  const failure = read(error);
  const { name, status } = failure;
  if (throttled.has(name)) return "throttled";
  if (credentialProblem(name, null)?.is === "later") return "failed";
  if (!isOfAws(failure, () => false) || isPassing(name, status)) return "failed";
  return "refused";
}

/** One without an answer is not judged here. */
function isOfAws(
  { name, status, requestId }: Failure,
  isExpected: (name: string) => boolean,
): boolean {
  if (status === null || status >= 500 || status === 429) return true;
  if (unnamed.has(name) || !/^[A-Z][A-Za-z0-9.]*$/.test(name)) return false;
  // Each answer of AWS has a number. Who leaves it out is believed where he knows the words.
  return requestId !== null || denials.has(name) || passing.has(name) || isExpected(name);
}

/** What the SDK makes of a body in which it finds no error, or nothing that it can read. */
const unnamed = new Set([
  "Error",
  "NotFound",
  "NotOfAws",
  "SyntaxError",
  "TypeError",
  "Unknown",
  "UnknownError",
]);

function unknownAnswer({ status }: Failure, action: string): string {
  return `What came back for ${action} is no answer of AWS (HTTP ${status}); something between Interlock and AWS may have given it.`;
}

function isPassing(name: string, status: number | null): boolean {
  // Without a status no answer came.
  return status === null || status >= 500 || status === 429 || passing.has(name);
}

function passingSentence(name: string, action: string): string {
  if (name === "OutOfTurn") return `${action} waits for its turn: AWS allows only so many calls.`;
  if (throttled.has(name)) return `AWS allows no more calls at this moment (${action}).`;
  if (conflicts.has(name))
    return `AWS is busy with something else in the pipeline at this moment (${action}).`;
  return `AWS gave no answer to ${action} (${oneLine(name, 60)}).`;
}

interface Failure {
  readonly name: string;
  /** Null where no answer came. */
  readonly status: number | null;
  /** Of AWS's own; null where the answer has none. */
  readonly requestId: string | null;
  readonly said: string;
}

function read(error: unknown): Failure {
  if (error instanceof NotOfAws)
    return { name: error.name, status: 200, requestId: null, said: "" };
  if (!(error instanceof Error))
    return { name: "Unknown", status: null, requestId: null, said: "" };
  const metadata: unknown = "$metadata" in error ? error.$metadata : null;
  const { httpStatusCode, requestId } = (metadata ?? {}) as Readonly<Record<string, unknown>>;
  return {
    name: error.name,
    status: typeof httpStatusCode === "number" ? httpStatusCode : null,
    requestId: typeof requestId === "string" ? requestId : null,
    said: oneLine(error.message, limit.codepipeline.why_chars),
  };
}

const denials = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "NotAuthorized",
  "UnauthorizedOperation",
]);

/** All names that the SDK itself takes for a limit of rate. */
const throttled = new Set([
  "BandwidthLimitExceeded",
  "EC2ThrottledException",
  "LimitExceededException",
  "PriorRequestNotComplete",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "RequestThrottled",
  "RequestThrottledException",
  "SlowDown",
  "ThrottledException",
  "Throttling",
  "ThrottlingException",
  "TooManyRequestsException",
  "TransactionInProgressException",
]);

const conflicts = new Set(["ConcurrentModificationException", "ConflictException"]);

const passing = new Set([
  ...throttled,
  ...conflicts,
  "ConcurrentPipelineExecutionsLimitExceededException",
  "InternalError",
  "InternalFailure",
  "InternalServerError",
  "RequestTimeout",
  "RequestTimeoutException",
  "ServiceUnavailable",
  "ServiceUnavailableException",
  "TimeoutError",
]);
