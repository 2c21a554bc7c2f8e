// The HTTP server: webhooks, health, and nothing else.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { limit } from "../core/limit.ts";
import type { Log } from "../port.ts";

export interface Web {
  readonly port: number;
  /** Takes no more requests and lets those under way finish, up to `grace_ms`. */
  stop(grace_ms: number): Promise<void>;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export async function openWeb(with_: {
  readonly host: string;
  readonly port: number;
  /** Who answers what is posted, by path. */
  readonly posts: ReadonlyMap<string, Answer>;
  /** Rejects where the store or the queue does not work. */
  readonly ready: () => Promise<void>;
  readonly log: Log;
}): Promise<Web> {
  const { host, port, posts, ready, log } = with_;
  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      log.error({ err: error, url: request.url }, "A request failed");
      if (!response.headersSent) send(response, 500, "Internal error\n");
      else response.destroy();
    });
  });
  server.requestTimeout = limit.web.request_ms;
  server.headersTimeout = limit.web.headers_ms;

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const answer = posts.get(path);
    if (answer !== undefined) {
      if (request.method === "POST") return await answer(request, response);
      response.setHeader("allow", "POST");
      return send(response, 405, "Webhooks are sent with POST\n");
    }
    if (request.method !== "GET" && request.method !== "HEAD")
      return send(response, 404, "Not found\n");
    switch (path) {
      case "/healthz":
        return send(response, 200, "alive\n");
      case "/readyz":
        try {
          await ready();
          return send(response, 200, "ready\n");
        } catch (error) {
          log.warn({ err: error }, "Not ready");
          return send(response, 503, "not ready: the store or the queue does not answer\n");
        }
      default:
        return send(response, 404, "Not found\n");
    }
  }

  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    stop: async (grace_ms) => await close(server, grace_ms),
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (error) =>
      reject(new Error(refusal(error, host, port), { cause: error })),
    );
    server.listen(port, host, resolve);
  });
}

function refusal(error: Error, host: string, port: number): string {
  switch ("code" in error && error.code) {
    case "EADDRINUSE":
      return `Port ${port} of ${host} is in use. Stop the program that uses it, or set PORT to another one.`;
    case "EACCES":
      return `This user may not listen on port ${port} of ${host}. Set PORT to one above 1023.`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `HOST is ${host}, which is no address of this machine.`;
    default:
      return error.message;
  }
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}

async function close(server: Server, grace_ms: number): Promise<void> {
  // A sender that is slow, on purpose or not, would hold the stop up for as long as it likes.
  const late = setTimeout(() => server.closeAllConnections(), grace_ms);
  // A connection whose request is answered only now stays open, and nobody else closes it.
  const idle = setInterval(() => server.closeIdleConnections(), limit.web.idle_ms);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(late);
  clearInterval(idle);
}
