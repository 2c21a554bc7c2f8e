// Asks for permission immediately before a request of an act leaves: its turn and its credentials can take long.

import type { CodePipelineClient } from "@aws-sdk/client-codepipeline";
import type { Permit } from "../ports/permit.ts";
import type { Clients } from "./clients.ts";
import type { Permission as Action } from "./permission.ts";
import { NotPermitted } from "./permission.ts";
import type { Session } from "./session.ts";

/** What takes effect in a pipeline. A way that was closed for a stop is opened again by anyone who finds it. */
const acts: ReadonlySet<Action> = new Set([
  "codepipeline:StartPipelineExecution",
  "codepipeline:StopPipelineExecution",
  "codepipeline:RetryStageExecution",
  "codepipeline:RollbackStage",
  "codepipeline:PutApprovalResult",
]);

/** The same session; its acts come to `NotPermitted`, as trouble of the kind `later`, unless the permit says go. */
export function permitted(session: Session, permit: Permit | null): Session {
  if (permit === null) return session;
  return {
    ...session,
    ask: async (call) =>
      await session.ask(
        acts.has(call.action)
          ? { ...call, send: async (clients) => await call.send(asking(clients, permit)) }
          : call,
      ),
  };
}

function asking(clients: Clients, permit: Permit): Clients {
  return {
    ...clients,
    codepipeline: clientAsking(clients.codepipeline, permit),
    once: clientAsking(clients.once, permit),
  };
}

/** For every attempt of its own, after it was signed. */
function clientAsking(client: CodePipelineClient, permit: Permit): CodePipelineClient {
  const send = (command: Parameters<CodePipelineClient["send"]>[0]) => {
    command.middlewareStack.add(
      (next) => async (args) => {
        const permission = await permit();
        if (permission !== "go") throw new NotPermitted(permission);
        return await next(args);
      },
      { step: "finalizeRequest", priority: "low", name: "permit" },
    );
    return client.send(command);
  };
  return new Proxy(client, {
    get: (target, name) => (name === "send" ? send : Reflect.get(target, name, target)),
  });
}
