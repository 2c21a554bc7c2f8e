// Who the program says it is at its start, and whether it calls itself ready then.

import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { openWorld } from "./world.ts";

test("a key of another App is told, and /readyz answers 503 with the reason until it is the right one", async () => {
  await using world = await openWorld();
  const key = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const wrong = await world.start({
    PRIVATE_KEY: key.export({ type: "pkcs1", format: "pem" }).toString(),
  });
  const ready = await fetch(`${wrong.url}/readyz`);
  expect(await ready.text()).toContain("not ready: GitHub refuses APP_ID with PRIVATE_KEY");
  expect(ready.status).toBe(503);
  expect((await fetch(`${wrong.url}/healthz`)).status).toBe(200);
  await wrong.terminate();

  const right = await world.start();
  await right.said("App interlock, 1 installation, permissions complete");
  expect((await fetch(`${right.url}/readyz`)).status).toBe(200);
  await right.terminate();

  const nowhere = await world.start({ GITHUB_API_URL: "http://127.0.0.1:9" });
  const line = await nowhere.said("GitHub could not be asked who this App is; it is asked again");
  expect(line.why).toContain("http://127.0.0.1:9");
  expect((await fetch(`${nowhere.url}/readyz`)).status).toBe(200);
});
