// The embedded GitHub on a port: webhooks over HTTP, and connections that break.
import { createServer } from "node:http";
import { expect, test } from "vitest";
import { startGitHub } from "../../../sandbox/github/server.ts";
import { checkExchange } from "../../contract.ts";

test("webhooks reach a URL, and a bad answer is recorded as it was", async () => {
  const heard: string[] = [];
  const receiver = createServer((request, response) => {
    const event = String(request.headers["x-github-event"]);
    heard.push(event);
    request.resume().on("end", () => response.writeHead(event === "push" ? 500 : 202).end("hm"));
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const address = receiver.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const webhook = { url: `http://127.0.0.1:${port}/api/github/webhooks`, secret: "s" };
  await using running = await startGitHub({ webhook });
  const { github } = running;
  const shop = github.createRepository({ owner: "acme", name: "shop" });
  github.install({ account: "acme" });
  shop.commit({ branch: "main", files: { a: "1" } });
  await github.settled();
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
  shop.commit({ branch: "main", files: { a: "2" } });
  await github.settled();

  expect(heard).toEqual(["installation", "push", "check_suite"]);
  expect(github.deliveries.map((d) => [d.event, d.statusCode, d.response])).toEqual([
    ["installation", 202, "hm"],
    ["push", 500, "hm"],
    ["check_suite", 202, "hm"],
    ["push", 0, undefined],
    ["check_suite", 0, undefined],
  ]);
});

test("a person with curl can branch, commit, open, comment and merge", async () => {
  const problems: string[] = [];
  await using running = await startGitHub({
    observe: (request, answer) => {
      if (answer) problems.push(...checkExchange(request, answer));
    },
  });
  const { github, url } = running;
  const shop = github.createRepository({ owner: "acme", name: "shop" });
  const authorization = `token ${github.tokenOf("dev")}`;
  const call = async (method: string, path: string, body: object) => {
    const answer = await fetch(`${url}/repos/acme/shop${path}`, {
      method,
      headers: { authorization },
      body: JSON.stringify(body),
    });
    return answer.status;
  };
  const content = Buffer.from("hello\n").toString("base64");
  expect([
    await call("POST", "/git/refs", { ref: "refs/heads/hello", sha: shop.tip() }),
    await call("PUT", "/contents/hello.txt", { message: "Hello", content, branch: "hello" }),
    await call("POST", "/pulls", { title: "Hello", head: "hello", base: "main" }),
    await call("POST", "/issues/1/comments", { body: "Done" }),
    await call("PUT", "/pulls/1/merge", {}),
  ]).toEqual([201, 201, 201, 201, 200]);
  expect(shop.file("hello.txt")).toBe("hello\n");
  expect(problems).toEqual(["POST /repos/acme/shop/git/refs is not in GitHub's description"]);
  expect(await call("POST", "/pulls", [])).toBe(400);
});

test("a lost answer is a broken connection", async () => {
  await using running = await startGitHub();
  const { github, url } = running;
  const shop = github.createRepository({ owner: "acme", name: "shop" });
  github.faults.onRequest({ times: 1, fault: { kind: "answerLost" } });
  const ask = () =>
    fetch(`${url}/api/v3/repos/${shop.fullName}`, {
      headers: { authorization: `token ${github.tokenOf("dev")}` },
    });
  await expect(ask()).rejects.toThrow();
  expect((await ask()).status).toBe(200);
});
