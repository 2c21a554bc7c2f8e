// What a stage of tests leaves behind in the double of AWS, for the tests of evidence.

import { expect } from "vitest";
import type { Outcome } from "../../../sandbox/aws/codepipeline/model.ts";
import type { StageFact } from "../../../src/core/model/fact.ts";
import { openWorld, type World, type WorldOptions } from "./world.ts";

export const junit = `<testsuites><testsuite name="price"><testcase name="adds" time="0.5"/>
<testcase name="rounds" time="0.1"><failure message="1.005 is not 1.01">at src/price.ts:3</failure></testcase>
</testsuite></testsuites>`;

/** A run whose Test stage ends like this, in a plan that names these reports for it. */
export async function tested(
  ending: Omit<Outcome, "kind"> & { kind?: Outcome["kind"] },
  options: { reports?: readonly string[] } & WorldOptions = {},
): Promise<{ w: World; id: string; look(): Promise<StageFact> }> {
  const { reports = [], ...rest } = options;
  const stages = ["Source", "Build", "Test", "Production"].map((name) => ({
    name,
    reports: name === "Test" ? reports : [],
  }));
  const w = await openWorld({ ...rest, spec: { stages, ...rest.spec } });
  const id = await w.start();
  const { kind = "pass", ...end } = ending;
  w.pipeline.execution(id).passUntil("Test");
  if (kind === "pass") w.pipeline.pass("Test", end);
  else w.pipeline.fail("Test", end);
  const look = async () => {
    const stage = (await w.see(id)).stages.find(({ name }) => name === "Test");
    if (stage === undefined) throw new Error("no stage Test");
    return stage;
  };
  return { w, id, look };
}

export const passing = junit.replace(/<failure.*<\/failure>/, "");

/** A Test stage of these actions, which all pass; each as it ends. */
export async function testedBy(
  actions: readonly string[],
  of: {
    readonly reports: readonly string[];
    readonly endings: Readonly<Record<string, Omit<Outcome, "kind">>>;
  },
): Promise<{ w: World; look(): Promise<StageFact> }> {
  const w = await openWorld({
    pipeline: { stages: [{ name: "Test", actions: actions.map((name) => ({ name })) }] },
    spec: {
      stages: [
        { name: "Source", reports: [] },
        { name: "Test", reports: of.reports },
      ],
    },
  });
  const id = await w.start();
  w.pipeline.execution(id).pass("Source");
  for (const action of actions) w.pipeline.pass("Test", { ...of.endings[action], action });
  const look = async () => {
    const stage = (await w.see(id)).stages.find(({ name }) => name === "Test");
    if (stage === undefined) throw new Error("no stage Test");
    return stage;
  };
  return { w, look };
}

/** Each run has an object of its own. */
export const artifact = expect.stringMatching(/^shop-release\/TestArtifa\/\w+$/);
export const unfound = {
  kind: "broken",
  path: "j.xml",
  why: "is in no artifact that could be read",
};

/** Whose action of the stage Test starts several builds at once. */
export const batched = {
  pipeline: {
    stages: [
      "Build",
      {
        name: "Test",
        actions: [
          {
            name: "Test",
            configuration: { ProjectName: "shop-release-test", BatchEnabled: "true" },
          },
        ],
      },
      "Production",
    ],
  },
} satisfies WorldOptions;
