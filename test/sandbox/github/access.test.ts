// Who gets in: App JWTs, installation tokens, permissions, and people's own tokens.
import { createSign, generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { fakeClock, wallClock } from "../../../sandbox/github/clock.ts";
import { smallWorld } from "./world.ts";

const api = "https://api.github.com";
const minute = 60;

function jwt(key: string, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const text = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  return `${text}.${createSign("RSA-SHA256").update(text).sign(key, "base64url")}`;
}

function worldWithTokens() {
  const world = smallWorld();
  const { github, clock, installation } = world;
  const now = () => Math.floor(clock.now() / 1000);
  const get = (path: string, authorization: string, init: object = {}) =>
    github.fetch(`${api}${path}`, { ...init, headers: { authorization } });
  const ownJwt = (claims: object = {}) =>
    jwt(github.privateKey, { iss: github.app.id, iat: now(), exp: now() + minute, ...claims });
  const token = async (body?: object) => {
    const path = `/app/installations/${installation.id}/access_tokens`;
    const init = { method: "POST", ...(body ? { body: JSON.stringify(body) } : {}) };
    const answer = await get(path, `Bearer ${ownJwt()}`, init);
    return { status: answer.status, ...((await answer.json()) as { token: string }) };
  };
  return { ...world, now, get, ownJwt, token };
}

test("a JWT must be the app's own, in time, and live ten minutes at most", async () => {
  const { get, ownJwt, now, github } = worldWithTokens();
  const app = async (proof: string) => {
    const answer = await get("/app", `Bearer ${proof}`);
    return answer.status === 200 ? 200 : ((await answer.json()) as { message: string }).message;
  };
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const stolen = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
  const claims = { iss: github.app.id, iat: now(), exp: now() + minute };
  expect(await app(ownJwt())).toBe(200);
  expect(await app(ownJwt({ iss: github.app.clientId, exp: now() + 10 * minute }))).toBe(200);
  expect(await app(jwt(stolen, claims))).toBe("A JSON web token could not be decoded");
  expect(await app(ownJwt({ iss: 1 }))).toBe("Integration not found");
  expect(await app(ownJwt({ exp: now() + 10 * minute + 1 }))).toContain("too far in the future");
  expect(await app(ownJwt({ exp: now() }))).toContain("'Expiration time' claim");
  expect(await app(ownJwt({ iat: now() + 1 }))).toContain("'Issued at' claim");
  const unsigned = `${ownJwt().split(".").slice(0, 2).join(".")}.AAAA`;
  expect(await app(unsigned)).toBe("A JSON web token could not be decoded");
});

test("an installation token works for one hour", async () => {
  const { get, token, clock } = worldWithTokens();
  const proof = `token ${(await token()).token}`;
  const repository = () => get("/repos/acme/shop", proof);
  clock.advance(60 * 60 * 1000 - 1);
  expect((await repository()).status).toBe(200);
  clock.advance(1);
  const refused = await repository();
  expect(refused.status).toBe(401);
  expect(await refused.json()).toMatchObject({ message: "Bad credentials" });
});

test("client libraries that live by the wall clock get in when the model's clock is turned", async () => {
  const clock = fakeClock();
  const { asInstallation, where } = smallWorld({ clock, authClock: wallClock });
  await asInstallation.rest.repos.get(where);
  clock.advance(5 * 60 * 60 * 1000);
  await expect(asInstallation.rest.repos.get(where)).resolves.toMatchObject({ status: 200 });
});

test("a token can be narrowed to repositories and permissions, never widened", async () => {
  const { get, token, github } = worldWithTokens();
  github.createRepository({ owner: "acme", name: "second" });
  const narrow = await token({ repositories: ["second"], permissions: { contents: "read" } });
  const status = async (path: string) => (await get(path, `token ${narrow.token}`)).status;
  expect(await status("/repos/acme/second/branches")).toBe(200);
  expect(await status("/repos/acme/second/pulls")).toBe(403);
  expect(await status("/repos/acme/shop/branches")).toBe(403);
  expect(await token({ permissions: { actions: "write" } })).toMatchObject({ status: 422 });
  expect(await token({ repositories: ["third"] })).toMatchObject({ status: 422 });
});

test.each([
  ["checks", "POST", "/check-runs"],
  ["contents", "GET", "/contents/README.md"],
  ["pull_requests", "GET", "/pulls"],
  ["administration", "GET", "/branches/main/protection"],
  ["statuses", "GET", "/commits/main/status"],
])("without the permission %s, %s %s is refused", async (missing, method, path) => {
  const all = {
    administration: "read",
    checks: "write",
    contents: "write",
    issues: "write",
    metadata: "read",
    pull_requests: "write",
    statuses: "write",
  } as const;
  const permissions = Object.fromEntries(Object.entries(all).filter(([name]) => name !== missing));
  const { asInstallation } = smallWorld({ app: { permissions } });
  await expect(asInstallation.request(`${method} /repos/acme/shop${path}`)).rejects.toMatchObject({
    status: 403,
    message: expect.stringContaining("Resource not accessible by integration"),
  });
});

test("a permission to read does not write", async () => {
  const { asInstallation, where, shop } = smallWorld({
    app: { permissions: { checks: "read", metadata: "read" } },
  });
  const run = { ...where, name: "interlock", head_sha: shop.tip() };
  await expect(asInstallation.rest.checks.create(run)).rejects.toMatchObject({ status: 403 });
});

test("an installation sees its own repositories, and none while it is suspended", async () => {
  const { github, installation, asInstallation, where } = smallWorld();
  const secret = github.createRepository({ owner: "other", name: "secret", private: true });
  const { repos, apps } = asInstallation.rest;
  const elsewhere = repos.get({ owner: "other", repo: secret.data.name });
  await expect(elsewhere).rejects.toMatchObject({ status: 404 });
  const { data } = await apps.listReposAccessibleToInstallation();
  expect(data.repositories.map((r) => r.full_name)).toEqual(["acme/shop"]);
  github.suspend(installation, "boss");
  await expect(repos.get(where)).rejects.toMatchObject({ status: 403 });
});

test.each([
  ["boss", "admin", "admin"],
  ["mia", "maintain", "write"],
  ["dev", "write", "write"],
  ["tom", "triage", "read"],
  ["ria", "read", "read"],
  ["stranger", "read", "read"],
])("%s has role %s, in the older words %s", async (username, role_name, permission) => {
  const { github, asInstallation, where } = smallWorld();
  github.user("stranger");
  const asked = asInstallation.rest.repos.getCollaboratorPermissionLevel({ ...where, username });
  expect((await asked).data).toMatchObject({ permission, role_name });
});

test("a stranger has no role in a private repository and does not find it", async () => {
  const { github, as, asInstallation } = smallWorld();
  github.createRepository({ owner: "acme", name: "vault", private: true });
  github.user("stranger");
  const vault = { owner: "acme", repo: "vault" };
  const role = asInstallation.rest.repos.getCollaboratorPermissionLevel({
    ...vault,
    username: "stranger",
  });
  expect((await role).data).toMatchObject({ permission: "none", role_name: "none" });
  await expect(as("stranger").rest.repos.get(vault)).rejects.toMatchObject({ status: 404 });
});

test("people use the API with their own token, within their role", async () => {
  const { as, shop, where } = smallWorld();
  shop.commit({ branch: "feature", files: { a: "1" } });
  const opened = await as("dev").rest.pulls.create({
    ...where,
    title: "By hand",
    head: "feature",
    base: "main",
  });
  const onPull = { ...where, pull_number: opened.data.number };
  const onIssue = { ...where, issue_number: opened.data.number };
  await as("ria").rest.issues.createComment({ ...onIssue, body: "Nice" });
  expect(shop.pull(1).comments()).toMatchObject([{ author: "ria", body: "Nice" }]);
  await expect(as("ria").rest.pulls.merge(onPull)).rejects.toMatchObject({ status: 403 });
  await expect(as("ria").rest.pulls.update({ ...onPull, title: "x" })).rejects.toMatchObject({
    status: 403,
  });
  await expect(as("dev").rest.pulls.merge(onPull)).resolves.toMatchObject({ status: 200 });
});

test("without a known token nobody gets in", async () => {
  const { get, github } = worldWithTokens();
  const status = async (proof: string) => (await get("/repos/acme/shop", proof)).status;
  expect(await status("token ghs_unknown")).toBe(401);
  expect(await status("token user:nobody-known")).toBe(401);
  expect((await github.fetch(`${api}/repos/acme/shop`)).status).toBe(401);
});

test("the old name of a repository leads to its id until another repository takes it", async () => {
  const { github, shop, get, token } = worldWithTokens();
  const proof = `token ${(await token()).token}`;
  const idAt = async (path: string) => {
    const answer = await get(path, proof);
    return ((await answer.json()) as { id?: number }).id;
  };
  shop.rename("store", "boss");
  const moved = await get("/repos/acme/shop/branches?per_page=1", proof, { redirect: "manual" });
  expect(moved.status).toBe(301);
  expect(moved.headers.get("location")).toBe(`${api}/repositories/${shop.id}/branches?per_page=1`);
  const written = await get("/repos/acme/shop/check-runs", proof, {
    method: "POST",
    redirect: "manual",
    body: "{}",
  });
  expect(written.status).toBe(307);
  expect(await idAt("/repos/acme/shop")).toBe(shop.id);
  expect(await idAt("/repos/acme/store")).toBe(shop.id);

  const other = github.createRepository({ owner: "acme", name: "shop" });
  expect(await idAt("/repos/acme/shop")).toBe(other.id);
  other.delete("boss");
  expect((await get("/repos/acme/shop", proof)).status).toBe(404);
  expect(await idAt("/repos/acme/store")).toBe(shop.id);
});
