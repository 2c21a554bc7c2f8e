// Which conditions did not hold for an execution, where the state of the pipeline does not show it.

import { ListRuleExecutionsCommand, type RuleExecutionDetail } from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { limit } from "../../core/model/limit.ts";
import { noExecution, noPipeline, type PipelineSpec, type Stage } from "./structure.ts";

/**
 * Names of those of the stages of which a rule did not hold the last time that it was asked. Where the
 * execution succeeded, somebody let it pass: nothing else leads past one that failed.
 */
export async function unheldStages(
  session: Session,
  spec: PipelineSpec,
  of: { readonly executionId: string; readonly stages: readonly Stage[] },
): Promise<Reply<readonly string[]>> {
  const details = await readRules(session, spec, of.executionId);
  if (details.kind === "trouble") return details;
  const unheld = of.stages.filter(({ name, rules }) =>
    rules.some((rule) => {
      const runs = details.value.filter(
        ({ stageName, ruleName }) => stageName === name && ruleName === rule,
      );
      // Where two conditions have a rule of that name, nothing tells whose run it was.
      const isShared = rules.filter((other) => other === rule).length > 1;
      return (isShared ? runs : newestOf(runs)).some(({ status }) => status !== "Succeeded");
    }),
  );
  return { kind: "ok", value: unheld.map(({ name }) => name) };
}

/** A retry of the stage asks its rules again. */
function newestOf(runs: readonly RuleExecutionDetail[]): readonly RuleExecutionDetail[] {
  const times = runs.map(({ startTime }) => startTime?.getTime() ?? 0);
  const newest = times.indexOf(Math.max(...times));
  return runs.slice(newest, newest + 1);
}

/** Newest first. */
async function readRules(
  session: Session,
  spec: PipelineSpec,
  executionId: string,
): Promise<Reply<readonly RuleExecutionDetail[]>> {
  const details: RuleExecutionDetail[] = [];
  let token: string | undefined;
  for (let page = 0; page < limit.codepipeline.pages; page += 1) {
    const nextToken = token;
    const reply = await session.ask({
      action: "codepipeline:ListRuleExecutions",
      resource: pipelineArn(session.owner, spec.region, [spec.pipeline]),
      sentences: {
        PipelineNotFoundException: noPipeline(session, spec),
        PipelineExecutionNotFoundException: noExecution(spec, executionId),
      },
      send: ({ codepipeline }) =>
        codepipeline.send(
          new ListRuleExecutionsCommand({
            pipelineName: spec.pipeline,
            filter: { pipelineExecutionId: executionId },
            maxResults: limit.codepipeline.page,
            ...(nextToken === undefined ? {} : { nextToken }),
          }),
        ),
      has: ({ ruleExecutionDetails }) => ruleExecutionDetails,
    });
    if (reply.kind === "trouble") return reply;
    details.push(...(reply.value.ruleExecutionDetails ?? []));
    token = reply.value.nextToken;
    if (token === undefined) break;
  }
  return { kind: "ok", value: details };
}
