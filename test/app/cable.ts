// A cable between the program and its database that a test can pull out and put back.

import { connect, createServer, type Server, type Socket } from "node:net";

export interface Cable extends AsyncDisposable {
  /** The address of the database through the cable. */
  readonly url: string;
  /** Every connection breaks, and no new one comes about. */
  pull(): Promise<void>;
  plug(): Promise<void>;
}

export async function openCable(databaseUrl: string): Promise<Cable> {
  const there = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let server: Server | null = null;
  let port = 0;

  const join = (near: Socket) => {
    const far = connect(Number(there.port), there.hostname);
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  };
  const plug = async () => {
    const opened = createServer(join);
    await new Promise<void>((resolve, reject) => {
      opened.once("error", reject);
      // The same port again, as a database comes back where it was.
      opened.listen(port, "127.0.0.1", resolve);
    });
    const address = opened.address();
    if (address === null || typeof address === "string") throw new Error("The cable has no port");
    port = address.port;
    server = opened;
  };
  const pull = async () => {
    const closed = server;
    if (closed === null) return;
    server = null;
    const done = new Promise<void>((resolve) => closed.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    await done;
  };
  await plug();
  const near = new URL(databaseUrl);
  near.port = String(port);
  return { url: near.href, pull, plug, [Symbol.asyncDispose]: pull };
}
