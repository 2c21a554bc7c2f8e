// Plans for tests, as short texts.

export interface PipelineText {
  readonly branches?: readonly string[];
  readonly paths?: readonly string[];
  readonly verify?: readonly (string | Record<string, unknown>)[];
  readonly release?: readonly (string | Record<string, unknown>)[];
  readonly deadline?: string;
}

/** A plan as JSON, which is YAML. A stage that is only a name runs a command of that name. */
export function planText(
  pipelines: Readonly<Record<string, PipelineText>>,
  rest: Readonly<Record<string, unknown>> = {},
): string {
  const written = Object.entries(pipelines).map(([name, of]) => [
    name,
    {
      branches: of.branches ?? ["main"],
      paths: of.paths ?? ["**"],
      verify: part(of.verify ?? ["build", "test"], of.deadline),
      ...(of.release === undefined ? {} : { release: part(of.release, of.deadline) }),
    },
  ]);
  return JSON.stringify({ version: 1, ...rest, pipelines: Object.fromEntries(written) }, null, 2);
}

/** Two stages before the merge, nothing after it. */
export const twoStages = planText({ shop: {} }, { exempt: ["docs/**"] });

/** With a release of two stages. */
export const released = planText(
  { shop: { release: ["package", "deploy"] } },
  { exempt: ["docs/**"] },
);

function part(stages: readonly (string | Record<string, unknown>)[], deadline?: string): object {
  return {
    engine: "local",
    ...(deadline === undefined ? {} : { deadline }),
    stages: stages.map((stage) =>
      typeof stage === "string" ? { name: stage, run: `make ${stage}` } : stage,
    ),
  };
}
