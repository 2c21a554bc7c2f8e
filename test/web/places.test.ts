// Connections that keep others out, and which of them has to go.

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { limitConnections } from "../../src/web/places.ts";

async function serve(most: number) {
  /** Requests that are there and wait for their answers. */
  const asked: ServerResponse[] = [];
  const server = createServer((request, response) => {
    request.resume();
    if (request.url === "/kept") asked.push(response);
    else request.once("end", () => response.end("there"));
  });
  limitConnections(server, most);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const sockets: Socket[] = [];
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  return {
    asked,
    /** Resolves once the server has it. */
    async open(said = ""): Promise<Socket> {
      const arrived = once(server, "connection");
      const socket = connect(port, "127.0.0.1");
      sockets.push(socket);
      socket.on("error", () => {});
      await Promise.all([arrived, once(socket, "connect")]);
      if (said !== "") socket.write(said);
      return socket;
    },
    post: async (path: string) =>
      await fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: "x" }).then(
        (response) => response.text(),
        () => "refused",
      ),
  };
}

const half = "POST /hooks HTTP/1.1\r\nhost: a\r\n";
const bodiless = `${half}content-length: 10\r\n\r\n123`;

test.each([
  ["say nothing", ""],
  ["send half a header", half],
  ["send half a body", bodiless],
])("strangers who %s keep nobody out, and the first of them has to go", async (_, said) => {
  const { open, post } = await serve(20);
  const strangers: Socket[] = [];
  for (let turn = 0; turn < 20; turn++) strangers.push(await open(said));
  const [first, ...others] = strangers;
  const left = once(first as Socket, "close");
  expect(await post("/hooks")).toBe("there");
  await left;
  expect(others.every(({ destroyed }) => !destroyed)).toBe(true);
});

test("anyone who is being answered is never broken off, and one more is refused", async () => {
  const { asked, open, post } = await serve(3);
  const kept = [post("/kept"), post("/kept"), post("/kept")];
  await expect.poll(() => asked.length).toBe(3);
  const late = await open();
  await once(late, "close");
  for (const response of asked) response.end("kept");
  expect(await Promise.all(kept)).toEqual(["kept", "kept", "kept"]);
  expect(await post("/hooks")).toBe("there");
});

test("a connection that was answered and rests gives its place up, after those that wait longer", async () => {
  const { open, post } = await serve(2);
  const used = await open("POST /hooks HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n");
  const silent = await open();
  // The answer makes it the younger one.
  await once(used, "data");
  const left = once(silent, "close");
  expect(await post("/hooks")).toBe("there");
  await left;
  expect(used.destroyed).toBe(false);
});
