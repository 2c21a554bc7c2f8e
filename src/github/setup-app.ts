// The App itself: what GitHub is asked to create from `app.yml`, and what it gives back once.

import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { z } from "zod";
import { limit } from "../core/model/limit.ts";
import { webhookPath } from "./hook.ts";

export interface WantedApp {
  readonly name: string;
  /** Empty for the account of the person who creates it. */
  readonly organization: string;
  /** Whole, as GitHub is to post to it. */
  readonly webhook: string;
}

export type WantedRead =
  | { readonly kind: "good"; readonly app: WantedApp }
  | { readonly kind: "bad"; readonly problems: readonly string[] };

/** What a person said of the App. Everything that is wrong is told at once. */
export function readWanted(said: {
  readonly name: string;
  readonly organization: string;
  readonly address: string;
}): WantedRead {
  const problems: string[] = [];
  const organization = said.organization.trim();
  if (organization !== "" && !/^[a-z\d](?:[a-z\d-]{0,37}[a-z\d])?$/i.test(organization))
    problems.push("The organisation must be its login on GitHub, such as acme.");
  const name = said.name.trim();
  if (!/^\S(?:[^\p{C}]{0,32}\S)?$/u.test(name))
    problems.push("The name must have at most 34 characters.");
  const webhook = webhookOf(said.address.trim());
  if (webhook === null)
    problems.push(
      "The public address must begin with https:// (or http://) and name a host that GitHub can reach; GitHub refuses localhost and addresses of private networks.",
    );
  return webhook === null || problems.length > 0
    ? { kind: "bad", problems }
    : { kind: "good", app: { name, organization, webhook } };
}

/** An address without a path gets ours; one with a path may be that of a relay. */
function webhookOf(address: string): string | null {
  const url = URL.parse(address);
  if (url === null || !["https:", "http:"].includes(url.protocol)) return null;
  if (url.username !== "" || url.password !== "" || url.hash !== "") return null;
  if (isPrivate(url.hostname)) return null;
  if (url.pathname === "/" && url.search === "") url.pathname = webhookPath;
  return url.href;
}

function isPrivate(host: string): boolean {
  if (/^(?:localhost|.+\.(?:localhost|local|internal|test|invalid))$/i.test(host)) return true;
  if (host.startsWith("["))
    return /^\[(?:::|::1|f[cd][\da-f]{2}:.*|fe[89ab][\da-f]:.*|::ffff:.*)\]$/i.test(host);
  if (!host.includes(".")) return true;
  // URL has brought every way to write such an address into this one.
  return (
    /^[\d.]+$/.test(host) &&
    /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./.test(host)
  );
}

/** docs.github.com/apps/sharing-github-apps/registering-a-github-app-from-a-manifest */
export function manifestOf(app: WantedApp, redirect: string): string {
  const file = new URL("../../app.yml", import.meta.url);
  const fixed: object = parse(readFileSync(file, "utf8"));
  return JSON.stringify({
    ...fixed,
    name: app.name,
    hook_attributes: { url: app.webhook, active: true },
    redirect_url: redirect,
  });
}

export function creationPage(site: string, { organization }: WantedApp, state: string): string {
  const owner = organization === "" ? "" : `/organizations/${organization}`;
  return `${site}${owner}/settings/apps/new?state=${state}`;
}

const created = z.object({
  id: z.int().positive(),
  slug: z.string(),
  html_url: z.url({ protocol: /^https?$/ }),
  pem: z.string().startsWith("-----BEGIN"),
  webhook_secret: z.string().nullish(),
});

export type CreatedApp = z.output<typeof created>;

/** Exchanges the code of GitHub for the App, which is possible once. Rejects with a sentence. */
export async function fetchCreated(apiUrl: string, code: string): Promise<CreatedApp> {
  const response = await fetch(`${apiUrl}/app-manifests/${code}/conversions`, {
    method: "POST",
    headers: { accept: "application/vnd.github+json", "user-agent": "interlock" },
    redirect: "error",
    signal: AbortSignal.timeout(limit.github.request_ms),
  }).catch((cause: unknown) => {
    throw new Error(`${apiUrl} did not answer.`, { cause });
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`GitHub answered ${response.status}: the code is used up, or an hour old.`);
  }
  const read = created.safeParse(await response.json().catch(() => null));
  if (!read.success) throw new Error("GitHub's answer holds no App.");
  return read.data;
}
