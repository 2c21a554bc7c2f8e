// Sends deliveries over connections that are kept open, each sender waiting for its answer before the next.

import { randomUUID } from "node:crypto";
import { Agent, request } from "node:http";
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
    const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
    const took: number[] = [];
    const sentAt: number[] = [];
    let refused = 0;
    let sent = 0;
    const began = performance.now();
    const end = began + load.seconds * 1000;
    const sender = async () => {
      while (sent < load.count && performance.now() < end) {
        const turn = sent++;
        const signed = bodies[(load.from + turn) % bodies.length];
        if (signed === undefined) throw new Error("There is nothing to send");
        const at = performance.now();
        sentAt[turn] = performance.timeOrigin + at;
        const status = await post(agent, load.port, signed);
        took[turn] = performance.now() - at;
        if (status < 200 || status > 299) refused += 1;
      }
    };
    await Promise.all(Array.from({ length: load.connections }, sender));
    const seconds = (performance.now() - began) / 1000;
    agent.destroy();
    return { seconds, took, sentAt, refused };
  },
};

export type LoadFunctions = typeof functions;

function post(agent: Agent, port: number, { body, signature }: Signed): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request({
      agent,
      host: "127.0.0.1",
      port,
      path: "/api/github/webhooks",
      method: "POST",
      headers: {
        "content-type": "application/json",
        "content-length": body.length,
        "user-agent": "GitHub-Hookshot/bench",
        "x-github-delivery": randomUUID(),
        "x-github-event": "pull_request",
        "x-hub-signature-256": signature,
      },
    });
    asked.once("response", (response) => {
      response.resume();
      response.once("end", () => resolve(response.statusCode ?? 0));
    });
    asked.once("error", reject);
    asked.end(body);
  });
}

serve(functions);
