// Who is told of what became of a release, through the whole program. A place that does not answer holds nothing up.

import { expect, test } from "vitest";
import { limit } from "../../src/core/model/limit.ts";
import { tell } from "../../src/flow/notify.ts";
import type { NotificationDraft, Notifier, SendResult } from "../../src/ports/notifier.ts";
import { planText } from "../world/plan.ts";
import { type World, worlds } from "../world/world.ts";

const open = worlds();
const topic = (name: string) => `arn:aws:sns:eu-west-1:111122223333:${name}`;
const pipelines = { shop: { release: ["package", "deploy"] } };
const plan = planText(pipelines, {
  notify: [
    { sns: topic("all"), on: ["started", "failed", "recovered", "halted"] },
    { sns: topic("failures"), on: ["failed"] },
  ],
});

/** Notes what is sent, as `<topic> <kind>`, and answers as a test says. */
class Mailbox implements Notifier {
  readonly sent: string[] = [];
  tries = 0;
  answer: (draft: NotificationDraft) => SendResult = () => ({ kind: "sent" });

  async send(draft: NotificationDraft): Promise<SendResult> {
    this.tries += 1;
    const told = this.answer(draft);
    if (told.kind === "sent")
      this.sent.push(`${draft.target.split(":").at(-1)} ${draft.notice.kind}`);
    return told;
  }
}

async function tellAll(w: World, notifier: Notifier): Promise<void> {
  const { clock, log, on } = w;
  const telling = { ledger: on.notifications, notifier, clock: clock.now, log };
  while ((await tell(telling)) > 0);
}

async function land(w: World, name: string): Promise<string> {
  const sha = w.pushTo("main", { "src/a.js": name });
  await w.advance("5s");
  return sha;
}

test("each topic is told once of what it asked for, however often it is looked at", async () => {
  const w = await open({ plan });
  const mailbox = new Mailbox();
  const sha = await land(w, "1");
  await tellAll(w, mailbox);
  expect(mailbox.sent.splice(0)).toEqual(["all started"]);

  w.engine.pass("package");
  w.engine.fail("deploy");
  await w.settle();
  await tellAll(w, mailbox);
  expect(mailbox.sent.splice(0).sort()).toEqual(["all failed", "failures failed"]);

  await w.store.wake([`commit:acme/shop@${sha}:main`]);
  await w.sweep();
  await w.advance("10m");
  await tellAll(w, mailbox);
  expect(mailbox.sent).toEqual([]);

  await land(w, "2");
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  await tellAll(w, mailbox);
  expect(mailbox.sent.splice(0).sort()).toEqual(["all recovered", "all started"]);

  // It passed before, so that it passes is no news.
  await land(w, "3");
  w.engine.pass(["package", "deploy"]);
  await w.settle();
  await tellAll(w, mailbox);
  expect(mailbox.sent).toEqual(["all started"]);
});

test("pull requests and plans without topics tell nobody", async () => {
  const w = await open({ plan });
  const mailbox = new Mailbox();
  w.openPull();
  await w.settle();
  w.engine.fail("build");
  await w.settle();
  await tellAll(w, mailbox);
  expect(mailbox.tries).toBe(0);

  const quiet = await open({ plan: planText(pipelines) });
  await land(quiet, "1");
  await tellAll(quiet, mailbox);
  expect(mailbox.tries).toBe(0);
});

test("a topic that fails holds up neither the verdict nor the other topics", async () => {
  const w = await open({ plan });
  const mailbox = new Mailbox();
  const failing = (target: string): SendResult =>
    target === topic("all") ? { kind: "failed", why: "ServiceUnavailable" } : { kind: "sent" };
  mailbox.answer = ({ target }) => failing(target);
  const sha = await land(w, "1");
  w.engine.fail("package");
  await w.settle();
  expect(w.gateOf(sha)).toBe("failure (stage_failed)");
  await tellAll(w, mailbox);
  expect(mailbox.sent).toEqual(["failures failed"]);

  mailbox.answer = () => ({ kind: "sent" });
  await w.advance("6s");
  await tellAll(w, mailbox);
  expect(mailbox.sent.sort()).toEqual(["all failed", "all started", "failures failed"]);
});

test("what is refused, or fails for most of a day, is given up and said in the log", async () => {
  const w = await open({ plan });
  const mailbox = new Mailbox();
  mailbox.answer = ({ notice }) =>
    notice.kind === "started" ? { kind: "refused", why: "no role" } : { kind: "failed", why: "no" };
  w.forgiven.push(/given up/);
  await land(w, "1");
  w.engine.fail("package");
  await w.settle();
  for (let hour = 0; hour < 30; hour += 1) {
    await tellAll(w, mailbox);
    w.clock.advance(limit.notify.again_ms_max);
  }
  // Two facts for one topic and one for the other; the refused one is tried once.
  expect(mailbox.tries).toBe(1 + 2 * limit.notify.attempts);
  const given = w.log.heard.filter(({ message }) => /given up/.test(message));
  expect(given.map(({ fields }) => ("why" in fields ? fields.why : null))).toEqual([
    "no role",
    "no",
    "no",
  ]);
  mailbox.answer = () => ({ kind: "sent" });
  await tellAll(w, mailbox);
  expect(mailbox.sent).toEqual([]);
});
