// Reads back what a person asked for: whether the comment or the check is at GitHub as the event told it.

import { parseCommands } from "../core/command/parse.ts";
import type { Origin, Repository } from "../core/model/event.ts";
import type { Known, ShownRequest } from "../core/model/fact.ts";
import type { GitHub, ReadBackQuestion } from "../ports/github.ts";
import type { Answer, Client } from "./client.ts";
import { place, unknown } from "./read.ts";
import * as shapes from "./shape.ts";

export function openReadBack(with_: {
  readonly client: Client;
  readonly appId: number;
}): Pick<GitHub, "readBack"> {
  const { client, appId } = with_;
  return {
    async readBack(repository, question) {
      const { origin } = question;
      switch (origin.kind) {
        case "comment":
          return judged(
            await readComment(client, repository, origin),
            (comment) => isAsTold(comment, { ...question, origin }),
            ({ created_at }) => created_at,
          );
        case "check":
          return await checkShown({ client, appId, repository, origin });
        case "suite":
          return judged(
            await client.read(
              repository.installation,
              (octokit) =>
                octokit.request(
                  "GET /repos/{owner}/{repo}/check-suites/{check_suite_id}/check-runs",
                  {
                    ...place(repository),
                    check_suite_id: origin.id,
                    per_page: 1,
                  },
                ),
              shapes.checkRuns,
            ),
            ({ check_runs }) =>
              check_runs.length > 0 &&
              check_runs.every(({ app, head_sha }) => app?.id === appId && head_sha === origin.sha),
          );
      }
    },
  };
}

type CheckOrigin = Extract<Origin, { kind: "check" }>;

/** A run again leaves the old check as it was and makes a new one, so that the one asked with has to be the newest of its name. */
async function checkShown(of: {
  readonly client: Client;
  readonly appId: number;
  readonly repository: Repository;
  readonly origin: CheckOrigin;
}): Promise<Known<ShownRequest>> {
  const { client, appId, repository, origin } = of;
  const { installation } = repository;
  const shown = judged(
    await client.read(
      installation,
      (octokit) =>
        octokit.request("GET /repos/{owner}/{repo}/check-runs/{check_run_id}", {
          ...place(repository),
          check_run_id: origin.id,
        }),
      shapes.checkRun,
    ),
    (run) =>
      run.app?.id === appId &&
      run.name === origin.name &&
      run.head_sha === origin.sha &&
      run.status === origin.status &&
      run.conclusion === origin.conclusion &&
      isSameTime(run.completed_at, origin.completedAt),
  );
  if (shown.kind === "unknown" || shown.value.state !== "same") return shown;
  return judged(
    await client.read(
      installation,
      (octokit) =>
        octokit.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
          ...place(repository),
          ref: origin.sha,
          check_name: origin.name,
          app_id: appId,
          filter: "latest",
          per_page: 100,
        }),
      shapes.checkRuns,
    ),
    ({ check_runs }) =>
      check_runs.some(({ id }) => id === origin.id) &&
      check_runs.every(
        ({ id, app, name }) => id <= origin.id || app?.id !== appId || name !== origin.name,
      ),
  );
}

async function readComment(
  client: Client,
  repository: Repository,
  { id }: Extract<Origin, { kind: "comment" }>,
) {
  return await client.read(
    repository.installation,
    (octokit) =>
      octokit.request("GET /repos/{owner}/{repo}/issues/comments/{comment_id}", {
        ...place(repository),
        comment_id: id,
      }),
    shapes.comment,
  );
}

function isAsTold(
  comment: shapes.Comment,
  told: ReadBackQuestion & { readonly origin: Extract<Origin, { kind: "comment" }> },
): boolean {
  const { user, body, created_at, updated_at, issue_url } = comment;
  return (
    user?.login === told.actor &&
    user.type === "User" &&
    created_at === updated_at &&
    issue_url.endsWith(`/issues/${told.origin.pull}`) &&
    JSON.stringify(parseCommands(body ?? "")) === JSON.stringify(told.commands)
  );
}

/** GitHub writes the same moment with and without fractions of a second. */
function isSameTime(one: string | null | undefined, other: string | null): boolean {
  if (one == null || other === null) return (one ?? null) === other;
  return Math.floor(Date.parse(one) / 1000) === Math.floor(Date.parse(other) / 1000);
}

function judged<T>(
  answer: Answer<T>,
  isSame: (data: T) => boolean,
  writtenAt: (data: T) => string | null = () => null,
): Known<ShownRequest> {
  if (answer.kind === "absent") return { kind: "known", value: { state: "absent", age_ms: null } };
  if (answer.kind !== "ok") return unknown(answer);
  const { data, headers } = answer;
  const age_ms = Date.parse(String(headers.date)) - Date.parse(writtenAt(data) ?? "");
  return {
    kind: "known",
    value: {
      state: isSame(data) ? "same" : "changed",
      age_ms: Number.isNaN(age_ms) ? null : Math.max(0, age_ms),
    },
  };
}
