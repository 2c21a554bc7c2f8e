// What a route is: a method, a path, who may use it, and what it answers.
import type { Actor, Level, Repository, Role, World } from "./model.ts";

export type Route = {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** As in GitHub's description; `{name...}` takes several segments. */
  path: string;
  access: Access;
  run(call: Call): Answer;
};

export type Access =
  /** An App about itself, by its JWT. */
  | { kind: "app" }
  | { kind: "anyone" }
  /** A repository's resource: one of these permissions for an app, this role for a person. */
  | { kind: "repository"; oneOf: readonly string[]; level: Level; role: Role }
  /** An App's JWT, asking where it is installed. */
  | { kind: "repositoryByApp" };

export type Call = {
  world: World;
  actor: Actor;
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  body: Readonly<Record<string, unknown>>;
  headers: Readonly<Record<string, string>>;
  url: URL;
  /** For the few lists whose pages are not of 30 at most 100. */
  pageSize?: number;
  /** Only for routes under /repos; asking elsewhere is a bug. */
  readonly repository: Repository;
};

export type Answer = {
  status: number;
  body?: unknown;
  /** Sent as it is, instead of `body` as JSON. */
  raw?: Buffer;
  headers?: Record<string, string>;
};

export const appOnly: Access = { kind: "app" };
export const anyone: Access = { kind: "anyone" };

export function reads(...oneOf: string[]): Access {
  return { kind: "repository", oneOf, level: "read", role: "read" };
}

export function writes(...oneOf: string[]): Access {
  return { kind: "repository", oneOf, level: "write", role: "write" };
}

export function withRole(access: Access, role: Role): Access {
  return access.kind === "repository" ? { ...access, role } : access;
}

export function param(call: Call, name: string): string {
  const value = call.params[name];
  if (value === undefined) throw new Error(`this route has no parameter ${name}`);
  return value;
}
