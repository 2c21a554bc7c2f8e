// The sample service: a small web shop whose build and tests really run, without any dependency.

/** The files of the first commit, plan included. */
export function serviceFiles(): Record<string, string> {
  return {
    ".github/interlock.yml": plan,
    "README.md": "# Shop\n\nA sample service.\n",
    "package.json": `${JSON.stringify({ name: "shop", private: true, type: "module" }, null, 2)}\n`,
    "build.js": build,
    "deploy.js": deploy,
    "src/price.js": price,
    "test/price.test.js": test,
  };
}

/** Two stages before the merge, two after it. */
const plan = `version: 1
exempt: ["**/*.md"]
pipelines:
  shop:
    branches: [main]
    paths: ["**"]
    verify:
      engine: local
      stages:
        - { name: build, run: node build.js, timeout: 1m }
        - name: test
          run: node --test --test-reporter=junit --test-reporter-destination=reports/junit.xml
          reports: [reports/junit.xml]
          timeout: 2m
    release:
      engine: local
      stages:
        - { name: build, run: node build.js, timeout: 1m }
        - { name: deploy, run: node deploy.js, timeout: 1m }
`;

const build = `import { cpSync, mkdirSync } from "node:fs";

mkdirSync("reports", { recursive: true });
cpSync("src", "dist", { recursive: true });
console.log("built", process.env.INTERLOCK_SHA);
`;

const deploy = `import { readdirSync } from "node:fs";

console.log("deployed", readdirSync("dist").join(", "), "of", process.env.INTERLOCK_SHA);
`;

const price = `/** The price in cents with the discount in percent taken off. */
export function discounted(cents, percent) {
  return Math.round(cents * (1 - percent / 100));
}
`;

const test = `import assert from "node:assert/strict";
import { test } from "node:test";
import { discounted } from "../src/price.js";

test("takes the discount off", () => {
  assert.equal(discounted(1000, 10), 900);
});

test("rounds to whole cents", () => {
  assert.equal(discounted(999, 50), 500);
});
`;
