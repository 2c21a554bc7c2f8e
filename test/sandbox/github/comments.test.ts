// Comments and reactions over the API.
import { expect, test } from "vitest";
import { smallWorld } from "./world.ts";

function worldWithComment() {
  const world = smallWorld();
  world.shop.commit({ branch: "feature", files: { a: "1" } });
  const pull = world.shop.openPull({ head: "feature" });
  const comment = pull.comment("ria", "/interlock status");
  return { ...world, pull, comment, onComment: { ...world.where, comment_id: comment.id } };
}

test("a reaction is kept once per person, and told apart by the status", async () => {
  const { asInstallation, as, comment, onComment, problems } = worldWithComment();
  const react = { ...onComment, content: "eyes" as const };
  expect((await asInstallation.rest.reactions.createForIssueComment(react)).status).toBe(201);
  expect((await asInstallation.rest.reactions.createForIssueComment(react)).status).toBe(200);
  expect((await as("dev").rest.reactions.createForIssueComment(react)).status).toBe(201);
  expect(comment.reactions).toEqual(["eyes", "eyes"]);
  const { data } = await asInstallation.rest.issues.getComment(onComment);
  expect(data.reactions).toMatchObject({ total_count: 2, eyes: 2 });
  expect(problems).toEqual([]);
});

test("people change their own comments, writers those of others", async () => {
  const { as, comment, onComment } = worldWithComment();
  const edit = (login: string, body: string) =>
    as(login).rest.issues.updateComment({ ...onComment, body });
  await expect(edit("tom", "x")).rejects.toMatchObject({ status: 403 });
  await edit("ria", "by ria");
  await edit("dev", "by dev");
  expect(comment.body).toBe("by dev");
  await as("ria").rest.issues.deleteComment(onComment);
  await expect(as("ria").rest.issues.getComment(onComment)).rejects.toMatchObject({ status: 404 });
});

test("an empty comment and one of 65,537 characters are refused", async () => {
  const { as, where, pull } = worldWithComment();
  const say = (body: string) =>
    as("ria").rest.issues.createComment({ ...where, issue_number: pull.number, body });
  await expect(say(" ")).rejects.toMatchObject({ status: 422 });
  await expect(say("x".repeat(65_537))).rejects.toMatchObject({ status: 422 });
  await say("x".repeat(65_536));
  expect(pull.comments()).toHaveLength(2);
});
