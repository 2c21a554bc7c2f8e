// What a source action takes: the wanted commit or the branch's tip, as revision, variables and artifact.
import type { World } from "../model.ts";
import type { ActionRun } from "./model.ts";

/** Keeps the revision with the execution, from where the lists show it only once the action is done. */
export function takeSource(world: World, run: ActionRun): "taken" | "missing" {
  const { execution } = run.stage;
  const { configuration = {} } = run.declaration;
  const repository = configuration.FullRepositoryId ?? configuration.RepositoryName ?? "";
  const branch = configuration.BranchName ?? "main";
  const sha = execution.overrides.get(run.declaration.name) ?? execution.trigger.git?.sha;
  const revision = world.sources({ repository, branch, sha });
  if (!revision) return "missing";
  execution.revisions.set(run.declaration.name, revision);
  run.externalId = revision.id;
  run.externalUrl = revision.url;
  run.summary = JSON.stringify({
    ProviderType: "GitHub",
    CommitMessage: revision.summary,
  });
  run.outputVariables = {
    AuthorDate: new Date(execution.startedAt).toISOString(),
    BranchName: revision.branch,
    CommitId: revision.id,
    CommitMessage: revision.summary,
    ConnectionArn: configuration.ConnectionArn ?? "",
    FullRepositoryName: revision.repository,
  };
  return "taken";
}
