// Writes check runs and comments, within the budget of the installation.

import type { Annotation, CheckWanted } from "../core/model/effect.ts";
import { isGateName } from "../core/render/checks.ts";
import type { GitHub } from "../ports/github.ts";
import type { Client } from "./client.ts";
import type { ContentPace } from "./content.ts";
import { hasMore, place, slug, unknown } from "./read.ts";
import { accepted, checkRuns, comments, written } from "./shape.ts";

type Writes = Pick<
  GitHub,
  | "createCheck"
  | "updateCheck"
  | "findCheck"
  | "createComment"
  | "updateComment"
  | "findComments"
  | "redeliver"
>;

export function openWrites(with_: {
  readonly client: Client;
  readonly appId: number;
  readonly pace: ContentPace;
}): Writes {
  const { client, appId, pace } = with_;
  return {
    async createCheck(repository, check, terms) {
      return await client.write(
        {
          installation: repository.installation,
          key: `${slug(repository)}|${check.sha}|${check.name}`,
          patience: patienceOf(check),
          ...terms,
        },
        (octokit, request) =>
          octokit.request("POST /repos/{owner}/{repo}/check-runs", {
            ...place(repository),
            name: check.name,
            head_sha: check.sha,
            external_id: check.externalId,
            ...stateOf(check),
            output: outputOf(check, check.annotations),
            actions: [...check.actions],
            request,
          }),
        written,
      );
    },

    async updateCheck(repository, { id, check, annotations }, terms) {
      return await client.write(
        {
          installation: repository.installation,
          key: `${slug(repository)}|${check.sha}|${check.name}|${id}`,
          patience: patienceOf(check),
          ...terms,
        },
        (octokit, request) =>
          octokit.request("PATCH /repos/{owner}/{repo}/check-runs/{check_run_id}", {
            ...place(repository),
            check_run_id: id,
            external_id: check.externalId,
            ...stateOf(check),
            output: outputOf(check, annotations),
            actions: [...check.actions],
            request,
          }),
        written,
      );
    },

    async findCheck(repository, sha, name) {
      const answer = await client.read(
        repository.installation,
        (octokit) =>
          octokit.request("GET /repos/{owner}/{repo}/commits/{ref}/check-runs", {
            ...place(repository),
            ref: sha,
            check_name: name,
            app_id: appId,
            filter: "latest",
            per_page: 100,
          }),
        checkRuns,
      );
      if (answer.kind !== "ok") return unknown(answer);
      const [found] = answer.data.check_runs
        .filter((run) => run.name === name && run.app?.id === appId && run.head_sha === sha)
        .sort((a, b) => b.id - a.id);
      if (found === undefined) return { kind: "absent" };
      const annotated = found.output.annotations_count > 0;
      return { kind: "known", value: { id: found.id, annotated } };
    },

    async createComment(repository, { pull, body }, permit) {
      const { installation } = repository;
      const until = pace.until(installation);
      if (until !== null) return { kind: "deferred", until };
      const sent = await client.write(
        {
          installation,
          key: `comment|${slug(repository)}|${pull}|${body}`,
          urgency: "rest",
          permit,
        },
        (octokit, request) =>
          octokit.request("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", {
            ...place(repository),
            issue_number: pull,
            body,
            request,
          }),
        written,
      );
      if (sent.kind === "sent" || sent.kind === "failed") pace.count(installation);
      return sent;
    },

    async updateComment(repository, { id, body }, permit) {
      return await client.write(
        {
          installation: repository.installation,
          key: `comment|${slug(repository)}|${id}`,
          urgency: "rest",
          permit,
        },
        (octokit, request) =>
          octokit.request("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", {
            ...place(repository),
            comment_id: id,
            body,
            request,
          }),
        written,
      );
    },

    async findComments(repository, pull, marks) {
      const found = new Map<string, number>();
      for (let page = 1; ; page++) {
        const answer = await client.read(
          repository.installation,
          (octokit) =>
            octokit.request("GET /repos/{owner}/{repo}/issues/{issue_number}/comments", {
              ...place(repository),
              issue_number: pull,
              per_page: 100,
              page,
            }),
          comments,
        );
        if (answer.kind !== "ok") return unknown(answer);
        for (const { id, body, performed_via_github_app } of answer.data) {
          // Only our own words count: anybody can write the mark.
          if (performed_via_github_app?.id !== appId) continue;
          const [first = ""] = (body ?? "").split("\n", 1);
          const mark = marks.find((one) => first.startsWith(one));
          if (mark !== undefined && !found.has(mark)) found.set(mark, id);
        }
        if (!hasMore(answer.headers) || found.size === marks.length)
          return { kind: "known", value: found };
      }
    },

    async redeliver(id) {
      return await client.write(
        { installation: null, key: `redeliver|${id}`, urgency: "rest", permit: null },
        (octokit) =>
          octokit.request("POST /app/hook/deliveries/{delivery_id}/attempts", {
            // A path takes its text as it is; a number of this size would be rounded.
            delivery_id: id as unknown as number,
          }),
        accepted,
      );
    },
  };
}

function stateOf({ state }: CheckWanted) {
  return state.status === "completed"
    ? { status: state.status, conclusion: state.conclusion }
    : { status: state.status };
}

/** A green that stands in place of it could be merged: it is never let be. */
function patienceOf({ name, state }: CheckWanted): "bounded" | "lasting" {
  const passes = state.status === "completed" && state.conclusion === "success";
  return isGateName(name) && !passes ? "lasting" : "bounded";
}

/** `annotations` are those that GitHub does not have yet: it adds what an update sends. */
function outputOf(check: CheckWanted, annotations: readonly Annotation[]) {
  return {
    title: check.title,
    summary: check.summary,
    ...(check.text === "" ? {} : { text: check.text }),
    ...(annotations.length === 0
      ? {}
      : {
          annotations: annotations.map((annotation) => ({
            path: annotation.path,
            start_line: annotation.line,
            end_line: annotation.line,
            annotation_level: annotation.level,
            title: annotation.title,
            message: annotation.message,
          })),
        }),
  };
}
