// One request to GitHub and what its answer means, by status code and header. Never throws for the outside.

import type { ProbotOctokit } from "probot";
import type { ZodType } from "zod";
import { limit } from "../core/model/limit.ts";
import type { Sent, Urgency } from "../ports/github.ts";
import type { Clock } from "../ports/log.ts";
import type { Meter } from "../ports/meter.ts";
import type { Permission, Permit } from "../ports/permit.ts";
import type { Allowance } from "./allowance.ts";
import type { Budget } from "./budget.ts";
import { openRefusals, type Refusable } from "./refusals.ts";

export type Octokit = InstanceType<typeof ProbotOctokit>;

export interface Authenticate {
  /** An octokit for an installation, or for the App itself where it is null. */
  (installation: number | null): Promise<Octokit>;
  /** Fetches a new token for the installation: the one that is kept is worth nothing any more. */
  renew(installation: number): Promise<void>;
}

export type Answer<T> =
  | { readonly kind: "ok"; readonly data: T; readonly headers: Headers }
  /** Nothing changed since the reading with the given ETag. */
  | { readonly kind: "unchanged" }
  | { readonly kind: "absent" }
  | { readonly kind: "limited"; readonly until: number }
  | { readonly kind: "refused"; readonly status: number; readonly why: string }
  /** No answer, or one of a server out of order: a write may have taken effect. */
  | { readonly kind: "failed"; readonly why: string };

type Headers = Readonly<Record<string, string | number | undefined>>;

interface Response {
  readonly data: unknown;
  readonly headers: Headers;
}

type Shape<T> = ZodType<T>;

export interface Client {
  /** An answer that has not the shape is `failed`. */
  read<T>(
    installation: number | null,
    request: (octokit: Octokit) => Promise<Response>,
    shape: Shape<T>,
  ): Promise<Answer<T>>;
  /** `key` names the write, so that a place in the budget is kept for it, and for what GitHub refuses. */
  write<V>(
    of: {
      installation: number | null;
      key: string;
      urgency: Urgency;
      /** Null where nothing can speak against it. */
      permit: Permit | null;
      /** Whether it is asked for for ever where GitHub refuses it; given up after a while where absent. */
      patience?: Refusable["patience"];
    },
    /** `options` go with the request: they make it ask for the permission. */
    request: (octokit: Octokit, options: { fetch: typeof fetch }) => Promise<Response>,
    shape: Shape<V>,
  ): Promise<Sent<V>>;
  /** What GitHub refused there may be asked for at once. */
  forgive(installation: number): void;
}

export type GitHubMeter = Pick<Meter, "githubPoints" | "githubWait" | "githubWrite">;

/** The App's own requests have their own limit; 0 is no installation's id. */
const appAccount = 0;

export function openClient(with_: {
  readonly authenticate: Authenticate;
  readonly budget: Budget;
  readonly allowance: Allowance;
  readonly clock: Clock;
  readonly fetch: typeof fetch;
  readonly meter?: GitHubMeter | undefined;
}): Client {
  const { authenticate, budget, allowance, clock, meter } = with_;
  const { read_points, write_points } = limit.github;

  const refusals = openRefusals(clock);

  async function ask<T>(
    installation: number | null,
    request: (octokit: Octokit) => Promise<Response>,
    shape: Shape<T>,
  ): Promise<Answer<T>> {
    try {
      const { data, headers } = await renewing(installation, request);
      const read = shape.safeParse(data);
      if (read.success) return { kind: "ok", data: read.data, headers };
      return { kind: "failed", why: "GitHub's answer is not what GitHub describes" };
    } catch (error) {
      const answer = answerOf(error, clock());
      if (answer.kind === "limited") budget.pause(installation ?? appAccount, answer.until);
      return answer;
    }
  }

  /** What all replicas share. Where it is used up, looks wait in the queue, but for those that only lack pages. */
  async function drawn(installation: number | null, use: "read" | Urgency): Promise<number | null> {
    const account = installation ?? appAccount;
    const until = await allowance.draw(account, use);
    if (until !== null && use !== "rest") budget.pause(account, until);
    return until;
  }

  /** A token can be revoked before its hour is over; a 401 takes no effect, so it is asked once more. */
  async function renewing(
    installation: number | null,
    request: (octokit: Octokit) => Promise<Response>,
  ): Promise<Response> {
    const octokit = await authenticate(installation);
    try {
      return await request(octokit);
    } catch (error) {
      const isRefused = isRequestError(error) && error.status === 401;
      if (installation === null || !isRefused || error.response === undefined) throw error;
      await authenticate.renew(installation);
      return await request(octokit);
    }
  }

  return {
    async read(installation, request, shape) {
      const until = budget.read(installation ?? appAccount) ?? (await drawn(installation, "read"));
      if (until !== null) {
        meter?.githubWait("read");
        return { kind: "limited", until };
      }
      meter?.githubPoints("read", read_points);
      return await ask(installation, request, shape);
    },
    async write(order, request, shape) {
      const written = await write(order, request, shape);
      meter?.githubWrite(written.kind);
      return written;
    },
    forgive: refusals.forgive,
  };

  async function write<T>(
    { installation, key, urgency, permit, patience = "bounded" }: Parameters<Client["write"]>[0],
    request: (octokit: Octokit, options: { readonly fetch: typeof fetch }) => Promise<Response>,
    shape: Shape<T>,
  ): Promise<Sent<T>> {
    const refusable = { installation, key, patience };
    const standing = refusals.standing(refusable);
    if (standing !== null) return { ...standing, kind: "refused", tries: 0 };
    const until =
      budget.write(installation ?? appAccount, key, urgency) ??
      (await drawn(installation, urgency));
    if (until !== null) {
      meter?.githubWait(urgency);
      return { kind: "deferred", until };
    }
    meter?.githubPoints(urgency, write_points);
    const { fetch, withheld } = permitted(with_.fetch, permit);
    const answer = await ask(installation, (octokit) => request(octokit, { fetch }), shape);
    const permission = withheld();
    if (permission !== null) return { kind: "withheld", permission };
    switch (answer.kind) {
      case "ok":
        refusals.drop(key);
        return { kind: "sent", value: answer.data };
      case "limited":
        return { kind: "deferred", until: answer.until };
      case "absent": {
        const absent = { status: 404, why: "GitHub does not know it." };
        return { kind: "refused", ...refusals.add(refusable, absent) };
      }
      case "unchanged":
        return { kind: "failed", why: "GitHub answered a write with 304." };
      case "refused":
        return { kind: "refused", ...refusals.add(refusable, answer) };
      case "failed":
        return answer;
    }
  }
}

/**
 * Asks for the permission when the request is ready to go: a token may have been fetched until then. It
 * is asked for again where the process was held up between its answer and the request.
 */
function permitted(
  inner: typeof fetch,
  permit: Permit | null,
): { readonly fetch: typeof fetch; readonly withheld: () => Exclude<Permission, "go"> | null } {
  let withheld: Exclude<Permission, "go"> | null = null;
  return {
    withheld: () => withheld,
    fetch: async (input, init) => {
      if (permit === null) return await inner(input, init);
      for (let tries = 0; tries < limit.github.permits; tries += 1) {
        const [elapsed, wall] = [performance.now(), Date.now()];
        const permission = await permit();
        if (permission !== "go") {
          withheld = permission;
          throw new Error(`The write is withheld: ${permission}`);
        }
        // Of the two clocks one stands still while the machine is suspended, and the other can be set.
        const took = Math.max(performance.now() - elapsed, Date.now() - wall);
        if (took <= limit.github.permit_ms) return await inner(input, init);
      }
      withheld = "overtaken";
      throw new Error("The write is withheld: the permission came too late");
    },
  };
}

/** `octokit` rejects with an error that carries `status`, and `response` where there was one. */
function answerOf(error: unknown, now: number): Answer<never> {
  if (!isRequestError(error)) return { kind: "failed", why: String(error) };
  const { status, response } = error;
  // Without a response the status is octokit's own invention.
  if (response === undefined) return { kind: "failed", why: error.message };
  const until = waitOf(status, response.headers, now);
  if (until !== null) return { kind: "limited", until };
  // octokit fetches tokens by itself: that there is none says nothing of what was asked for.
  if (error.request?.url.endsWith("/access_tokens")) return { kind: "failed", why: error.message };
  if (status === 304) return { kind: "unchanged" };
  // A page of somebody between us says nothing of what GitHub has, nor of what it did.
  if (!isGitHubs(response.data)) return { kind: "failed", why: error.message };
  if (status === 404 || status === 410) return { kind: "absent" };
  if (status >= 500 || status === 401) return { kind: "failed", why: error.message };
  return { kind: "refused", status, why: error.message };
}

/** Every refusal of GitHub has a message. docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api */
function isGitHubs(data: unknown): boolean {
  return typeof (data as { readonly message?: unknown } | null)?.message === "string";
}

/** When GitHub wants to hear from us again; null where the answer is not about its rate. */
function waitOf(status: number, headers: Headers, now: number): number | null {
  if (status !== 403 && status !== 429) return null;
  const after = Number(headers["retry-after"]);
  if (headers["retry-after"] !== undefined && Number.isFinite(after))
    return now + Math.max(1, after) * 1000;
  const reset = Number(headers["x-ratelimit-reset"]);
  if (Number(headers["x-ratelimit-remaining"]) <= 0 && Number.isFinite(reset))
    return Math.max(now + 1000, reset * 1000);
  return status === 429 ? now + limit.github.window_ms : null;
}

interface RequestError extends Error {
  readonly status: number;
  readonly response?: Response;
  readonly request?: { readonly url: string };
}

function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && "status" in error && typeof error.status === "number";
}
