// The port to GitHub on the embedded GitHub itself: no Octokit, no HTTP, the same reads, writes, budget and faults.

import { createSign } from "node:crypto";
import type { EmbeddedGitHub } from "../../sandbox/github/github.ts";
import { openPort } from "../../src/github/app.ts";
import type { Octokit } from "../../src/github/client.ts";
import { plainReader } from "../../src/github/plan-reader.ts";
import type { Clock } from "../../src/ports/log.ts";
import type { Store } from "../../src/ports/store.ts";

export function openDirect(with_: {
  readonly on: EmbeddedGitHub;
  readonly store: Store;
  readonly clock: Clock;
}): ReturnType<typeof openPort> {
  const { on, store, clock } = with_;
  /** By installation, kept until GitHub takes one no more. */
  const tokens = new Map<number, string>();
  const authenticate = async (installation: number | null) =>
    direct(on, installation === null ? appToken : installationToken(installation, tokens));
  const renew = async (installation: number) => void tokens.delete(installation);
  return openPort({
    appId: on.app.id,
    store,
    plans: plainReader,
    clock,
    fetch: run,
    authenticate: Object.assign(authenticate, { renew }),
  });
}

interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly data: unknown;
}

/** As Octokit rejects where the status is none of success. */
class Refused extends Error {
  readonly status: number;
  readonly response: Answered | undefined;
  /** Which request it was: one for a token can be refused on the way to another one. */
  readonly request: { readonly url: string };

  constructor(
    status: number,
    message: string,
    of: { readonly response: Answered | undefined; readonly url: URL },
  ) {
    // Nobody reads where it came from, and to find that out takes longer than the request.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = stackTraceLimit;
    this.status = status;
    this.response = of.response;
    this.request = { url: of.url.href };
  }
}

type Authorize = (on: EmbeddedGitHub) => Promise<string>;

/** Of an Octokit only what the adapter uses. */
function direct(on: EmbeddedGitHub, authorize: Authorize): Octokit {
  const request = async (route: string, given: Readonly<Record<string, unknown>>) =>
    await send(on, route, { given, authorization: await authorize(on) });
  const graphql = async (query: string, variables: object) => {
    const { data: got } = await request("POST /graphql", { query, variables });
    const { data, errors } = got as { readonly data?: unknown; readonly errors?: unknown };
    if (errors !== undefined) throw Object.assign(new GraphqlResponseError(), { data });
    return data;
  };
  return { request, graphql } as unknown as Octokit;
}

class GraphqlResponseError extends Error {
  override name = "GraphqlResponseError";
}

/** A request on its way, as the adapter's own `fetch` gets it: the same as the `fetch` below it. */
interface Going extends RequestInit {
  readonly go: () => Promise<Answered>;
}

/** What comes back is for anyone who sent it, and nobody looks at it on the way. */
const run = (async (_: unknown, { go }: Going) => await go()) as unknown as typeof fetch;

async function send(
  on: EmbeddedGitHub,
  route: string,
  asked: { readonly given: Readonly<Record<string, unknown>>; readonly authorization: string },
): Promise<Answered> {
  const { request, ...given } = asked.given as { readonly request?: { fetch?: typeof fetch } };
  const go = async () => await answer(on, route, { ...asked, given });
  if (request?.fetch === undefined) return await go();
  const going: Going = { go };
  return (await request.fetch(route, going)) as unknown as Answered;
}

async function answer(
  on: EmbeddedGitHub,
  route: string,
  { given, authorization }: { given: Readonly<Record<string, unknown>>; authorization: string },
): Promise<Answered> {
  const [method = "", template = ""] = route.split(" ");
  const { headers, ...params } = given;
  const rest = new Map(Object.entries(params));
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = encodeURIComponent(String(rest.get(name)));
    rest.delete(name);
    return value;
  });
  const url = new URL(path, "https://api.github.com");
  let body = empty;
  if (method === "GET") for (const [name, value] of rest) url.searchParams.set(name, String(value));
  else if (rest.size > 0) body = Buffer.from(JSON.stringify(Object.fromEntries(rest)));
  const asked = {
    method,
    headers: { authorization, ...(headers as Record<string, string> | undefined) },
    body,
  };
  const first = await on.api({ ...asked, url });
  const moved = first.kind === "answer" && [301, 307].includes(first.status);
  // As `fetch` follows what a repository with another name answers.
  const got = moved
    ? await on.api({ ...asked, url: new URL(first.headers.location ?? "") })
    : first;
  // Where no answer came, or not all of it, Octokit makes a status up.
  if (got.kind === "lost" || got.cut)
    throw new Refused(500, "fetch failed", { response: undefined, url });
  const data = dataOf(got.body.toString("utf8"));
  const answered = { status: got.status, headers: got.headers, data };
  if (got.status >= 300)
    throw new Refused(got.status, messageOf(data), { response: answered, url });
  return answered;
}

const empty = Buffer.alloc(0);

/** The text itself where it is no JSON. As Octokit reads it: a number beyond 2^53 becomes a BigInt. */
function dataOf(text: string): unknown {
  try {
    return /\d{16}/.test(text) ? JSON.parse(text, exact) : JSON.parse(text);
  } catch {
    return text;
  }
}

function exact(_: string, value: unknown, { source }: { source?: string } = {}): unknown {
  const isRounded = Number.isInteger(value) && !Number.isSafeInteger(value);
  return isRounded && source !== undefined ? BigInt(source) : value;
}

function messageOf(data: unknown): string {
  const { message } = (data ?? {}) as { message?: unknown };
  return typeof message === "string" ? message : "no message";
}

/** Asked for when it is first needed. */
function installationToken(installation: number, tokens: Map<number, string>): Authorize {
  return async (on) => {
    let token = tokens.get(installation);
    if (token === undefined) {
      const authorization = await appToken(on);
      const route = "POST /app/installations/{installation_id}/access_tokens";
      const given = { installation_id: installation };
      const { data } = await send(on, route, { given, authorization });
      token = `token ${(data as { token: string }).token}`;
      tokens.set(installation, token);
    }
    return token;
  };
}

/** Signing one takes longer than all else about a request, so one is used for minutes. */
const appToken: Authorize = async ({ privateKey, app }) => {
  const now = Math.floor(Date.now() / 1000);
  if (signed.until < now || signed.key !== privateKey) {
    const claims = { iat: now - 60, exp: now + 480, iss: app.id };
    const parts = [{ alg: "RS256", typ: "JWT" }, claims].map((part) =>
      Buffer.from(JSON.stringify(part)).toString("base64url"),
    );
    const signature = createSign("RSA-SHA256").update(parts.join(".")).sign(privateKey);
    const text = `bearer ${parts.join(".")}.${signature.toString("base64url")}`;
    signed = { text, until: now + 300, key: privateKey };
  }
  return signed.text;
};

let signed = { text: "", until: 0, key: "" };
