// One request to GitHub and what its answer means, by status code and header. Never throws for the outside.

import type { ProbotOctokit } from "probot";
import { limit } from "../core/limit.ts";
import type { Clock, Sent, Urgency } from "../port.ts";
import type { Budget } from "./budget.ts";

export type Octokit = InstanceType<typeof ProbotOctokit>;

/** An octokit for an installation, or for the App itself where it is null. */
export type Authenticate = (installation: number | null) => Promise<Octokit>;

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

interface Response<T> {
  readonly data: T;
  readonly headers: Headers;
}

export interface Client {
  read<T>(
    installation: number | null,
    request: (octokit: Octokit) => Promise<Response<T>>,
  ): Promise<Answer<T>>;
  /** `key` names the write, so that a place in the budget is kept for it. */
  write<T, V>(
    of: { installation: number | null; key: string; urgency: Urgency },
    request: (octokit: Octokit) => Promise<Response<T>>,
    value: (data: T) => V,
  ): Promise<Sent<V>>;
}

/** The App's own requests have their own limit; 0 is no installation's id. */
const appAccount = 0;

export function openClient(with_: {
  readonly authenticate: Authenticate;
  readonly budget: Budget;
  readonly clock: Clock;
}): Client {
  const { authenticate, budget, clock } = with_;

  async function ask<T>(
    installation: number | null,
    request: (octokit: Octokit) => Promise<Response<T>>,
  ): Promise<Answer<T>> {
    try {
      const { data, headers } = await request(await authenticate(installation));
      return { kind: "ok", data, headers };
    } catch (error) {
      const answer = answerOf(error, clock());
      if (answer.kind === "limited") budget.pause(installation ?? appAccount, answer.until);
      return answer;
    }
  }

  return {
    async read(installation, request) {
      const until = budget.read(installation ?? appAccount);
      return until === null ? await ask(installation, request) : { kind: "limited", until };
    },
    async write({ installation, key, urgency }, request, value) {
      const until = budget.write(installation ?? appAccount, key, urgency);
      if (until !== null) return { kind: "deferred", until };
      const answer = await ask(installation, request);
      switch (answer.kind) {
        case "ok":
          return { kind: "sent", value: value(answer.data) };
        case "limited":
          return { kind: "deferred", until: answer.until };
        case "absent":
          return { kind: "refused", status: 404, why: "GitHub does not know it." };
        case "unchanged":
          return { kind: "failed", why: "GitHub answered a write with 304." };
        case "refused":
        case "failed":
          return answer;
      }
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
  if (status === 304) return { kind: "unchanged" };
  if (status === 404 || status === 410) return { kind: "absent" };
  if (status >= 500 || status === 401) return { kind: "failed", why: error.message };
  return { kind: "refused", status, why: error.message };
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
  readonly response?: { readonly headers: Headers };
}

function isRequestError(error: unknown): error is RequestError {
  return error instanceof Error && "status" in error && typeof error.status === "number";
}
