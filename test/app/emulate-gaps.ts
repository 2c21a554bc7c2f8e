// Stands between the program and emulate, and adds what that model of GitHub lacks.

import { randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { commit } from "../engine/local/archive.ts";
import { deliver } from "./webhook.ts";

export interface Gaps extends AsyncDisposable {
  /** The API for the program: commits have an archive here, with these files in it. */
  readonly apiUrl: string;
  /** The program's address for webhooks. */
  readonly hookUrl: string;
  /** Where the two really are, once they are there. */
  emulateUrl: string;
  appUrl: string;
}

export async function fillGaps(files: Readonly<Record<string, string>>): Promise<Gaps> {
  await using stack = new AsyncDisposableStack();
  const api = stack.use(
    await listen(async (request, body, response) => {
      if (/\/tarball\/[0-9a-f]{40}$/.test(request.url ?? "")) {
        response.writeHead(200, { "content-type": "application/x-gzip" }).end(commit(files));
        return;
      }
      const { authorization = "", accept = "" } = request.headers;
      const ask = (path: string, init: RequestInit = {}) =>
        fetch(`${gaps.emulateUrl}${path}`, {
          ...init,
          headers: { authorization, accept, "content-type": "application/json" },
        });
      const { method = "GET", url = "" } = request;
      const answer = await ask(url, { method, ...(body !== "" && { body }) });
      let text = await answer.text();
      const pull = /^(\/repos\/[^/]+\/[^/]+)\/pulls\/\d+$/.exec(url);
      if (method === "GET" && pull !== null && answer.ok) {
        // It counts no changed files, though it can compare.
        const { base, head, ...rest } = JSON.parse(text);
        const compared = await ask(`${pull[1]}/compare/${base.sha}...${head.sha}`);
        const { files } = (await compared.json()) as { files: readonly unknown[] };
        text = JSON.stringify({ ...rest, base, head, changed_files: files.length });
      }
      response.writeHead(answer.status, { "content-type": "application/json; charset=utf-8" });
      response.end(text);
    }),
  );
  const hook = stack.use(
    await listen(async (request, body, response) => {
      const payload = JSON.parse(body);
      // GitHub has the number beside the pull request too, and never gives one GUID to two events.
      const number = payload.pull_request?.number;
      const whole = JSON.stringify({ ...payload, ...(number !== undefined && { number }) });
      const event = String(request.headers["x-github-event"]);
      const answer = await deliver(
        { url: gaps.appUrl },
        { event, body: whole, guid: randomUUID() },
      );
      response.writeHead(answer.status).end();
    }),
  );
  const all = stack.move();
  const gaps = {
    apiUrl: api.url,
    hookUrl: hook.url,
    emulateUrl: "",
    appUrl: "",
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
  return gaps;
}

type Answer = (
  request: IncomingMessage,
  body: string,
  response: ServerResponse,
) => void | Promise<void>;

async function listen(answer: Answer): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((request, response) => {
    let body = "";
    request.setEncoding("utf8").on("data", (text: string) => {
      body += text;
    });
    request.on("end", () => {
      Promise.resolve(answer(request, body, response)).catch((error: unknown) => {
        response.writeHead(502).end(String(error));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
