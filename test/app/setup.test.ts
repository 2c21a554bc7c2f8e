// The set-up flow as its person uses it, and as other sites and other people on the machine would like to.

import { mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { subscribed } from "../../src/github/webhook.ts";
import { eventually } from "./eventually.ts";
import { type Environment, projectFolder, spawnProgram, temporaryFolder } from "./process.ts";
import { openWorld } from "./world.ts";

interface Given {
  /** What the conversion answers; null never answers well. */
  readonly created: object | null;
}

/** A GitHub that knows one thing: which App a code stands for. */
async function smallGitHub({ created }: Given) {
  const asked: string[] = [];
  const server = createServer((req, response) => {
    asked.push(`${req.method} ${req.url}`);
    response.writeHead(created === null ? 404 : 201, { "content-type": "application/json" });
    response.end(JSON.stringify(created ?? { message: "Not Found" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return {
    asked,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function setup(environment: Environment, folder: string, ...options: readonly string[]) {
  const command = [process.execPath, join(projectFolder, "src/main.ts"), "setup", "--port", "0"];
  return spawnProgram(environment, {
    folder,
    command: [...command, ...options] as [string, ...string[]],
  });
}

async function addressOf(program: ReturnType<typeof spawnProgram>): Promise<URL> {
  return new URL(
    await eventually("address", () => /http:\/\/\S+\/setup\?token=\S+/.exec(program.output)?.[0]),
  );
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** `fetch` says nothing of Host, Origin and cookies that it does not mean itself. */
async function ask(
  url: URL | string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { method = "GET", headers = {}, body = "" } = options;
  return await new Promise((resolve, reject) => {
    const sent = request(url, { method, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (piece) => {
        text += piece;
      });
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.once("error", reject);
    sent.end(body);
  });
}

const cookieOf = (answer: Answer) => String(answer.headers["set-cookie"]).split(";")[0] ?? "";
const fieldOf = (html: string, name: string) =>
  new RegExp(`name="${name}" value="([^"]*)"`).exec(html)?.[1] ?? "";
const plain = (text: string) =>
  text
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

/** As far as the form that goes to GitHub. */
async function setupStarted(address: URL, fields: Record<string, string> = {}) {
  const first = await ask(address);
  expect(first.status).toBe(303);
  const cookie = cookieOf(first);
  const page = new URL("/setup", address);
  const form = await ask(page, { headers: { cookie } });
  expect(form.status).toBe(200);
  const headers = {
    cookie,
    origin: address.origin,
    "content-type": "application/x-www-form-urlencoded",
  };
  const said = {
    form: fieldOf(form.body, "form"),
    organization: "acme",
    address: "https://interlock.example.com",
    name: "interlock-of-acme",
    ...fields,
  };
  const body = new URLSearchParams(said).toString();
  const sent = await ask(page, { method: "POST", headers, body });
  const action = plain(/<form method="post" action="([^"]*)"/.exec(sent.body)?.[1] ?? "");
  const state = /state=([\w-]+)/.exec(action)?.[1] ?? "";
  return { cookie, page, headers, said, sent, action, state };
}

test("the App that GitHub creates is written once, and the next start uses it", async () => {
  await using world = await openWorld();
  const { APP_ID, PRIVATE_KEY: pem = "", WEBHOOK_SECRET: webhook_secret } = world.environment;
  await using github = await smallGitHub({
    created: {
      id: Number(APP_ID),
      slug: "interlock-of-acme",
      html_url: "https://github.com/apps/interlock-of-acme",
      pem,
      webhook_secret,
    },
  });
  await using folder = await temporaryFolder();
  await using program = setup({ GITHUB_API_URL: github.url }, folder.path);
  const address = await addressOf(program);
  expect(address.hostname).toBe("127.0.0.1");
  const { cookie, sent, action, state } = await setupStarted(address);
  expect(action).toBe(`${github.url}/organizations/acme/settings/apps/new?state=${state}`);
  expect(JSON.parse(plain(fieldOf(sent.body, "manifest")))).toMatchObject({
    name: "interlock-of-acme",
    public: false,
    hook_attributes: { url: "https://interlock.example.com/api/github/webhooks", active: true },
    redirect_url: `${address.origin}/setup/created`,
    default_events: [...subscribed],
    default_permissions: { checks: "write" },
  });

  const back = new URL(`/setup/created?code=c0de&state=${state}`, address);
  const done = await ask(back, { headers: { cookie } });
  expect(done.status).toBe(200);
  expect(done.body).toContain("npm start");
  expect(done.body).toContain("https://github.com/apps/interlock-of-acme/installations/new");
  expect(done.body + program.output).not.toMatch(/BEGIN|the secret of/);
  expect(await program.exited).toEqual({ code: 0, signal: null });
  expect(program.output).toContain("npm start");
  expect(github.asked).toEqual(["POST /app-manifests/c0de/conversions"]);

  const file = join(folder.path, ".env");
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const { GITHUB_API_URL = "", INTERLOCK_DATA_DIR = "", DATABASE_URL = "" } = world.environment;
  const environment = { GITHUB_API_URL, INTERLOCK_DATA_DIR, DATABASE_URL };
  await using started = spawnProgram(environment, { folder: folder.path });
  await started.said("Interlock is listening");
});

test("nothing can be done without the address, from another site, or under another name", async () => {
  await using github = await smallGitHub({ created: null });
  await using folder = await temporaryFolder();
  await using program = setup({ GITHUB_API_URL: github.url }, folder.path);
  const address = await addressOf(program);
  const page = new URL("/setup", address);
  const created = (query: string) => new URL(`/setup/created?${query}`, address);

  // Before its person has come: other people on this machine, and sites that their browser opens.
  expect((await ask(page)).status).toBe(403);
  expect((await ask(new URL("/setup?token=guess", address))).status).toBe(403);
  expect((await ask(created("code=evil"))).status).toBe(403);
  const importing = { method: "POST", headers: { "content-type": "text/plain" }, body: "{}" };
  for (const path of ["/probot/import", "/probot/setup", "/setup", "/import"])
    expect((await ask(new URL(path, address), importing)).status).toBeGreaterThanOrEqual(403);
  // A name of somebody else's that leads here.
  expect((await ask(address, { headers: { host: `evil.example:${address.port}` } })).status).toBe(
    421,
  );

  const { cookie, headers, said, state } = await setupStarted(address);
  // The address is used up.
  expect((await ask(address)).status).toBe(403);
  const body = new URLSearchParams(said).toString();
  const foreign: Record<string, string>[] = [
    { ...headers, origin: "https://evil.example" },
    { ...headers, origin: "null" },
    { cookie, "content-type": "application/x-www-form-urlencoded" },
    { ...headers, "content-type": "text/plain" },
    { ...headers, "content-type": "multipart/form-data; boundary=x" },
    { ...headers, cookie: "interlock_setup=guess" },
  ];
  for (const one of foreign)
    expect((await ask(page, { method: "POST", headers: one, body })).status).toBe(403);
  const forged = new URLSearchParams({ ...said, form: "guess" }).toString();
  expect((await ask(page, { method: "POST", headers, body: forged })).status).toBe(403);

  // GitHub's answer, made up by another site that the person visits meanwhile.
  for (const query of ["code=evil", "code=evil&state=", "code=evil&state=guess"])
    expect((await ask(created(query), { headers: { cookie } })).status).toBe(403);
  expect((await ask(created(`code=evil&state=${state}`))).status).toBe(403);
  const odd = await ask(created(`code=../../user&state=${state}`), { headers: { cookie } });
  expect(odd.status).toBe(400);
  expect(github.asked).toEqual([]);

  // A code that is none, once: the state is used up with it, and nothing is left behind.
  const failed = await ask(created(`code=c0de&state=${state}`), { headers: { cookie } });
  expect(failed.status).toBe(500);
  expect((await ask(created(`code=c0de&state=${state}`), { headers: { cookie } })).status).toBe(
    403,
  );
  expect(github.asked).toHaveLength(1);
  await expect(stat(join(folder.path, ".env"))).rejects.toThrow("ENOENT");
});

test("the page may not be framed, kept or looked into", async () => {
  await using folder = await temporaryFolder();
  await using program = setup({}, folder.path);
  const { sent } = await setupStarted(await addressOf(program));
  expect(sent.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
  expect(sent.headers["content-security-policy"]).toContain("default-src 'none'");
  expect(sent.headers["cache-control"]).toBe("no-store");
  expect(sent.body).not.toContain("<script");
});

test.each([
  ["an address of this machine", { address: "http://127.0.0.1:3000" }, "address"],
  ["another way to write one", { address: "http://2130706433/" }, "address"],
  ["localhost", { address: "https://localhost" }, "address"],
  ["an address of a private network", { address: "https://10.1.2.3" }, "address"],
  ["one of a private network, by IPv6", { address: "https://[fd00::1]" }, "address"],
  ["a name without a domain", { address: "https://interlock" }, "address"],
  ["no address", { address: "" }, "address"],
  ["an organisation that is a path", { organization: "acme/../.." }, "organisation"],
  ["a name that is markup and too long", { name: `"><script>${"x".repeat(40)}` }, "name"],
])(
  "%s is refused with a sentence on the form, which keeps what was said",
  async (_, said, word) => {
    await using folder = await temporaryFolder();
    await using program = setup({}, folder.path);
    const { sent } = await setupStarted(await addressOf(program), said);
    expect(sent.status).toBe(400);
    expect(/<p class="problem">([^<]*)/.exec(sent.body)?.[1]).toMatch(new RegExp(word, "i"));
    expect(sent.body).not.toContain("<script");
    expect(plain(sent.body)).toContain(Object.values(said)[0]);
  },
);

test.each([
  ["a file", (file: string) => writeFile(file, "APP_ID=1\n")],
  ["an empty file", (file: string) => writeFile(file, "")],
  ["a link to nowhere", (file: string) => symlink("/nowhere/at/all", file)],
  ["a folder", (file: string) => mkdir(file)],
])("%s called .env is never overwritten", async (_, make) => {
  await using folder = await temporaryFolder();
  const file = join(folder.path, ".env");
  await make(file);
  await using program = setup({}, folder.path);
  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.output).toContain("is there already, and is never overwritten");
});

test("a file that appears while the flow is under way is left as it is", async () => {
  await using github = await smallGitHub({ created: null });
  await using folder = await temporaryFolder();
  await using program = setup({ GITHUB_API_URL: github.url }, folder.path);
  const address = await addressOf(program);
  const { cookie, state } = await setupStarted(address);
  const file = join(folder.path, ".env");
  await writeFile(file, "APP_ID=1\n");
  const back = new URL(`/setup/created?code=c0de&state=${state}`, address);
  const refused = await ask(back, { headers: { cookie } });
  expect(refused.body).toContain("is there already");
  expect(await readFile(file, "utf8")).toBe("APP_ID=1\n");
  // The code is not spent: GitHub shows the key once.
  expect(github.asked).toEqual([]);
});

test("npm start without an App refuses, whatever else is set, and opens nothing", async () => {
  await using folder = await temporaryFolder();
  const databaseUrl = { DATABASE_URL: "postgres://127.0.0.1:9/interlock", HOST: "0.0.0.0" };
  await using program = spawnProgram(databaseUrl, { folder: folder.path });
  expect(await program.exited).toEqual({ code: 1, signal: null });
  expect(program.output).toContain("No GitHub App is set. Run npm run setup to create one");
});

test.each([
  [["--organisation", "acme"], /organisation/],
  [["--address", "https://localhost"], /address/],
  [["now"], /now/],
])("options that are wrong are told: %s", async (options, said) => {
  await using folder = await temporaryFolder();
  await using program = setup({}, folder.path, ...options);
  expect(await program.exited).toEqual({ code: 2, signal: null });
  expect(program.output).toMatch(said);
  expect(program.output).not.toMatch(/\n\s+at /);
});

test("the options are what the form starts with, and --help says all of them", async () => {
  await using folder = await temporaryFolder();
  const options = ["--organization", "acme", "--address", "https://il.example.com"];
  await using program = setup({}, folder.path, ...options);
  const address = await addressOf(program);
  const first = await ask(address);
  const form = await ask(new URL("/setup", address), { headers: { cookie: cookieOf(first) } });
  expect(fieldOf(form.body, "organization")).toBe("acme");
  expect(fieldOf(form.body, "address")).toBe("https://il.example.com");
  await using help = setup({}, folder.path, "--help");
  expect(await help.exited).toEqual({ code: 0, signal: null });
  for (const name of ["organization", "address", "name", "host", "port", "env"])
    expect(help.output).toContain(`--${name}`);
});
