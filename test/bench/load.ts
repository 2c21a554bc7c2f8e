// Sends deliveries over connections that are kept open, each sender waiting for its answer before the next.

import { randomUUID } from "node:crypto";
import { Connection } from "./connection.ts";
import { type Place, type Signed, signedBodies } from "./payload.ts";
import { serve } from "./remote.ts";

export interface Load {
  readonly port: number;
  readonly connections: number;
  /** Ends with whichever comes first. */
  readonly count: number;
  readonly seconds: number;
  /** The pull request to begin with; after the last one comes the first again. */
  readonly from: number;
}

export interface Answered {
  readonly seconds: number;
  /** Milliseconds until the answer, in the order of sending. */
  readonly took: readonly number[];
  /** When each was sent, on the clock of `now`. */
  readonly sentAt: readonly number[];
  /** Answers other than 2xx. */
  readonly refused: number;
}

let bodies: readonly Signed[] = [];

const functions = {
  aim(place: Place): void {
    bodies = signedBodies(place);
  },
  async deliver(load: Load): Promise<Answered> {
    const connections = await Promise.all(
      Array.from({ length: load.connections }, () => Connection.open(load.port)),
    );
    const took: number[] = [];
    const sentAt: number[] = [];
    let refused = 0;
    let sent = 0;
    const began = performance.now();
    const end = began + load.seconds * 1000;
    const send = async (connection: Connection) => {
      while (sent < load.count && performance.now() < end) {
        const turn = sent++;
        const signed = bodies[(load.from + turn) % bodies.length];
        if (signed === undefined) throw new Error("There is nothing to send");
        const at = performance.now();
        sentAt[turn] = performance.timeOrigin + at;
        const status = await connection.ask(headOf(signed), signed.body);
        took[turn] = performance.now() - at;
        if (status < 200 || status > 299) refused += 1;
      }
    };
    await Promise.all(connections.map(send));
    const seconds = (performance.now() - began) / 1000;
    for (const connection of connections) connection.close();
    return { seconds, took, sentAt, refused };
  },
};

export type LoadFunctions = typeof functions;

function headOf({ event, body, signature }: Signed): string {
  return [
    "POST /api/github/webhooks HTTP/1.1",
    "Host: 127.0.0.1",
    "User-Agent: GitHub-Hookshot/bench",
    "Accept: */*",
    "Content-Type: application/json",
    `Content-Length: ${body.length}`,
    `X-GitHub-Delivery: ${randomUUID()}`,
    `X-GitHub-Event: ${event}`,
    `X-Hub-Signature-256: ${signature}`,
    "\r\n",
  ].join("\r\n");
}

serve(functions);
