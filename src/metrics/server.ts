// The listener for Prometheus, apart from the public one.

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { limit } from "../core/model/limit.ts";
import type { Log } from "../ports/log.ts";
import type { Metrics } from "./prometheus.ts";

export interface MetricsServer {
  readonly port: number;
  stop(): Promise<void>;
}

/** Rejects with a sentence where the port cannot be had. */
export async function openMetricsServer(with_: {
  readonly host: string;
  readonly port: number;
  readonly metrics: Pick<Metrics, "page">;
  readonly log: Log;
}): Promise<MetricsServer> {
  const { host, port, metrics, log } = with_;
  const { request_ms: requestTimeout, headers_ms: headersTimeout } = limit.web;
  const server = createServer({ requestTimeout, headersTimeout }, (request, response) => {
    if (request.method !== "GET" || request.url?.split("?")[0] !== "/metrics") {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not found\n");
      return;
    }
    metrics.page().then(
      ({ type, text }) => response.writeHead(200, { "content-type": type }).end(text),
      (err: unknown) => {
        log.error({ err }, "The metrics could not be shown");
        response.writeHead(500).end();
      },
    );
  });
  server.maxConnections = limit.inquiry.connections;
  server.listen(port, host);
  await once(server, "listening").catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? error.code : error;
    throw new Error(`METRICS_PORT: port ${port} of ${host} cannot be had (${code}).`);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
