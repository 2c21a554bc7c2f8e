// The HTTP server: webhooks, health, and nothing else.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { limit } from "../core/model/limit.ts";
import type { Post, PostReply } from "../ports/http.ts";
import type { Clock, Log } from "../ports/log.ts";
import { openBodies } from "./body.ts";
import { limitConnections } from "./places.ts";

export interface Web {
  readonly port: number;
  /** Takes no more requests and lets those under way finish, up to `grace_ms`. */
  stop(grace_ms: number): Promise<void>;
}

/** Null where the sender is gone, so that nobody is left to be answered. */
export type Answer = (post: Post) => Promise<PostReply | null>;

export async function openWeb(with_: {
  readonly host: string;
  readonly port: number;
  /** Who answers what is posted, by path. */
  readonly posts: ReadonlyMap<string, Answer>;
  /** Null, or a sentence that says why not. Rejects where the store or the queue does not work. */
  readonly ready: () => Promise<string | null>;
  readonly clock: Clock;
  readonly log: Log;
}): Promise<Web> {
  const { host, port, posts, log } = with_;
  const ready = openReady(with_);
  const bodies = openBodies();
  const { request_ms: requestTimeout, headers_ms: headersTimeout, late_ms } = limit.web;
  const times = { requestTimeout, headersTimeout, connectionsCheckingInterval: late_ms };
  const server = createServer(times, (request, response) => {
    route(request, response)
      .catch((error: unknown) => {
        log.error({ err: error, url: request.url }, "A request failed");
        if (!response.headersSent) send(response, plain(500, "Internal error\n"));
        else response.destroy();
      })
      .finally(() => bodies.drain(request));
  });
  limitConnections(server, limit.web.connections);

  async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    const answer = posts.get(path);
    if (answer !== undefined) {
      if (request.method === "POST") return await posted(answer, request, response);
      response.setHeader("allow", "POST");
      return send(response, plain(405, "Webhooks are sent with POST\n"));
    }
    if (request.method !== "GET" && request.method !== "HEAD")
      return send(response, plain(404, "Not found\n"));
    switch (path) {
      case "/healthz":
        return send(response, plain(200, "alive\n"));
      case "/readyz":
        return send(response, await readiness());
      default:
        return send(response, plain(404, "Not found\n"));
    }
  }

  async function readiness(): Promise<PostReply> {
    const why = await ready();
    return why === null ? plain(200, "ready\n") : plain(503, `not ready: ${why}\n`);
  }

  async function posted(
    answer: Answer,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const upload = bodies.open(request);
    try {
      const reply = await answer({ headers: request.headers, body: upload.read });
      // It may still listen, where only its time was up.
      if (reply === null) response.destroy();
      else send(response, reply);
    } finally {
      upload.release();
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

/** Anybody may ask; the database is asked once a second however many do. */
function openReady(of: {
  readonly ready: () => Promise<string | null>;
  readonly clock: Clock;
  readonly log: Log;
}): () => Promise<string | null> {
  let asked: { readonly at: number; readonly answer: Promise<string | null> } | null = null;
  return async () => {
    const now = of.clock();
    const age = asked === null ? Number.POSITIVE_INFINITY : now - asked.at;
    // A clock that was set back must not make an answer last.
    if (asked === null || age < 0 || age >= limit.web.ready_ms)
      asked = {
        at: now,
        answer: of.ready().catch((err: unknown) => {
          of.log.warn({ err }, "Not ready");
          return "the store or the queue does not answer";
        }),
      };
    return await asked.answer;
  };
}

function plain(status: number, text: string): PostReply {
  return { status, type: "text/plain; charset=utf-8", text };
}

function send(response: ServerResponse, { status, type, text }: PostReply): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(text),
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
