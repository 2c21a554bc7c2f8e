// An App about itself: who it is, where it is installed, tokens, and its budget.
import { created, failed, isObject, listed, notFound, ok, page, unprocessable } from "../answer.ts";
import { issueToken, repositoriesOf } from "../apps.ts";
import { iso } from "../clock.ts";
import { covers } from "../events.ts";
import type { App, Installation, Repository } from "../model.ts";
import { giveBack, rateLimit } from "../rate-limit.ts";
import { renderApp, renderInstallation } from "../render/account.ts";
import { renderRepository } from "../render/repository.ts";
import { type Answer, anyone, appOnly, type Call, param, type Route } from "../route.ts";

export const appRoutes: Route[] = [
  {
    method: "GET",
    path: "/app",
    access: appOnly,
    run: (call) =>
      ok({
        ...renderApp(call.world, appOf(call)),
        client_id: appOf(call).clientId,
        installations_count: installationsOf(call).length,
      }),
  },
  {
    method: "GET",
    path: "/app/installations",
    access: appOnly,
    run: (call) => listed(call, installationsOf(call), (i) => renderInstallation(call.world, i)),
  },
  {
    method: "GET",
    path: "/app/installations/{installation_id}",
    access: appOnly,
    run: (call) => onInstallation(call, (i) => ok(renderInstallation(call.world, i))),
  },
  {
    method: "POST",
    path: "/app/installations/{installation_id}/access_tokens",
    access: appOnly,
    run: (call) => onInstallation(call, (i) => newToken(call, i)),
  },
  {
    method: "GET",
    path: "/repos/{owner}/{repo}/installation",
    access: { kind: "repositoryByApp" },
    run(call) {
      const found = installationsOf(call).find((i) => covers(i, call.repository));
      return found ? ok(renderInstallation(call.world, found)) : notFound();
    },
  },
  { method: "GET", path: "/installation/repositories", access: anyone, run: installedOn },
  {
    method: "GET",
    path: "/rate_limit",
    access: anyone,
    run({ world, actor }) {
      // Documented: asking for the limit does not count against it.
      giveBack(world, actor);
      const core = rateLimit(world, actor);
      return ok({ resources: { core, search: core }, rate: core });
    },
  },
];

function newToken(call: Call, installation: Installation): Answer {
  if (installation.suspendedAt !== undefined)
    return failed(403, "This installation has been suspended");
  const all = repositoriesOf(call.world, installation);
  const asked = chosen(call, all);
  if (asked === undefined)
    return unprocessable(
      "There is at least one repository that does not exist or is not accessible to the parent installation.",
    );
  const granted = permissionsFor(call, installation);
  if (granted === undefined)
    return unprocessable("The permissions requested are not granted to this installation.");
  const { token, expiresAt } = issueToken(call.world, {
    installation,
    permissions: granted,
    repositoryIds: asked.kind === "all" ? undefined : new Set(asked.of.map((r) => r.id)),
  });
  return created({
    token,
    expires_at: iso(expiresAt),
    permissions: granted,
    repository_selection: asked.kind === "all" ? installation.selection : "selected",
    ...(asked.kind === "all"
      ? {}
      : { repositories: asked.of.map((r) => renderRepository(call.world, r)) }),
  });
}

type Chosen = { kind: "all" } | { kind: "some"; of: Repository[] };

/** The repositories that a token is narrowed to; undefined when one of them is out of reach. */
function chosen(call: Call, all: Repository[]): Chosen | undefined {
  const { repositories: names, repository_ids: ids } = call.body;
  if (names === undefined && ids === undefined) return { kind: "all" };
  const wanted: unknown[] = [
    ...(Array.isArray(names) ? names : []),
    ...(Array.isArray(ids) ? ids : []),
  ];
  const of = wanted.map((w) => all.find((r) => r.id === w || r.name === w));
  const found = of.filter((r) => r !== undefined);
  return found.length === wanted.length ? { kind: "some", of: found } : undefined;
}

function permissionsFor(
  call: Call,
  installation: Installation,
): Installation["permissions"] | undefined {
  const asked = call.body.permissions;
  if (!isObject(asked)) return installation.permissions;
  const out: Record<string, "read" | "write"> = {};
  for (const [name, level] of Object.entries(asked)) {
    const has = installation.permissions[name];
    if (level !== "read" && level !== "write") return undefined;
    if (has === undefined || (level === "write" && has !== "write")) return undefined;
    out[name] = level;
  }
  return out;
}

function installedOn(call: Call): Answer {
  if (call.actor.kind !== "installation") return failed(403, "Resource not accessible");
  const { installation } = call.actor;
  const all = repositoriesOf(call.world, installation);
  const { items, headers } = page(call, all);
  return {
    status: 200,
    headers,
    body: {
      total_count: all.length,
      repository_selection: installation.selection,
      repositories: items.map((r) => renderRepository(call.world, r)),
    },
  };
}

function onInstallation(call: Call, answer: (i: Installation) => Answer): Answer {
  const id = Number(param(call, "installation_id"));
  const found = installationsOf(call).find((i) => i.id === id);
  return found ? answer(found) : notFound();
}

function installationsOf(call: Call): Installation[] {
  const app = appOf(call);
  return [...call.world.installations.values()].filter((i) => i.app === app);
}

function appOf(call: Call): App {
  if (call.actor.kind !== "app") throw new Error("this route is for apps only");
  return call.actor.app;
}
