// The socket in the data folder by which the commands of the operator ask a running Interlock. It reads only.

import { once } from "node:events";
import { chmod, type FileHandle, open, rm } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import { limit } from "../core/model/limit.ts";
import type { Inquiry, SubjectName } from "../ports/inquiry.ts";
import type { Log } from "../ports/log.ts";

export interface InquiryServer {
  stop(): Promise<void>;
}

export interface SocketAddress {
  readonly path: string;
  close(): Promise<void>;
}

/** Serves the folder whose lock this process holds. Without a socket everything else works: then it is a warning. */
export async function openInquiryServer(with_: {
  readonly folder: string;
  readonly inquiry: Inquiry;
  readonly log: Log;
}): Promise<InquiryServer> {
  const { folder, inquiry, log } = with_;
  const server = createServer((request, response) => {
    answer(inquiry, new URL(request.url ?? "/", "http://interlock"), response).catch(
      (err: unknown) => {
        log.error({ err }, "A question of the command line could not be answered");
        // What was sent already must not look whole.
        if (response.headersSent) response.destroy();
        else response.writeHead(500).end();
      },
    );
  });
  server.maxConnections = limit.inquiry.connections;
  const address = await addressIn(folder);
  try {
    // Only the holder of the folder's lock comes here: what lies there is of one that was killed.
    await rm(address.path, { force: true });
    server.listen(address.path);
    await once(server, "listening");
    await chmod(address.path, 0o600);
  } catch (err) {
    server.close();
    await address.close();
    log.warn(
      { err, folder },
      "npm run explain and npm run audit work only while Interlock is stopped: the data folder takes no socket",
    );
    return { stop: async () => {} };
  }
  return {
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await address.close();
    },
  };
}

/**
 * Where the socket of a folder is. The name of a socket has 107 bytes at most, so that in a folder with a
 * long name it is reached by the folder's descriptor, which Linux alone has. unix(7), proc(5)
 */
export async function addressIn(folder: string): Promise<SocketAddress> {
  const path = join(folder, socketName);
  if (Buffer.byteLength(path) <= limit.inquiry.path_bytes) return { path, close: async () => {} };
  const handle: FileHandle = await open(folder, "r");
  return { path: `/proc/self/fd/${handle.fd}/${socketName}`, close: () => handle.close() };
}

const socketName = "interlock.sock";

async function answer(inquiry: Inquiry, url: URL, response: ServerResponse): Promise<void> {
  const given = (name: string) => url.searchParams.get(name);
  switch (url.pathname) {
    case "/explain": {
      const explained = await inquiry.explain(JSON.parse(given("name") ?? "") as SubjectName);
      response.end(JSON.stringify(explained));
      return;
    }
    case "/audit": {
      const question = { since: Number(given("since")), repository: given("repository") };
      for await (const entry of inquiry.audit(question)) {
        if (response.destroyed) return;
        if (!response.write(`${JSON.stringify(entry)}\n`))
          await Promise.race([once(response, "drain"), once(response, "close")]);
      }
      response.end();
      return;
    }
    default:
      response.writeHead(404).end();
  }
}
