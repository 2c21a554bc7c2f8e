// Answers one request: which service and operation, who asks, what goes wrong on the way, and what it does.
import { authorise, identify, type Protocol, readSignature } from "./access.ts";
import type { RequestFault } from "./faults.ts";
import type { World } from "./model.ts";
import type { Observer } from "./observe.ts";
import { Refusal, refuse } from "./refusal.ts";
import type { Principal } from "./request-log.ts";
import { type Asked, read } from "./services.ts";
import { alwaysAllowed } from "./sts/operations.ts";
import type { Answer } from "./wire/answer.ts";

type ApiRequest = {
  method: string;
  url: URL;
  headers: Readonly<Record<string, string>>;
  body: Buffer;
};

/** `lost`: the connection breaks. `hangs`: no answer ever comes. */
type ApiResponse = ({ kind: "answer" } & Answer) | { kind: "lost" } | { kind: "hangs" };

export type Api = (request: ApiRequest) => Promise<ApiResponse>;

export function createApi(world: World, observe: Observer): Api {
  return async (request) => {
    const asked = read(world, request);
    const fault = world.faults.forRequest(asked);
    if (fault?.kind === "slow") await world.clock.sleep(fault.ms);
    world.agenda.elapse();
    const served = await serve(world, { request, asked, fault });
    if (fault?.kind === "slowAnswer") await world.clock.sleep(fault.ms);
    const response = afterwards(asked, fault, served.value);
    world.log.all.push({
      service: asked.service,
      operation: asked.operation,
      region: served.region,
      at: world.clock.now(),
      status: response.kind === "answer" ? response.status : "lost",
      code: served.value instanceof Refusal ? served.value.code : undefined,
      by: served.principal,
      input: asked.input,
    });
    const { method, url, headers, body } = request;
    observe({
      service: asked.service,
      operation: asked.operation,
      request: { method, url: url.href, headers, body },
      // What another emulator answers, or nobody of AWS, is not ours to answer for.
      answer: response.kind === "answer" && isOurs(asked, fault) ? response : undefined,
    });
    return response;
  };
}

type Served = {
  value: object | Refusal | undefined;
  region: string;
  principal: Principal | undefined;
};

async function serve(
  world: World,
  parts: { request: ApiRequest; asked: Asked; fault: RequestFault | undefined },
): Promise<Served> {
  const { request, asked, fault } = parts;
  const { protocol } = asked;
  const signature = readSignature(request.headers);
  const region = signature?.region ?? world.region;
  const early = faultBefore(fault, protocol);
  if (early !== "none") return { value: early, region, principal: undefined };
  const key = identify(world, signature, protocol);
  if (key instanceof Refusal) return { value: key, region, principal: undefined };
  const { principal } = key;
  const { account } = principal;
  const { service, operation } = asked;
  if (!world.rates.take({ service, operation, account, region }))
    return { value: throttled(protocol), region, principal };
  const prepared = asked.prepare({ account, region });
  if (prepared instanceof Refusal) return { value: prepared, region, principal };
  const denied = alwaysAllowed.has(prepared.action)
    ? undefined
    : authorise(principal, prepared, protocol);
  const unseenMs = fault?.kind === "unseen" ? fault.ms : 0;
  const value = denied ?? (await prepared.run({ world, principal, account, region, unseenMs }));
  return { value, region, principal };
}

/** "none" where the request goes through; undefined where it never arrives. */
function faultBefore(
  fault: RequestFault | undefined,
  protocol: Protocol,
): Refusal | undefined | "none" {
  switch (fault?.kind) {
    case "throttled":
      return throttled(protocol);
    case "error":
      return broken(fault.status);
    case "refused":
      return refuse(fault.code, fault.message ?? "Refused by a fault.", fault.status);
    case "cut":
    case "hangs":
      return undefined;
    case "replaced":
      return fault.early ? broken() : "none";
    default:
      return "none";
  }
}

function afterwards(
  asked: Asked,
  fault: RequestFault | undefined,
  value: object | undefined,
): ApiResponse {
  if (fault?.kind === "hangs") return { kind: "hangs" };
  if (value === undefined || fault?.kind === "answerLost") return { kind: "lost" };
  const said = fault?.kind === "lateError" ? broken(fault.status) : value;
  const answer = asked.encode(said);
  if (fault?.kind === "halved")
    return { kind: "answer", ...answer, body: answer.body.subarray(0, answer.body.length >> 1) };
  if (fault?.kind !== "replaced") return { kind: "answer", ...answer };
  const { status, body, type = "text/html" } = fault;
  return { kind: "answer", status, headers: { "content-type": type }, body: Buffer.from(body) };
}

function isOurs({ forwarded }: Asked, fault: RequestFault | undefined): boolean {
  return !forwarded && fault?.kind !== "replaced" && fault?.kind !== "halved";
}

function throttled(protocol: Protocol): Refusal {
  if (protocol === "rest") return refuse("SlowDown", "Please reduce your request rate.", 503);
  const code = protocol === "json" ? "ThrottlingException" : "Throttling";
  return refuse(code, "Rate exceeded");
}

function broken(status: 500 | 503 = 500): Refusal {
  return status === 503
    ? refuse("ServiceUnavailable", "The service is unavailable.", 503)
    : refuse("InternalFailure", "An internal error occurred.", 500);
}
