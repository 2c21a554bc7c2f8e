// The HTTP server: webhooks, health, and nothing else.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { limit } from "../core/limit.ts";
import type { Log } from "../port.ts";

export interface Web {
  readonly port: number;
  /** Takes no more requests and lets those under way finish. */
  stop(): Promise<void>;
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export async function openWeb(with_: {
  readonly host: string;
  readonly port: number;
  readonly webhook: { readonly path: string; readonly answer: Answer };
  /** Rejects where the store or the queue does not work. */
  readonly ready: () => Promise<void>;
  readonly log: Log;
}): Promise<Web> {
  const { host, port, webhook, ready, log } = with_;
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
    const path = (request.url ?? "/").split("?")[0];
    if (path === webhook.path) {
      if (request.method === "POST") return await webhook.answer(request, response);
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

  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => await close(server),
  };
}

function send(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
  });
  response.end(text);
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}
