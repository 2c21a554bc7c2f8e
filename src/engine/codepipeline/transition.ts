// The way into a stage: closed so that nothing enters it, and opened again.

import {
  DisableStageTransitionCommand,
  EnableStageTransitionCommand,
} from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { noPipeline, type PipelineSpec } from "./structure.ts";
import { transitionReason } from "./text.ts";

/** What stands waiting in front of it is not safe there: a newer execution may take its place. */
export async function closeTransition(
  session: Session,
  spec: PipelineSpec,
  way: { readonly stage: string; readonly reason: string },
): Promise<Reply<unknown>> {
  return await session.ask({
    action: "codepipeline:DisableStageTransition",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline, way.stage]),
    sentences: sentences(session, spec, way.stage),
    send: ({ codepipeline }) =>
      codepipeline.send(
        new DisableStageTransitionCommand({
          pipelineName: spec.pipeline,
          stageName: way.stage,
          transitionType: "Inbound",
          reason: transitionReason(way.reason),
        }),
      ),
    has: () => nothing,
  });
}

/** Lets in whatever is the latest by then, which need not be what was waiting when it was closed. */
export async function openTransition(
  session: Session,
  spec: PipelineSpec,
  stage: string,
): Promise<Reply<unknown>> {
  return await session.ask({
    action: "codepipeline:EnableStageTransition",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline, stage]),
    sentences: sentences(session, spec, stage),
    send: ({ codepipeline }) =>
      codepipeline.send(
        new EnableStageTransitionCommand({
          pipelineName: spec.pipeline,
          stageName: stage,
          transitionType: "Inbound",
        }),
      ),
    has: () => nothing,
  });
}

/** AWS says nothing at all where it has done it, so that anyone who depends on it reads the state. */
const nothing = null;

function sentences(session: Session, spec: PipelineSpec, stage: string) {
  return {
    PipelineNotFoundException: noPipeline(session, spec),
    StageNotFoundException: `The pipeline ${spec.pipeline} has no stage ${stage}.`,
    ValidationException: (said: string) =>
      `AWS does not change the way into the stage ${stage}: ${said}`,
  };
}
