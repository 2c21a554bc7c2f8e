// The least that a receiver of webhooks can do: check the signature, parse, answer.

import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { secret } from "./payload.ts";
import { serve } from "./remote.ts";

const server = createServer((request, response) => {
  const parts: Buffer[] = [];
  request.on("data", (part: Buffer) => parts.push(part));
  request.on("end", () => {
    const body = Buffer.concat(parts);
    const wanted = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
    const given = Buffer.from(String(request.headers["x-hub-signature-256"]));
    const good = wanted.length === given.length && timingSafeEqual(wanted, given);
    if (good) JSON.parse(body.toString("utf8"));
    response.writeHead(good ? 202 : 401).end();
  });
});

const functions = {
  listen: () =>
    new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    }),
};

export type Receiver = typeof functions;

serve(functions);
