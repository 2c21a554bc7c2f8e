// Answers one API request: who asks, which route, what goes wrong on the way, and the headers.
import { hash } from "node:crypto";
import { check, identify } from "./access.ts";
import { failed, isObject, notFound } from "./answer.ts";
import type { RequestFault } from "./faults.ts";
import type { Actor, Repository, World } from "./model.ts";
import { giveBack, rateLimitHeaders, spend } from "./rate-limit.ts";
import { findRepository } from "./repositories.ts";
import type { LoggedRequest } from "./request-log.ts";
import type { Answer, Call } from "./route.ts";
import type { Found, Router } from "./router.ts";

type ApiRequest = {
  method: string;
  url: URL;
  headers: Record<string, string>;
  body: Buffer;
};
/** `lost`: the connection breaks without an answer; `cut`: it breaks within the body. */
type ApiResponse =
  | { kind: "answer"; status: number; headers: Record<string, string>; body: Buffer; cut?: true }
  | { kind: "lost" };

export type Api = (request: ApiRequest) => Promise<ApiResponse>;

export function createApi(world: World, router: Router): Api {
  return async (request) => {
    // A server of one's own has the REST API below /api/v3, and GraphQL beside it.
    const path = byName(
      world,
      request.url.pathname.replace(/^\/api(\/v3(?=\/)|(?=\/graphql$))/, ""),
    );
    const found = router(request.method, path);
    const template = found?.template ?? "unknown";
    const fault = world.faults.forRequest({ method: request.method, template, path });
    if (fault?.kind === "slow") await world.clock.sleep(fault.ms);
    const identity = identify(world, request.headers.authorization ?? queryToken(found, request));
    const actor = identity.kind === "known" ? identity.actor : undefined;
    const log = (status: LoggedRequest["status"]) =>
      world.log.all.push({
        method: request.method,
        template,
        path,
        status,
        by: actor?.account.login ?? "anonymous",
        at: world.clock.now(),
        kind: kindOf(template),
      });

    const asked = { request, found, actor };
    const early = faultBefore(fault);
    if (fault?.kind === "late") {
      void world.clock.sleep(fault.ms).then(() => serve(world, asked));
      log("lost");
      return { kind: "lost" };
    }
    const answer =
      early ??
      (identity.kind === "refused" ? identity.answer : (spend(world, actor) ?? undefined)) ??
      (fault?.kind === "stale" && reads(request, template)
        ? world.past.asOf(world.clock.now() - fault.ms, () => serve(world, asked))
        : serve(world, asked));
    const late = early ? undefined : faultAfter(world, { fault, answer, found });
    if (late === "lost") {
      log("lost");
      return { kind: "lost" };
    }
    const response = finish(world, { request, actor, answer: late ?? answer });
    log(response.status);
    return fault?.kind === "cut" ? { ...response, cut: true } : response;
  };
}

function reads({ method }: ApiRequest, template: string): boolean {
  return method === "GET" || template === "/graphql";
}

function serve(
  world: World,
  asked: { request: ApiRequest; found: Found | undefined; actor: Actor | undefined },
): Answer {
  const { request, found, actor } = asked;
  if (!found) return notFound();
  const { params, route } = found;
  const repository = repositoryIn(world, params);
  const moved = repository ? undefined : movedTo(world, params);
  if (moved) return movedPermanently(world, moved, request);
  if (params.owner !== undefined && params.repo !== undefined && !repository) return notFound();
  const refusal = check(route.access, actor, repository);
  if (refusal) return refusal;
  const body = parseBody(request.body);
  if (body === undefined) return failed(400, "Problems parsing JSON");
  const call: Call = {
    world,
    actor: actor ?? nobody,
    params,
    query: request.url.searchParams,
    body,
    headers: request.headers,
    url: request.url,
    get repository() {
      if (!repository) throw new Error(`${route.path} is not about a repository`);
      return repository;
    },
  };
  return route.run(call);
}

function finish(
  world: World,
  parts: { request: ApiRequest; actor: Actor | undefined; answer: Answer },
): ApiResponse & { kind: "answer" } {
  const { request, actor, answer } = parts;
  const body =
    answer.raw ?? (answer.body === undefined ? Buffer.alloc(0) : Buffer.from(jsonOf(answer.body)));
  const headers: Record<string, string> = {
    ...(answer.raw ? {} : { "content-type": "application/json; charset=utf-8" }),
    // What it says of itself is by its own clock; whose token ran out is judged by that of tokens.
    date: new Date((answer.status === 401 ? world.authClock : world.clock).now()).toUTCString(),
    "x-github-request-id": world.log.all.length.toString(16).toUpperCase().padStart(8, "0"),
    "x-github-media-type": "github.v3; format=json",
    ...answer.headers,
  };
  if (request.method === "GET" && answer.status === 200) {
    headers.etag = `W/"${hash("sha256", body)}"`;
    if (request.headers["if-none-match"] === headers.etag) {
      // Documented: a conditional request answered by 304 does not count against the limit.
      giveBack(world, actor);
      const limits = rateLimitHeaders(world, actor);
      return {
        kind: "answer",
        status: 304,
        headers: { ...headers, ...limits },
        body: Buffer.alloc(0),
      };
    }
  }
  Object.assign(headers, rateLimitHeaders(world, actor));
  return { kind: "answer", status: answer.status, headers, body };
}

/** A BigInt is written as the number that it is. */
function jsonOf(body: unknown): string {
  const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };
  return JSON.stringify(body, (_, value) =>
    typeof value === "bigint" ? rawJSON(String(value)) : value,
  );
}

function faultBefore(fault: RequestFault | undefined): Answer | undefined {
  if (fault?.kind === "error") return failed(fault.status ?? 502, "Server Error");
  if (fault?.kind === "refused")
    return { ...failed(fault.status, fault.message), headers: { ...fault.headers } };
  if (fault?.kind !== "secondaryLimit") return undefined;
  return {
    ...failed(fault.status ?? 403, "You have exceeded a secondary rate limit."),
    headers: { "retry-after": String(fault.retryAfterSeconds) },
  };
}

function faultAfter(
  world: World,
  served: { fault: RequestFault | undefined; answer: Answer; found: Found | undefined },
): Answer | "lost" | undefined {
  const { fault, answer, found } = served;
  if (fault?.kind === "answerLost") return "lost";
  if (fault?.kind === "lateError") return failed(fault.status ?? 502, "Server Error");
  if (fault?.kind === "foreign") {
    const { status, type, body } = fault;
    return { status, raw: Buffer.from(body), headers: { "content-type": type } };
  }
  if (fault?.kind !== "unseen" || answer.status !== 200) return undefined;
  const born = birthOfPull(world, found) ?? birthOf(answer.body);
  return born !== undefined && world.clock.now() - born < fault.ms ? notFound() : undefined;
}

// What lies below a young pull request is as unknown as itself.
function birthOfPull(world: World, found: Found | undefined): number | undefined {
  const repository = found && repositoryIn(world, found.params);
  return repository?.pulls.get(Number(found?.params.pull_number))?.createdAt;
}

function birthOf(body: unknown): number | undefined {
  if (!isObject(body)) return undefined;
  const commit =
    isObject(body.commit) && isObject(body.commit.committer)
      ? body.commit.committer.date
      : undefined;
  const date = body.created_at ?? body.started_at ?? commit;
  return typeof date === "string" ? Date.parse(date) : undefined;
}

function repositoryIn(world: World, params: Found["params"]): Repository | undefined {
  const { owner, repo } = params;
  return owner === undefined || repo === undefined
    ? undefined
    : findRepository(world, `${owner}/${repo}`);
}

function movedTo(world: World, { owner, repo }: Found["params"]): Repository | undefined {
  return world.formerNames.get(`${owner}/${repo}`.toLowerCase());
}

/** docs.github.com/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects */
function movedPermanently(world: World, { id }: Repository, { method, url }: ApiRequest): Answer {
  const rest = url.pathname.replace(/^.*?\/repos\/[^/]+\/[^/]+/, "");
  const location = `${world.urls.api}/repositories/${id}${rest}${url.search}`;
  return {
    status: method === "GET" ? 301 : 307,
    headers: { location },
    body: {
      message: "Moved Permanently",
      url: location,
      documentation_url:
        "https://docs.github.com/rest/guides/best-practices-for-using-the-rest-api#follow-redirects",
    },
  };
}

/** Where redirects lead to: a repository by its id, whatever it is called. */
function byName(world: World, path: string): string {
  const match = /^\/repositories\/(\d+)(\/.*)?$/.exec(path);
  if (match === null) return path;
  const found = [...world.repositories.values()].find(({ id }) => String(id) === match[1]);
  return found === undefined ? path : `/repos/${found.fullName}${match[2] ?? ""}`;
}

// A download link carries its own token, since clients drop the header on a redirect.
function queryToken(found: Found | undefined, request: ApiRequest): string | undefined {
  if (!found || kindOf(found.template) !== "download") return undefined;
  const token = request.url.searchParams.get("token");
  return token === null ? undefined : `token ${token}`;
}

function kindOf(template: string): LoggedRequest["kind"] {
  if (template.endsWith("/access_tokens")) return "token";
  return template.startsWith("/_codeload") ? "download" : "api";
}

function parseBody(body: Buffer): Record<string, unknown> | undefined {
  if (body.length === 0) return {};
  try {
    const value: unknown = JSON.parse(body.toString("utf8"));
    if (value === null) return {};
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const nobody: Actor = {
  kind: "user",
  account: { kind: "User", id: 0, login: "anonymous", email: "" },
};
