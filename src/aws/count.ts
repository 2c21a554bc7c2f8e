// Counts each request that goes out to AWS, no matter who makes it, the SDK's own repetitions too.

import type { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import type { Meter } from "../ports/meter.ts";
import { outcomeOf } from "./failure.ts";

export type AwsMeter = Pick<Meter, "aws">;

/** As AWS calls them in permissions. */
export type Service = "codebuild" | "codepipeline" | "logs" | "s3" | "sns" | "sqs" | "sts";

type Stack = CodePipelineClient["middlewareStack"];

/**
 * The client, whose requests count from now on by what came back. What was not sent, for want of
 * credentials or of a permit, is no call: this comes after both.
 */
export function counted<C extends { readonly middlewareStack: Pick<Stack, "identify"> }>(
  client: C,
  service: Service,
  meter: AwsMeter | undefined,
): C {
  if (meter === undefined) return client;
  // The stacks of all clients are alike, and each has types of its own.
  const stack = client.middlewareStack as unknown as Stack;
  stack.add(
    (next) => async (args) => {
      try {
        const answer = await next(args);
        meter.aws(service, "ok");
        return answer;
      } catch (error) {
        meter.aws(service, outcomeOf(error));
        throw error;
      }
    },
    { step: "deserialize", priority: "high", name: "countCalls" },
  );
  return client;
}
