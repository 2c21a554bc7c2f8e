// Probot as it comes, with a handler that does nothing.

import { generateKeyPairSync } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createNodeMiddleware, createProbot } from "probot";
import { secret } from "./payload.ts";
import { serve } from "./remote.ts";

serve({
  async listen(): Promise<number> {
    const { privateKey } = generateKeyPairSync("rsa", {
      modulusLength: 2048,
      publicKeyEncoding: { type: "spki", format: "pem" },
      privateKeyEncoding: { type: "pkcs1", format: "pem" },
    });
    const probot = createProbot({ overrides: { appId: 1, privateKey, secret } });
    const middleware = await createNodeMiddleware(
      (app) => {
        app.on("pull_request", () => {});
      },
      { probot },
    );
    const server = createServer(middleware);
    return await new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
  },
});
