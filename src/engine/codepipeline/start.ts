// Starts an execution for exactly one commit, once however often it is asked.

import { StartPipelineExecutionCommand } from "@aws-sdk/client-codepipeline";
import { pipelineArn } from "../../aws/arn.ts";
import type { AwsFailure } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { fullName } from "../../aws/text.ts";
import type { CodePipelinePart } from "../../core/model/plan.ts";
import type { Started, StartRequest } from "../../ports/engine.ts";
import type { Clock } from "../../ports/log.ts";
import type { PipelineRequest, PipelineRuns } from "../../ports/run.ts";
import { claim } from "./claim.ts";
import { structuralDifferences } from "./differences.ts";
import type { Readings } from "./readings.ts";
import { chooseSource } from "./source.ts";
import { noPipeline, type Structure } from "./structure.ts";
import type { Structures } from "./structures.ts";
import { requestToken, variableValue } from "./text.ts";

export interface StartTools {
  readonly runs: PipelineRuns;
  readonly structures: Structures;
  readonly readings: Readings;
  readonly clock: Clock;
}

type Sent = Extract<PipelineRequest, { kind: "start" }>;

export async function start(
  tools: StartTools,
  session: Session,
  order: { readonly request: StartRequest; readonly spec: CodePipelinePart },
): Promise<Started> {
  const { runs, clock } = tools;
  const { request, spec } = order;
  const token = request.run.key;
  const known = await runs.get(token);
  if (known?.executionId) return { kind: "started", engineId: known.executionId };

  const structure = await tools.structures.current(session, spec, 0);
  if (structure.kind === "trouble") return notStarted(structure);
  const chosen = chooseSource(spec, structure.value);
  if (chosen.kind === "refused") return chosen;
  // What it runs has to be what the plan says: a stage that it leaves out would never be passed.
  const built = structuralDifferences(spec, structure.value).map(({ sentence }) => sentence);
  if (built.length > 0) return { kind: "refused", why: built.join(" ") };
  // The same token comes with the same parameters.
  if (known?.request.kind === "start")
    return await send(tools, session, { spec, sent: known.request });
  const variables = variablesFor(request, structure.value);
  const sent: Sent = { kind: "start", start: request, source: chosen.source.name, variables };
  // The ledger first: anyone who comes after a crash asks AWS with the same token.
  await runs.add({
    token,
    request: sent,
    executionId: null,
    startedAt: clock(),
    heard: { count: 0, last: [] },
    acts: [],
  });
  const started = await send(tools, session, { spec, sent });
  // One that an earlier call may have started is read instead.
  if (started.kind === "started") tools.readings.begin(started.engineId, structure.value);
  return started;
}

async function send(
  { runs }: StartTools,
  session: Session,
  { spec, sent }: { readonly spec: CodePipelinePart; readonly sent: Sent },
): Promise<Started> {
  const { run } = sent.start;
  const variables = Object.entries(sent.variables).map(([name, value]) => ({ name, value }));
  const reply = await session.ask({
    action: "codepipeline:StartPipelineExecution",
    resource: pipelineArn(session.owner, spec.region, [spec.pipeline]),
    sentences: {
      PipelineNotFoundException: noPipeline(session, spec),
      ConcurrentPipelineExecutionsLimitExceededException: `The pipeline ${spec.pipeline} has as many executions under way as AWS allows; it is started when one of them has ended.`,
      ValidationException: (said) => `AWS does not start the pipeline ${spec.pipeline}: ${said}`,
    },
    send: ({ codepipeline }) =>
      codepipeline.send(
        new StartPipelineExecutionCommand({
          name: spec.pipeline,
          clientRequestToken: requestToken(run.key),
          sourceRevisions: [
            { actionName: sent.source, revisionType: "COMMIT_ID", revisionValue: run.sha },
          ],
          ...(variables.length === 0 ? {} : { variables }),
        }),
      ),
    has: ({ pipelineExecutionId }) => pipelineExecutionId,
  });
  if (reply.kind === "trouble") return notStarted(reply);
  const engineId = reply.value.pipelineExecutionId;
  // Never: without it, it is no answer of AWS.
  if (engineId === undefined) return { kind: "failed", why: "AWS named no execution." };
  if (!(await claim(runs, run.key, engineId)))
    return {
      kind: "refused",
      why: `Another run of this commit has taken the execution ${engineId} for its own. Start the commit again.`,
    };
  return { kind: "started", engineId };
}

/** Those that the pipeline declares; AWS refuses others, and a value that is empty. */
export function variablesFor(
  { run, repository, pull }: StartRequest,
  { variables }: Pick<Structure, "variables">,
): Readonly<Record<string, string>> {
  const values: Readonly<Record<string, string>> = {
    repository: fullName(repository),
    sha: run.sha,
    pull: pull === null ? "" : String(pull),
  };
  const given: Record<string, string> = {};
  for (const { name, hasDefault } of variables) {
    if (!Object.hasOwn(values, name)) continue;
    const value = variableValue(values[name] ?? "");
    if (value !== null) given[name] = value;
    // A landed commit belongs to no pull request, and without a default AWS wants some value.
    else if (!hasDefault) given[name] = "none";
  }
  return given;
}

function notStarted({ is, why }: AwsFailure): Started {
  return { kind: is === "later" ? "failed" : "refused", why };
}
