// Objects that come slowly, or larger than they say, hold nothing up.

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { CodePipelineClient, ListPipelineExecutionsCommand } from "@aws-sdk/client-codepipeline";
import { S3Client } from "@aws-sdk/client-s3";
import { expect, onTestFinished, test } from "vitest";
import { patience } from "../../../src/aws/clients.ts";
import { openSlots } from "../../../src/aws/slots.ts";
import { readObject } from "../../../src/engine/codepipeline/object.ts";

/** Where an AWS is that answers like this. */
async function awsThat(answer: (response: ServerResponse) => void): Promise<string> {
  const server = createServer((_, response) => {
    response.setHeader("etag", '"1"');
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const config = {
  region: "eu-west-1",
  credentials: { accessKeyId: "a", secretAccessKey: "b" },
  maxAttempts: 1,
};

async function s3That(answer: (response: ServerResponse) => void): Promise<S3Client> {
  const s3 = new S3Client({ ...config, endpoint: await awsThat(answer), forcePathStyle: true });
  onTestFinished(() => s3.destroy());
  return s3;
}

const place = { bucket: "b", key: "k" };

test("an object comes whole, with its length told or not", async () => {
  const told = await s3That((response) => {
    response.writeHead(200, { "content-length": 5 });
    response.end("hello");
  });
  const untold = await s3That((response) => {
    response.write("hel");
    response.end("lo");
  });
  for (const s3 of [told, untold]) {
    const read = await readObject({ s3, ...place, bytes: 5, within_ms: 60_000 });
    expect(Buffer.from(read ?? []).toString()).toBe("hello");
  }
});

test("what comes without the mark of an object is none", async () => {
  const s3 = await s3That((response) => {
    response.removeHeader("etag");
    response.end("<html>Please log in</html>");
  });
  await expect(readObject({ s3, ...place, bytes: 100, within_ms: 60_000 })).rejects.toMatchObject({
    name: "NotOfAws",
  });
});

test("one that never comes is given up", async () => {
  const s3 = await s3That(() => {});
  await expect(readObject({ s3, ...place, bytes: 100, within_ms: 50 })).rejects.toMatchObject({
    name: "TooSlow",
  });
});

test.each([
  ["stops half-way", {}],
  // The sums are checked by a stream of its own.
  ["stops half-way, with a sum of it to check", { "x-amz-checksum-crc32": "AAAAAA==" }],
])("one that %s is given up", async (_, headers) => {
  const s3 = await s3That((response) => {
    response.writeHead(200, { "content-length": 100, ...headers });
    response.write("half");
  });
  await expect(readObject({ s3, ...place, bytes: 100, within_ms: 100 })).rejects.toMatchObject({
    name: "TooSlow",
  });
});

test("one that keeps dripping is given up all the same", async () => {
  const timers: NodeJS.Timeout[] = [];
  onTestFinished(() => timers.forEach(clearInterval));
  const s3 = await s3That((response) => {
    response.writeHead(200);
    timers.push(setInterval(() => response.write("x"), 5));
  });
  await expect(
    readObject({ s3, ...place, bytes: 1_000_000, within_ms: 100 }),
  ).rejects.toMatchObject({ name: "TooSlow" });
});

test.each([
  ["that it says is too large", { "content-length": 101 }],
  ["that turns out to be too large", {}],
])("one %s is not read to its end", async (_, headers) => {
  let closed = false;
  const s3 = await s3That((response) => {
    response.on("close", () => {
      closed = true;
    });
    response.writeHead(200, headers);
    // It never ends: anyone who waited for the rest would be late.
    response.write("x".repeat(101));
  });
  expect(await readObject({ s3, ...place, bytes: 100, within_ms: 60_000 })).toBeNull();
  await expect.poll(() => closed).toBe(true);
});

test("an answer of any service that stops half-way is given up", async () => {
  const endpoint = await awsThat((response) => {
    response.writeHead(200, { "content-type": "application/x-amz-json-1.1", "content-length": 99 });
    response.write('{"pipelineExecutionSummaries":[');
  });
  const client = new CodePipelineClient({ ...config, endpoint, requestHandler: patience(100) });
  onTestFinished(() => client.destroy());
  const command = new ListPipelineExecutionsCommand({ pipelineName: "shop" });
  await expect(client.send(command)).rejects.toMatchObject({ name: "TimeoutError" });
});

test("only so many are at work at once, and the next begins when one has ended", async () => {
  const slots = openSlots(2, 60_000);
  const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  let working = 0;
  const started: number[] = [];
  const all = gates.map(({ promise }, n) =>
    slots.use(async () => {
      started.push(n);
      working += 1;
      expect(working).toBeLessThanOrEqual(2);
      await promise;
      working -= 1;
      return n;
    }),
  );
  await expect.poll(() => started).toEqual([0, 1]);
  gates[1]?.resolve();
  await expect.poll(() => started).toEqual([0, 1, 2]);
  for (const { resolve } of gates) resolve();
  expect(await Promise.all(all)).toEqual([0, 1, 2, 3]);
});

test("who has waited for too long does nothing, and takes no place from others", async () => {
  const slots = openSlots(1, 10);
  const gate = Promise.withResolvers<void>();
  const first = slots.use(() => gate.promise);
  expect(await slots.use(async () => "late")).toBeNull();
  gate.resolve();
  await first;
  expect(await slots.use(async () => "next")).toBe("next");
  await expect(slots.use(() => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(await slots.use(async () => "again")).toBe("again");
});
