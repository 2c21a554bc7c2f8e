// A service that the shop's tests ask: away, slow or quick, as a scenario wants it.

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Stock {
  /** A test of the shop that asks it, at `/slow` or elsewhere. */
  test(path: string): string;
  /** Whether somebody still waits for the answer of `/slow`; who is ended waits no more. */
  waiting(): boolean;
  /** Comes to an end with the slow answer. */
  answer(): void;
  /** From now on it answers that it cannot. */
  goAway(): void;
  comeBack(): void;
  close(): Promise<void>;
}

export async function openStock(): Promise<Stock> {
  const slow = new Set<ServerResponse>();
  let status = 200;
  const server = createServer((request, response) => {
    if (request.url !== "/slow") {
      response.writeHead(status).end("3 left");
      return;
    }
    slow.add(response);
    response.once("close", () => slow.delete(response));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    test: (path) => testOf(`http://127.0.0.1:${port}${path}`),
    waiting: () => slow.size > 0,
    answer() {
      for (const response of slow) response.end("3 left");
    },
    goAway() {
      status = 503;
    },
    comeBack() {
      status = 200;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

const testOf = (url: string) => `import { test } from "node:test";

test("asks the stock service", async () => {
  const answer = await fetch("${url}");
  if (!answer.ok) throw new Error("the stock service does not answer");
});
`;
