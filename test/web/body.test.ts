// What is held of bodies whose senders nobody knows: never more than the limit, and whose goes first.

import type { IncomingMessage } from "node:http";
import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { type Bodies, openBodies, type Upload } from "../../src/web/body.ts";

const { unverified_bytes: most, block_bytes: block } = limit.web;
const anything = { most_bytes: most };

interface Sender {
  readonly upload: Upload;
  /** Resolves when it has been taken in. */
  send(bytes: number): Promise<void>;
  end(): void;
  cut(): void;
}

function sender(bodies: Bodies, headers: Record<string, string> = {}): Sender {
  const stream = new PassThrough({ highWaterMark: most });
  const request = Object.assign(stream, { headers, complete: false });
  const upload = bodies.open(request as unknown as IncomingMessage);
  return {
    upload,
    async send(bytes) {
      for (let left = bytes; left > 0; left -= block)
        stream.write(Buffer.alloc(Math.min(left, block), "x"));
      await new Promise((resolve) => setImmediate(resolve));
    },
    end: () => stream.end(),
    cut: () => stream.destroy(),
  };
}

test.each([1, 3, 5])(
  "a text of %i blocks is the same, whatever its letters are and came in",
  async (blocks) => {
    const bodies = openBodies();
    const stream = new PassThrough({ highWaterMark: most });
    const request = Object.assign(stream, { headers: {}, complete: false });
    const upload = bodies.open(request as unknown as IncomingMessage);
    const reading = upload.read(anything);
    // Letters of two, three and four bytes, which begin in one block and end in the next.
    const text = `x${"é€😀".repeat(Math.ceil((blocks * block) / 9))}`;
    const bytes = Buffer.from(text);
    for (let from = 0; from < bytes.length; from += 1_001)
      stream.write(bytes.subarray(from, from + 1_001));
    stream.end();
    const read = await reading;
    expect(read.kind === "whole" && read.text === text).toBe(true);
    upload.release();
    expect(bodies.held).toBe(0);
  },
);

test("a body is read as it was sent, and given back whole", async () => {
  const bodies = openBodies();
  const { upload, send, end } = sender(bodies);
  const reading = upload.read(anything);
  await send(3 * block + 7);
  end();
  const read = await reading;
  expect(read).toEqual({ kind: "whole", text: "x".repeat(3 * block + 7) });
  expect(bodies.held).toBe(4 * block);
  upload.release();
  expect(bodies.held).toBe(0);
});

test("a declared length that is too large is refused before anything is read", async () => {
  const bodies = openBodies();
  const { upload } = sender(bodies, { "content-length": "11" });
  expect(await upload.read({ most_bytes: 10 })).toEqual({ kind: "too_large" });
  expect(bodies.allocated).toBe(0);
});

test("a body that turns out too large is dropped at once", async () => {
  const bodies = openBodies();
  const { upload, send } = sender(bodies);
  const reading = upload.read({ most_bytes: 2 * block });
  await send(2 * block + 1);
  expect(await reading).toEqual({ kind: "too_large" });
  expect(bodies.held).toBe(0);
});

test("of a body that is not verified nothing is made, and nothing stays held", async () => {
  const bodies = openBodies();
  const { upload, send, end } = sender(bodies);
  let seen = 0;
  const reading = upload.read({
    ...anything,
    seen: (piece) => {
      seen += piece.length;
    },
    verified: () => false,
  });
  await send(block);
  end();
  expect(await reading).toEqual({ kind: "unverified" });
  expect(seen).toBe(block);
  expect(bodies.held).toBe(0);
});

test("a verified body takes no room from strangers while it is worked on", async () => {
  const bodies = openBodies();
  const { upload, send, end } = sender(bodies);
  const reading = upload.read({ ...anything, verified: () => true });
  await send(block);
  end();
  expect((await reading).kind).toBe("whole");
  expect(bodies.held).toBe(0);
});

test("when all room is taken, anyone who holds most of it goes, and small ones get in", async () => {
  const bodies = openBodies();
  const large = sender(bodies);
  const larger = sender(bodies);
  const reading = [large, larger].map(({ upload }) => upload.read(anything));
  await large.send(most * 0.25);
  await larger.send(most * 0.75);
  expect(bodies.held).toBe(most);

  const small = sender(bodies);
  const last = small.upload.read(anything);
  await small.send(100);
  small.end();
  expect((await last).kind).toBe("whole");
  expect(await reading[1]).toEqual({ kind: "no_room" });
  expect(bodies.held).toBe(most * 0.25 + block);
  large.end();
  expect((await reading[0])?.kind).toBe("whole");
});

test("however many send, no more is ever held or allocated than the limit", async () => {
  const bodies = openBodies();
  const many = Array.from({ length: 60 }, () => sender(bodies));
  const reading = many.map(({ upload }) => upload.read(anything));
  for (let round = 0; round < 40; round++)
    for (const { send } of many) {
      await send(4 * block);
      expect(bodies.allocated).toBeLessThanOrEqual(most);
    }
  for (const { end } of many) end();
  const kinds = new Set((await Promise.all(reading)).map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(["no_room", "whole"]);
  for (const { upload } of many) upload.release();
  expect(bodies.held).toBe(0);
});

test("what waits for an answer is not broken off: the newcomer has to come again", async () => {
  const bodies = openBodies();
  const waiting = sender(bodies);
  const reading = waiting.upload.read(anything);
  await waiting.send(most);
  waiting.end();
  expect((await reading).kind).toBe("whole");

  const late = sender(bodies);
  const refused = late.upload.read(anything);
  await late.send(1);
  expect(await refused).toEqual({ kind: "no_room" });
  waiting.upload.release();
  expect(bodies.held).toBe(0);
});

test("who breaks off leaves nothing held", async () => {
  const bodies = openBodies();
  const { upload, send, cut } = sender(bodies);
  const reading = upload.read(anything);
  await send(block);
  cut();
  expect(await reading).toEqual({ kind: "broken" });
  expect(bodies.held).toBe(0);
});
