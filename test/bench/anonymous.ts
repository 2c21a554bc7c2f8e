// Memory while strangers without the secret send 1.5 GB over 60 connections.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { flood } from "../app/flood.ts";
import { idle, residentMb } from "./measure.ts";
import { startProgram } from "./program.ts";
import type { Bench } from "./scene.ts";

export interface Anonymous {
  readonly connections: number;
  readonly sentMb: number;
  /** Above rest, in MB: the most at any time, and what stays. */
  readonly mostMb: number;
  readonly staysMb: number;
}

export async function measureAnonymous(bench: Bench): Promise<Anonymous> {
  const { folder, output, size } = bench;
  const program = await startProgram({
    name: "anonymous",
    databaseUrl: await bench.newDatabase(),
    localEngine: "off",
    folder,
    output,
  });
  await idle([program.pid]);
  const rest = await residentMb(program.pid);
  const posted = flood({
    port: program.port,
    path: "/api/github/webhooks",
    headers: {
      "content-type": "application/json",
      "x-github-delivery": randomUUID(),
      "x-github-event": "push",
      "x-hub-signature-256": `sha256=${"0".repeat(64)}`,
    },
    connections: size.strangers,
    bytes: 25 * 1024 * 1024,
    framing: "declared",
    piece: 64 * 1024,
  });
  let over = false;
  void posted.finally(() => {
    over = true;
  });
  let most = rest;
  while (!over) {
    most = Math.max(most, await residentMb(program.pid));
    await sleep(20);
  }
  const { sent } = await posted;
  await idle([program.pid]);
  const stays = await residentMb(program.pid);
  await program.stop();
  return {
    connections: size.strangers,
    sentMb: sent / 1024 / 1024,
    mostMb: most - rest,
    staysMb: stays - rest,
  };
}
