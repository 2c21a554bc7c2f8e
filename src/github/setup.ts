// The set-up flow: a page on this machine that has GitHub create the App, and writes its key into a file once.

import { randomBytes, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { limit } from "../core/model/limit.ts";
import { creationPage, fetchCreated, manifestOf, readWanted, type WantedApp } from "./setup-app.ts";
import { refuseFile, writeEnvironment } from "./setup-file.ts";
import { askPage, donePage, policy, sendPage, sentencePage } from "./setup-page.ts";

/** Where an App has its webhooks sent that an earlier flow created: it gave GitHub the bare address. */
export const setupHookPath = "/";

export interface SetupOptions {
  readonly host: string;
  readonly port: number;
  readonly githubApiUrl: string;
  /** Where people see what the API speaks of. */
  readonly site: string;
  /** The file to write. */
  readonly file: string;
  /** What the form starts with. */
  readonly organization: string;
  readonly address: string;
  readonly name: string;
}

export interface Setup {
  /** For the person who started the program, and nobody else: it works once. */
  readonly url: string;
  /** Sentences about what was done and what to do next; rejects where the flow was stopped before. */
  readonly done: Promise<readonly string[]>;
  stop(): Promise<void>;
}

/**
 * A person who completes the flow owns the App that Interlock will be, so nothing of it can be done from
 * another site or by somebody else on this machine: the address holds a secret that is exchanged once
 * for a cookie, forms prove where they come from, and GitHub's answer has to bring our `state` back.
 * Rejects with a sentence where it cannot do its work.
 */
export async function openSetup(options: SetupOptions): Promise<Setup> {
  const file = resolve(options.file);
  await refuseFile(file);
  const { promise: done, resolve: finish, reject } = Promise.withResolvers<readonly string[]>();
  // Nobody may wait for it.
  done.catch(() => {});
  let token: string | null = secret();
  let session: string | null = null;
  const form = secret();
  let pending: { readonly state: string; readonly app: WantedApp } | null = null;
  let closed = false;

  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      answer(response, 500, sentencePage("That did not work", `${why} Nothing was written.`));
    });
  });
  server.requestTimeout = limit.web.request_ms;
  const port = await listen(server, options);
  const shown = ["0.0.0.0", "::"].includes(options.host) ? "127.0.0.1" : options.host;
  const name = shown.includes(":") ? `[${shown}]` : shown;
  return { url: `http://${name}:${port}/setup?token=${token}`, done, stop };

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const host = request.headers.host ?? "";
    // A name that somebody else has made to lead here.
    if (!isOurs(host, options.host))
      return refuse(response, 421, "Open the address as it was printed.");
    if (closed) return refuse(response, 410, "This set-up is done, and closed.");
    const at = URL.parse(request.url ?? "/", `http://${host}`);
    if (at?.pathname === "/setup" && request.method === "GET") return begin(request, response, at);
    if (!isSession(request))
      return refuse(response, 403, "Open the address that the terminal shows; it works once.");
    if (at?.pathname === "/setup" && request.method === "POST")
      return await send(request, response);
    if (at?.pathname === "/setup/created" && request.method === "GET")
      return await create(response, at.searchParams);
    return refuse(response, 404, "There is nothing here.");
  }

  function begin(request: IncomingMessage, response: ServerResponse, at: URL): void {
    if (isSession(request)) {
      ask(response, options, []);
      return;
    }
    const given = at.searchParams.get("token") ?? "";
    if (token === null || !isSame(given, token)) {
      refuse(response, 403, "Open the address that the terminal shows; it works once.");
      return;
    }
    token = null;
    session = secret();
    // Lax, since GitHub sends the browser back from its own site.
    response.setHeader("set-cookie", `${cookie}=${session}; HttpOnly; SameSite=Lax; Path=/setup`);
    response.writeHead(303, { location: "/setup", ...common });
    response.end();
  }

  function ask(
    response: ServerResponse,
    { organization, address, name }: Pick<SetupOptions, "organization" | "address" | "name">,
    problems: readonly string[],
  ): void {
    const html = askPage({ organization, address, name, form, problems });
    answer(response, problems.length === 0 ? 200 : 400, html);
  }

  async function send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host, origin } = request.headers;
    const type = request.headers["content-type"] ?? "";
    if (origin !== `http://${host}` || !/^application\/x-www-form-urlencoded\b/.test(type))
      return refuse(response, 403, "This form was sent from another place.");
    const fields = await readForm(request);
    if (fields === null) return refuse(response, 413, "The form is too large.");
    if (!isSame(fields.get("form") ?? "", form))
      return refuse(response, 403, "This form was sent from another place.");
    const said = {
      organization: fields.get("organization") ?? "",
      address: fields.get("address") ?? "",
      name: fields.get("name") ?? "",
    };
    const wanted = readWanted(said);
    if (wanted.kind === "bad") return ask(response, said, wanted.problems);
    const { app } = wanted;
    pending = { state: secret(), app };
    const { organization, webhook } = app;
    const page = sendPage({
      action: creationPage(options.site, app, pending.state),
      manifest: manifestOf(app, `http://${host}/setup/created`),
      owner: organization === "" ? "your own account" : organization,
      webhook,
    });
    response.setHeader("content-security-policy", policy(options.site));
    answer(response, 200, page);
  }

  async function create(response: ServerResponse, query: URLSearchParams): Promise<void> {
    const code = query.get("code") ?? "";
    if (pending === null || !isSame(query.get("state") ?? "", pending.state))
      return refuse(response, 403, "GitHub's answer belongs to no App that was asked for here.");
    if (!/^[\w-]{1,200}$/.test(code)) return refuse(response, 400, "GitHub's answer has no code.");
    const { app: wanted } = pending;
    // Once, whatever comes of it: another try begins with the form.
    pending = null;
    const { githubApiUrl } = options;
    const more = githubApiUrl === "https://api.github.com" ? {} : { GITHUB_API_URL: githubApiUrl };
    const written = await writeEnvironment(file, () => fetchCreated(githubApiUrl, code), more);
    closed = true;
    const { app, secretIsNew } = written;
    const install = `${app.html_url}/installations/new`;
    const hints = secretIsNew
      ? ["GitHub gave no webhook secret: set the one of the file in the App's settings."]
      : [];
    response.setHeader("connection", "close");
    response.setHeader("set-cookie", `${cookie}=; HttpOnly; SameSite=Lax; Path=/setup; Max-Age=0`);
    response.once("close", () =>
      finish([
        `The App ${app.slug} is created, and ${file} holds its id, key and webhook secret.`,
        ...hints,
        `Webhooks go to ${wanted.webhook}.`,
        "Start Interlock now with npm start, and install the App:",
        install,
      ]),
    );
    answer(response, 200, donePage({ file, app: app.slug, install, hints }));
  }

  function isSession(request: IncomingMessage): boolean {
    const cookies = (request.headers.cookie ?? "").split(/;\s*/);
    const given = cookies.find((one) => one.startsWith(`${cookie}=`))?.slice(cookie.length + 1);
    return session !== null && given !== undefined && isSame(given, session);
  }

  async function stop(): Promise<void> {
    reject(new Error("The set-up was stopped. Nothing was written."));
    const late = setTimeout(() => server.closeAllConnections(), limit.web.idle_ms);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    clearTimeout(late);
  }
}

const cookie = "interlock_setup";

const common = {
  "cache-control": "no-store",
  // Without a referrer browsers would not say either where a form comes from.
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
};

function secret(): string {
  return randomBytes(32).toString("base64url");
}

function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** This machine by the names that only it has, and the address that it was told to listen on. */
function isOurs(host: string, told: string): boolean {
  const name = host.replace(/:\d+$/, "").toLowerCase();
  const own = ["127.0.0.1", "localhost", "[::1]"];
  if (!["0.0.0.0", "::"].includes(told)) own.push(told.includes(":") ? `[${told}]` : told);
  return own.includes(name);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  let text = "";
  for await (const piece of request.setEncoding("utf8")) {
    text += piece;
    if (text.length > limit.web.form_chars) return null;
  }
  return new URLSearchParams(text);
}

function refuse(response: ServerResponse, status: number, sentence: string): void {
  answer(response, status, sentencePage("Not here", sentence));
}

function answer(response: ServerResponse, status: number, html: string): void {
  if (!response.hasHeader("content-security-policy"))
    response.setHeader("content-security-policy", policy(null));
  response.writeHead(status, {
    ...common,
    "content-type": "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(html),
  });
  response.end(html);
}

async function listen(server: Server, { host, port }: SetupOptions): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new Error(
          `The page cannot be shown on port ${port} of ${host} (${cause.message}). Name others with --port and --host.`,
          { cause },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}
