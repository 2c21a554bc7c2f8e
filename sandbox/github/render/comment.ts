// Comments and reactions as GitHub writes them.
import { iso } from "../clock.ts";
import type { Comment, Reaction, Repository, World } from "../model.ts";
import { associationOf } from "../people.ts";
import { nodeId, renderAccount, renderApp } from "./account.ts";
import { repositoryUrl } from "./repository.ts";

export function renderComment(world: World, repository: Repository, comment: Comment) {
  const url = `${repositoryUrl(world, repository)}/issues/comments/${comment.id}`;
  const page = `${world.urls.html}/${repository.fullName}/pull/${comment.number}`;
  return {
    url,
    html_url: `${page}#issuecomment-${comment.id}`,
    issue_url: `${repositoryUrl(world, repository)}/issues/${comment.number}`,
    id: comment.id,
    node_id: nodeId("IssueComment", comment.id),
    user: renderAccount(world, comment.author),
    created_at: iso(comment.createdAt),
    updated_at: iso(comment.updatedAt),
    author_association: associationOf(repository, comment.author),
    body: comment.body,
    reactions: renderReactions(`${url}/reactions`, comment.reactions),
    performed_via_github_app: comment.app ? renderApp(world, comment.app) : null,
  };
}

export const reactionContents = [
  "+1",
  "-1",
  "laugh",
  "hooray",
  "confused",
  "heart",
  "rocket",
  "eyes",
] as const;

export function renderReactions(url: string, reactions: readonly Reaction[]) {
  const count = (content: string) => reactions.filter((r) => r.content === content).length;
  return {
    url,
    total_count: reactions.length,
    "+1": count("+1"),
    "-1": count("-1"),
    laugh: count("laugh"),
    hooray: count("hooray"),
    confused: count("confused"),
    heart: count("heart"),
    rocket: count("rocket"),
    eyes: count("eyes"),
  };
}

export function renderReaction(world: World, reaction: Reaction) {
  return {
    id: reaction.id,
    node_id: nodeId("Reaction", reaction.id),
    user: renderAccount(world, reaction.user),
    content: reaction.content,
    created_at: iso(reaction.createdAt),
  };
}
