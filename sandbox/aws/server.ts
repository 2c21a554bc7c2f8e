// The embedded AWS on a port of this machine: one endpoint for all services.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AwsOptions, createAws, type EmbeddedAws } from "./aws.ts";

export type RunningAws = {
  aws: EmbeddedAws;
  /** For `AWS_ENDPOINT_URL`, or `endpoint` of a client. */
  url: string;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Larger than any artifact of a test. */
const body_bytes_max = 64 * 1024 * 1024;

/** Listens on 127.0.0.1; port 0 takes any free one. */
export async function startAws(options: AwsOptions & { port?: number } = {}): Promise<RunningAws> {
  const aws = createAws(options);
  const server = createServer((request, response) => {
    answer(aws, request, response).catch((error: unknown) => {
      // A bug in the embedded AWS must be seen, not time out.
      console.error(error);
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (typeof address !== "object" || !address) throw new Error("the server has no port");
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await aws.settled();
  };
  return { aws, url: `http://127.0.0.1:${address.port}`, close, [Symbol.asyncDispose]: close };
}

async function answer(aws: EmbeddedAws, request: IncomingMessage, response: ServerResponse) {
  const url = new URL(request.url ?? "/", `http://${request.headers.host ?? "127.0.0.1"}`);
  // SNS's pages are visited without a signature.
  const page = request.method === "GET" ? aws.sns.visit(url) : undefined;
  if (page) {
    response.writeHead(page.status, { "content-type": page.type }).end(page.body);
    return;
  }
  const body = await read(request);
  if (body === undefined) {
    response.writeHead(413).end();
    return;
  }
  const result = await aws.api({
    method: request.method ?? "GET",
    url,
    headers: flat(request),
    body,
  });
  switch (result.kind) {
    case "hangs":
      return;
    case "lost":
      request.socket.destroy();
      return;
    case "answer":
      response.writeHead(result.status, result.headers).end(result.body);
  }
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
