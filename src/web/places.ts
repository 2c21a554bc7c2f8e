// Which connections are open at the same time: anyone who says nothing cannot keep those out who have something to say.

import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/**
 * Keeps at most `most` connections open. One more takes the place of anyone who has waited longest without a whole
 * request; it is refused only where all requests have arrived and are being answered. A webhook has all of its
 * request there within milliseconds, so that a stranger would have to open `most` connections in that time.
 */
export function limitConnections(server: Server, most: number): void {
  /** The request that is under way on it; the longest without a whole one is first. */
  const open = new Map<Socket, IncomingMessage | null>();
  server.on("connection", (socket: Socket) => {
    if (open.size >= most) {
      const leaving = waitingIn(open) ?? socket;
      leaving.destroy();
      open.delete(leaving);
      if (leaving === socket) return;
    }
    open.set(socket, null);
    socket.once("close", () => open.delete(socket));
  });
  server.on("request", (request, response) => {
    const { socket } = request;
    if (open.has(socket)) open.set(socket, request);
    response.once("close", () => {
      // The next one has all of its time before it.
      if (open.delete(socket) && !socket.destroyed) open.set(socket, null);
    });
  });
}

function waitingIn(open: ReadonlyMap<Socket, IncomingMessage | null>): Socket | undefined {
  for (const [socket, request] of open) if (request === null || !request.complete) return socket;
  return undefined;
}
