// Strangers who post much at once, over connections that each wait for nothing.

import { once } from "node:events";
import { connect } from "node:net";

export interface Flood {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  /** That each connection sends as its body. */
  readonly bytes: number;
  /** `declared` says the length before; `chunked` comes in pieces of `piece` bytes whose number nobody knows. */
  readonly framing: "declared" | "chunked";
  readonly piece: number;
  /** Sends no more than this, and waits. */
  readonly stopsAfter?: number;
}

export interface Answers {
  /** By status; 0 where the connection was cut before an answer. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Bytes of bodies that were handed to the system. */
  readonly sent: number;
}

/** Resolves when every connection has been answered or cut. */
export async function flood(wanted: Flood): Promise<Answers> {
  const all = await Promise.all(Array.from({ length: wanted.connections }, () => pour(wanted)));
  const statuses: Record<number, number> = {};
  for (const { status } of all) statuses[status] = (statuses[status] ?? 0) + 1;
  return { statuses, sent: all.reduce((sum, { sent }) => sum + sent, 0) };
}

async function pour(wanted: Flood): Promise<{ readonly status: number; readonly sent: number }> {
  const { port, framing, bytes, piece } = wanted;
  const socket = connect(port, "127.0.0.1");
  let answer = "";
  let over = false;
  const ended = new Promise<void>((resolve) => {
    const end = () => {
      over = true;
      resolve();
    };
    socket.on("error", end);
    socket.once("close", end);
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
  });
  const write = async (data: string | Buffer) => {
    if (!over && !socket.write(data))
      await Promise.race([once(socket, "drain"), ended]).catch(() => {});
  };
  await write(headOf(wanted));
  const body = Buffer.alloc(piece, "x");
  const chunk = framing === "declared" ? body : chunked(body);
  let sent = 0;
  const last = Math.min(bytes, wanted.stopsAfter ?? bytes);
  while (sent < last && !over) {
    if (framing === "declared") {
      const part = body.subarray(0, last - sent);
      await write(part);
      sent += part.length;
    } else {
      await write(chunk);
      sent += Math.floor(chunk.length / (piece + 5)) * piece;
    }
  }
  if (framing === "chunked" && last === bytes) await write("0\r\n\r\n");
  await answered(() => answer !== "" || over, ended);
  socket.destroy();
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0), sent };
}

/** Many small pieces at once, so that it is the receiver who has the work. */
function chunked(piece: Buffer): Buffer {
  const one = Buffer.concat([
    Buffer.from(`${piece.length.toString(16)}\r\n`),
    piece,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat(Array(Math.max(1, Math.floor(65_536 / one.length))).fill(one));
}

async function answered(is: () => boolean, ended: Promise<void>): Promise<void> {
  while (!is()) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 20))]);
}

function headOf({ path, headers, framing, bytes }: Flood): string {
  const length = framing === "declared" ? `content-length: ${bytes}` : "transfer-encoding: chunked";
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`POST ${path} HTTP/1.1`, "host: localhost", ...lines, length, "", ""].join("\r\n");
}
