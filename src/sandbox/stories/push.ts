// Story 3: what runs is always the head, and a verdict is about exactly one commit.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Scene, Story } from "../scene.ts";
import { short } from "../scene.ts";

export const push: Story = {
  number: 3,
  title: "A push while the pipeline runs",
  async tell(scene: Scene) {
    const stock = await openStock();
    try {
      await tellWith(scene, stock);
    } finally {
      await stock.close();
    }
  },
};

async function tellWith(scene: Scene, stock: Stock): Promise<void> {
  const file = "test/stock.test.js";
  const pull = scene.opens({
    branch: "ask-the-stock",
    title: "Ask the stock service",
    files: { [file]: asking(`${stock.url}/slow`) },
  });
  const old = pull.head;
  await scene.until(
    "The first commit's test waits for an answer",
    () => stock.waiting() || undefined,
  );
  await scene.waiting(old, "interlock/shop/verify");

  const head = scene.pushes(
    pull,
    { [file]: asking(`${stock.url}/quick`) },
    "Ask for what is known already",
  );
  await scene.until("The first commit's test is ended", () => !stock.waiting() || undefined);
  const stopped = await scene.ended(old, "interlock/shop/verify");
  const oldGate = await scene.ended(old);
  scene.expect(
    `What ran for ${short(old)} is stopped in the middle of its tests.`,
    stopped.conclusion === "cancelled",
  );
  scene.expect(
    `The checks of ${short(old)} stay shut and point to ${short(head)}.`,
    oldGate.conclusion === "failure" &&
      [stopped, oldGate].every(({ output }) => output.title?.includes(short(head))),
  );

  const gate = await scene.ended(head);
  const tests = await scene.ended(head, "interlock/shop/tests");
  scene.expect(
    `${short(head)} is judged by itself, and its gate opens.`,
    gate.conclusion === "success" && tests.conclusion === "success",
  );
}

const asking = (url: string) => `import { test } from "node:test";

test("asks the stock service", async () => {
  await fetch("${url}");
});
`;

interface Stock {
  readonly url: string;
  /** Whether somebody still waits for the slow answer; who is ended waits no more. */
  readonly waiting: () => boolean;
  readonly close: () => Promise<void>;
}

/** A service that never comes to its slow answer, and so sees how long it is waited for. */
async function openStock(): Promise<Stock> {
  let waiting = 0;
  const server = createServer((request, response) => {
    if (request.url !== "/slow") {
      response.end("3 left");
      return;
    }
    waiting += 1;
    response.once("close", () => {
      waiting -= 1;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    waiting: () => waiting > 0,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
