// The local engine in the sandbox: the commands of the plan run on this machine, and they are our own.

import type { KitBasics } from "./basics.ts";

export interface LocalKit extends KitBasics {
  readonly engine: "local";
}

export function openLocalKit(): LocalKit {
  return {
    engine: "local",
    environment: { INTERLOCK_LOCAL_ENGINE: "unisolated" },
    stages: { build: "build", test: "test" },
    stopping: "ends",
    introduction: [],
    guide: "",
    behind: () => [],
    close: async () => {},
  };
}

/** Two stages before the merge, two after it. */
export const localPlan = `version: 1
logs: public
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
