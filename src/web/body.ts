// Bodies of requests whose senders nobody has verified, held in one store of blocks that cannot grow.

import type { IncomingMessage } from "node:http";
import { limit } from "../core/model/limit.ts";
import type { PostBody, PostBodyAsked } from "../ports/http.ts";
import { openSharedReadings } from "./memory.ts";

export interface Bodies {
  /** Reads one body. What it holds stays held until `release`, or until it was verified. */
  open(request: IncomingMessage): Upload;
  /**
   * Drops what is left of a body as it arrives, up to a limit: a sender whose connection is cut while
   * it sends may never see the answer.
   */
  drain(request: IncomingMessage): void;
  /** Bytes held at this moment, and ever allocated. */
  readonly held: number;
  readonly allocated: number;
}

export interface Upload {
  read(asked: PostBodyAsked): Promise<PostBody>;
  release(): void;
}

interface Holder {
  readonly blocks: Buffer[];
  /** Breaks the reading off because its room is needed; null once there is nothing to break off. */
  evict: (() => void) | null;
}

/**
 * When the store is full, anyone who holds most of it while still sending is broken off: it is the one who
 * is least like a webhook, and an ordinary delivery of some kilobytes gets in whatever else is sent.
 */
export function openBodies(): Bodies {
  const most = Math.floor(limit.web.unverified_bytes / limit.web.block_bytes);
  const free: Buffer[] = [];
  const holders = new Set<Holder>();
  const read = openSharedReadings();
  let allocated = 0;

  return {
    open,
    drain,
    get held() {
      return (allocated - free.length) * limit.web.block_bytes;
    },
    get allocated() {
      return allocated * limit.web.block_bytes;
    },
  };

  function open(request: IncomingMessage): Upload {
    const holder: Holder = { blocks: [], evict: null };
    holders.add(holder);
    const drop = () => free.push(...holder.blocks.splice(0));
    return {
      async read(asked) {
        const declared = Number(request.headers["content-length"] ?? 0);
        if (declared > asked.most_bytes) return { kind: "too_large" };
        const read = await fill(request, holder, asked);
        if (read.kind !== "read") {
          drop();
          return read;
        }
        if (asked.verified !== undefined && !asked.verified()) {
          drop();
          return { kind: "unverified" };
        }
        const text = textOf(holder.blocks, read.bytes);
        // What is known to come from its sender has no share in what strangers may hold.
        if (asked.verified !== undefined) drop();
        return { kind: "whole", text };
      },
      release() {
        drop();
        holders.delete(holder);
      },
    };
  }

  async function fill(
    request: IncomingMessage,
    holder: Holder,
    { most_bytes, seen }: PostBodyAsked,
  ): Promise<{ kind: "read"; bytes: number } | Exclude<PostBody, { kind: "whole" }>> {
    return await new Promise((resolve) => {
      let bytes = 0;
      const end = (result: Parameters<typeof resolve>[0]) => {
        holder.evict = null;
        request.off("data", take);
        resolve(result);
      };
      const take = (piece: Buffer) => {
        if (bytes + piece.length > most_bytes) return end({ kind: "too_large" });
        for (let from = 0; from < piece.length; ) {
          const at = bytes % limit.web.block_bytes;
          if (at === 0) {
            const block = room();
            // It may have been this one that had to go.
            if (holder.evict === null) {
              if (block !== null) free.push(block);
              return;
            }
            if (block === null) return end({ kind: "no_room" });
            holder.blocks.push(block);
          }
          const copied = piece.copy(holder.blocks.at(-1) as Buffer, at, from);
          from += copied;
          bytes += copied;
        }
        seen?.(piece);
        if (bytes > limit.web.ordinary_bytes) read(piece.length);
      };
      holder.evict = () => {
        free.push(...holder.blocks.splice(0));
        end({ kind: "no_room" });
      };
      request.on("data", take);
      request.once("end", () => end({ kind: "read", bytes }));
      // After the end this changes nothing.
      request.once("error", () => end({ kind: "broken" }));
      request.once("close", () => end({ kind: "broken" }));
    });
  }

  function drain(request: IncomingMessage): void {
    if (request.complete || request.destroyed) return;
    let bytes = 0;
    request.on("data", (piece: Buffer) => {
      bytes += piece.length;
      read(piece.length);
      if (bytes > limit.web.drain_bytes) request.destroy();
    });
    // Nobody is left to be told.
    request.on("error", () => {});
  }

  /** A block to fill; null where nobody can be broken off for it. */
  function room(): Buffer | null {
    const block = free.pop();
    if (block !== undefined) return block;
    if (allocated < most) {
      allocated += 1;
      return Buffer.allocUnsafeSlow(limit.web.block_bytes);
    }
    let largest: Holder | null = null;
    for (const holder of holders)
      if (holder.evict !== null && holder.blocks.length > (largest?.blocks.length ?? 0))
        largest = holder;
    largest?.evict?.();
    return free.pop() ?? null;
  }
}

/** Where most bodies are put together, so that none of them has a copy of its own beside its text. */
const together = Buffer.allocUnsafeSlow(4 * limit.web.block_bytes);

function textOf(blocks: readonly Buffer[], bytes: number): string {
  if (bytes > together.length) return Buffer.concat(blocks, bytes).toString("utf8");
  for (const [place, block] of blocks.entries())
    block.copy(together, place * limit.web.block_bytes);
  return together.toString("utf8", 0, bytes);
}
