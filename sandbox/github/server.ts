// The embedded GitHub on a port of this machine.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Api } from "./api.ts";
import { createGitHub, type EmbeddedGitHub, type GitHubOptions } from "./github.ts";

export type RunningGitHub = {
  github: EmbeddedGitHub;
  url: string;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Documented as the largest webhook; far more than any request to the API needs. */
const body_bytes_max = 25 * 1024 * 1024;

/** Listens on 127.0.0.1; port 0 takes any free one. */
export async function startGitHub(
  options: GitHubOptions & { port?: number } = {},
): Promise<RunningGitHub> {
  const github = createGitHub(options);
  const server = createServer((request, response) => {
    answer(github.api, request, response).catch((error: unknown) => {
      // A bug in the embedded GitHub must be seen, not time out.
      console.error(error);
      response.writeHead(500).end(JSON.stringify({ message: String(error) }));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("the server has no port");
  const url = `http://127.0.0.1:${address.port}`;
  github.world.urls = { api: url, html: url };
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await github.settled();
  };
  return { github, url, close, [Symbol.asyncDispose]: close };
}

async function answer(api: Api, request: IncomingMessage, response: ServerResponse) {
  const body = await read(request);
  if (body === undefined) {
    response.writeHead(413).end();
    return;
  }
  const result = await api({
    method: request.method ?? "GET",
    url: new URL(request.url ?? "/", `http://${request.headers.host ?? "127.0.0.1"}`),
    headers: flat(request),
    body,
  });
  if (result.kind === "lost") {
    request.socket.destroy();
    return;
  }
  response.writeHead(result.status, result.headers);
  if (!result.cut) response.end(result.body);
  else
    response.write(result.body.subarray(0, result.body.length / 2), () => request.socket.destroy());
}

async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request) {
    const chunk = Buffer.from(part);
    bytes += chunk.length;
    if (bytes > body_bytes_max) return undefined;
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

function flat(request: IncomingMessage): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers))
    if (value !== undefined) out[name] = Array.isArray(value) ? value.join(", ") : value;
  return out;
}
