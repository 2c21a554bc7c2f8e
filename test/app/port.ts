// Ports of this machine: one that is free, and one that is taken.

import { createServer } from "node:net";

export interface TakenPort extends AsyncDisposable {
  readonly port: number;
}

/** Somebody else listens there until the end of the block. */
export async function takenPort(): Promise<TakenPort> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("The server has no port");
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { port: address.port, [Symbol.asyncDispose]: close };
}
