// Writes the answers to comments, each once.

import type { Effect } from "../core/model/effect.ts";
import type { Repository } from "../core/model/event.ts";
import { againMark, answerMark } from "../core/render/answer.ts";
import type { Read, Sent } from "../ports/github.ts";
import { type Done, done, lost, outcome, type Scene } from "./done.ts";
import { isStillOwn } from "./identity.ts";
import { permitFor } from "./permit.ts";
import type { Ports } from "./ports.ts";

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

export async function createAnswer(
  ports: Ports,
  scene: Scene,
  effect: Of<"create_answer">,
): Promise<Done> {
  const { row } = scene;
  const { subject } = row;
  if (subject.kind !== "pull") return done;
  const { repository, number } = subject;
  const { body } = effect;
  const permit = permitFor(ports, scene, null);
  if (effect.unconfirmed) {
    const found = await foundIn(ports, scene, { repository, number });
    if (found.kind !== "known") return { kind: "failed" };
    const id = found.value.get(answerMark(effect.request));
    if (id !== undefined) {
      const comment = { id, body };
      const sent = await ports.github.updateComment(repository, comment, permit);
      return await answerSent(ports, scene, effect, sent);
    }
  }
  // One that has to wait makes all that come after it wait.
  const waits = waiting.get(scene);
  if (waits !== undefined) return waits;
  if ((await ports.store.intendAnswer(row, effect.request, number)) === "lost") return lost;
  const sent = await ports.github.createComment(repository, { pull: number, body }, permit);
  // What was surely not sent leaves no doubt behind, for which all comments would be listed by every look.
  if (sent.kind === "deferred" || sent.kind === "refused" || sent.kind === "withheld")
    await ports.store.dropIntendedAnswer(row, effect.request);
  const sentNow = await answerSent(ports, scene, effect, sent);
  if (sentNow.kind === "deferred" && sent.kind === "deferred") waiting.set(scene, sentNow);
  return sentNow;
}

/** Of all answers of the look that are in doubt: the comments are listed once for them. */
function foundIn(
  { github }: Ports,
  scene: Scene,
  { repository, number }: { readonly repository: Repository; readonly number: number },
): Promise<Read<ReadonlyMap<string, number>>> {
  const outOfBandChanges = scene.effects.flatMap((effect) =>
    effect.kind === "create_answer" && effect.unconfirmed ? [answerMark(effect.request)] : [],
  );
  const found = lists.get(scene) ?? github.findComments(repository, number, outOfBandChanges);
  lists.set(scene, found);
  return found;
}

const waiting = new WeakMap<Scene, Done>();

const lists = new WeakMap<Scene, Promise<Read<ReadonlyMap<string, number>>>>();

export async function updateAnswer(
  ports: Ports,
  scene: Scene,
  effect: Of<"update_answer">,
): Promise<Done> {
  const { subject } = scene.row;
  const permit = permitFor(ports, scene, null);
  const sent = await ports.github.updateComment(subject.repository, effect, permit);
  const isGone = sent.kind === "refused" && sent.status === 404;
  if (!isGone || subject.kind !== "pull") return await answerSent(ports, scene, effect, sent);
  if (!(await isStillOwn(ports, scene.facts))) return { kind: "failed" };
  // Somebody deleted it. It is written once more, and let be where that is deleted too.
  const isAgain = effect.body.endsWith(againMark);
  const body = isAgain ? effect.body : effect.body + againMark;
  const { repository, number } = subject;
  const again: Sent<number> = isAgain
    ? { kind: "sent", value: effect.id }
    : await ports.github.createComment(repository, { pull: number, body }, permit);
  return await answerSent(ports, scene, { ...effect, body }, again);
}

async function answerSent(
  ports: Ports,
  scene: Scene,
  effect: Of<"create_answer"> | Of<"update_answer">,
  sent: Sent<number>,
): Promise<Done> {
  if (sent.kind !== "sent") return outcome(ports, scene, sent);
  const { request, body } = effect;
  const recorded = await ports.store.recordAnswer(scene.row, request, { id: sent.value, body });
  return recorded === "lost" ? lost : done;
}
