// Finds the route for a path. Literal segments win over parameters, so order does not matter.
import type { Route } from "./route.ts";

export type Found = { route: Route; template: string; params: Record<string, string> };

export type Router = (method: string, path: string) => Found | undefined;

export function createRouter(routes: readonly Route[]): Router {
  const compiled = routes.map(compile).sort((a, b) => b.weight - a.weight);
  return (method, path) => {
    for (const { route, template, pattern, names } of compiled) {
      if (route.method !== method) continue;
      const match = pattern.exec(path);
      if (!match) continue;
      const params: Record<string, string> = {};
      for (const [i, name] of names.entries()) {
        const value = decode(match[i + 1] ?? "");
        if (value === undefined) return undefined;
        params[name] = value;
      }
      return { route, template, params };
    }
    return undefined;
  };
}

function compile(route: Route) {
  const names: string[] = [];
  const source = route.path.replace(/\{(\w+)(\.\.\.)?\}|[.*+?^$()|[\]\\]/g, (text, name, many) => {
    if (name === undefined) return `\\${text}`;
    names.push(name);
    return many === undefined ? "([^/]+)" : "(.+)";
  });
  const segments = route.path.split("/");
  const literal = segments.filter((s) => !s.startsWith("{")).length;
  const greedy = segments.some((s) => s.endsWith("...}")) ? 0.5 : 0;
  return {
    route,
    names,
    template: route.path.replaceAll("...}", "}"),
    pattern: new RegExp(`^${source}/?$`),
    weight: literal - greedy,
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
