// The sample service: a small web shop whose build, tests and deployment really run, without any dependency.

import { localPlan } from "./kit/local.ts";

/** The files of the first commit, plan included. */
export function serviceFiles(plan: string = localPlan): Record<string, string> {
  return {
    ".github/interlock.yml": plan,
    "README.md": "# Shop\n\nTells prices over HTTP: `GET /price?cents=1000&percent=10`.\n",
    "package.json": `${JSON.stringify({ name: "shop", private: true, type: "module" }, null, 2)}\n`,
    "build.js": build,
    "deploy.js": deploy,
    "src/price.js": price,
    "src/server.js": server,
    "test/price.test.js": priceTest,
    "test/server.test.js": serverTest,
  };
}

const build = `import { cpSync, mkdirSync } from "node:fs";

mkdirSync("reports", { recursive: true });
cpSync("src", "dist", { recursive: true });
console.log("built", process.env.INTERLOCK_SHA);
`;

const deploy = `import { start } from "./dist/server.js";

// What was built is started and asked once before it counts as deployed.
const { url, stop } = await start();
const answer = await fetch(url + "/price?cents=1000&percent=10");
await stop();
if (!answer.ok) throw new Error("The shop answers " + answer.status);
console.log("deployed", process.env.INTERLOCK_SHA, "which says", await answer.text());
`;

const price = `/** The price in cents with the discount in percent taken off. */
export function discounted(cents, percent) {
  return Math.round(cents * (1 - percent / 100));
}
`;

const server = `import { createServer } from "node:http";
import { discounted } from "./price.js";

/** Serves prices on a free port of this machine. */
export async function start() {
  const server = createServer((request, response) => {
    const { searchParams } = new URL(request.url, "http://shop");
    const cents = discounted(Number(searchParams.get("cents")), Number(searchParams.get("percent")));
    response.end(JSON.stringify({ cents }));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { url: "http://127.0.0.1:" + server.address().port, stop };
}
`;

const priceTest = `import assert from "node:assert/strict";
import { test } from "node:test";
import { discounted } from "../src/price.js";

test("takes the discount off", () => {
  assert.equal(discounted(1000, 10), 900);
});

test("rounds to whole cents", () => {
  assert.equal(discounted(999, 50), 500);
});
`;

const serverTest = `import assert from "node:assert/strict";
import { test } from "node:test";
import { start } from "../src/server.js";

test("tells a price over HTTP", async () => {
  const { url, stop } = await start();
  const answer = await fetch(url + "/price?cents=2000&percent=25");
  await stop();
  assert.deepEqual(await answer.json(), { cents: 1500 });
});
`;
