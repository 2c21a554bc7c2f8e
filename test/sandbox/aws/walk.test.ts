// Random walks: whatever people and machines do, every answer fits AWS's description and states stay sane.
import {
  GetPipelineCommand,
  GetPipelineExecutionCommand,
  GetPipelineStateCommand,
  ListActionExecutionsCommand,
  ListPipelineExecutionsCommand,
  ListRuleExecutionsCommand,
  PutApprovalResultCommand,
  RetryStageExecutionCommand,
  RollbackStageCommand,
  StartPipelineExecutionCommand,
  StopPipelineExecutionCommand,
} from "@aws-sdk/client-codepipeline";
import { expect, test } from "vitest";
import { seededRandom } from "../../../sandbox/github/random.ts";
import { smallAws } from "./world.ts";

const stages = [
  "Build",
  {
    name: "Test",
    kind: "test",
    actions: [{ name: "Unit" }, { name: "Lint" }, { name: "Slow", runOrder: 2 }],
  },
  { name: "Sign", kind: "approval", beforeEntry: { result: "SKIP", rule: "VariableCheck" } },
  {
    name: "Production",
    beforeEntry: { result: "FAIL" },
    onSuccess: { result: "FAIL" },
    onFailure: { result: "RETRY" },
  },
] as const;

for (const mode of ["SUPERSEDED", "QUEUED", "PARALLEL"] as const)
  for (const seed of [1, 2, 3, 4])
    test(`a walk in ${mode} mode, seed ${seed}`, async () => {
      const random = seededRandom(seed);
      const pick = <T>(list: readonly T[]): T | undefined =>
        list[Math.floor(random.next() * list.length)];
      const world = await smallAws({ seed, pipeline: { mode, stages: [...stages] } });
      const { pipeline, codepipeline, clock, name } = world;
      const some = () => pick(pipeline.executions())?.id ?? "00000000-0000-4000-a000-000000000000";
      const stage = () => pick(["Source", "Build", "Test", "Sign", "Production"]) ?? "Build";
      const of = (pipelineExecutionId: string) => ({ pipelineName: name, pipelineExecutionId });
      const start = () => codepipeline.send(new StartPipelineExecutionCommand({ name }));
      const steps: (() => unknown)[] = [
        start,
        start,
        start,
        () => pipeline.execution(some()).passUntil(),
        () => pipeline.execution(some()).pass(stage()),
        () => pipeline.execution(some()).fail(stage()),
        () => pipeline.approve("Sign"),
        () => pipeline.reject("Sign"),
        () => pipeline.disableTransition(stage()),
        () => pipeline.enableTransition(stage()),
        () =>
          pipeline.condition(stage(), "beforeEntry", pick(["holds", "fails", "waits"]) ?? "holds"),
        () =>
          pipeline.condition(
            "Production",
            "onSuccess",
            pick(["holds", "fails", "waits"]) ?? "holds",
          ),
        () => pipeline.override("Production", pick(["beforeEntry", "onSuccess"]) ?? "onSuccess"),
        () =>
          codepipeline.send(
            new StopPipelineExecutionCommand({ ...of(some()), abandon: random.next() < 0.5 }),
          ),
        () =>
          codepipeline.send(
            new RetryStageExecutionCommand({
              ...of(some()),
              stageName: stage(),
              retryMode: pick(["ALL_ACTIONS", "FAILED_ACTIONS"]),
            }),
          ),
        () =>
          codepipeline.send(
            new RollbackStageCommand({
              pipelineName: name,
              stageName: stage(),
              targetPipelineExecutionId: some(),
            }),
          ),
        () =>
          codepipeline.send(
            new PutApprovalResultCommand({
              pipelineName: name,
              stageName: "Sign",
              actionName: "Sign",
              result: { status: "Approved", summary: "" },
              token: some(),
            }),
          ),
      ];
      for (let i = 0; i < 80; i++) {
        clock.advance(1_000);
        try {
          await pick(steps)?.();
        } catch {
          // A refusal is as good as an effect here.
        }
        sane(pipeline);
      }
      if (random.next() < 0.5) pipeline.addStage("Later");
      await codepipeline.send(new GetPipelineCommand({ name }));
      await codepipeline.send(new GetPipelineStateCommand({ name }));
      const listed = await codepipeline.send(
        new ListPipelineExecutionsCommand({ pipelineName: name }),
      );
      expect(listed.pipelineExecutionSummaries).toHaveLength(
        Math.min(100, pipeline.executions().length),
      );
      for (const { id } of pipeline.executions())
        await codepipeline.send(new GetPipelineExecutionCommand(of(id)));
      await codepipeline.send(new ListActionExecutionsCommand({ pipelineName: name }));
      await codepipeline.send(new ListRuleExecutionsCommand({ pipelineName: name }));
      expect(pipeline.executions().length).toBeGreaterThan(3);
    });

function sane(pipeline: Awaited<ReturnType<typeof smallAws>>["pipeline"]): void {
  const executions = pipeline.executions().map((e) => e.data);
  const inside = new Map<number, number>();
  for (const e of executions) {
    const active = e.status === "InProgress" || e.status === "Stopping";
    expect(e.position.kind === "over", `${e.status} and ${e.position.kind}`).toBe(!active);
    if (e.position.kind === "in")
      inside.set(e.position.stage, (inside.get(e.position.stage) ?? 0) + 1);
    const run = e.stages.at(-1);
    if (e.status === "Succeeded") expect(["Succeeded", "Skipped"]).toContain(run?.status);
    // Nothing begins in an execution that is over.
    if (e.status === "Cancelled" || e.status === "Superseded")
      expect(e.actions.filter((a) => a.status === "InProgress")).toEqual([]);
  }
  if (executions[0]?.mode !== "PARALLEL")
    for (const count of inside.values()) expect(count).toBe(1);
  if (executions[0]?.mode === "SUPERSEDED")
    for (let stage = 0; stage < 5; stage++)
      expect(
        executions.filter((e) => e.position.kind === "waiting" && e.position.stage === stage)
          .length,
      ).toBeLessThanOrEqual(1);
}
