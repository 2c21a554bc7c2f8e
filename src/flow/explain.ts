// Prints what a subject's last look saw and decided, from the store alone. Reads nothing else and writes nothing.

import { decide } from "../core/decide/decide.ts";
import { nextStep, whoActs } from "../core/model/reason.ts";
import { meaningOf } from "../core/model/reason-meaning.ts";
import type { Explained, Lookup, SubjectName } from "../ports/inquiry.ts";
import type { ReconcileResult, Store } from "../ports/store.ts";

/** The text for a terminal, or a sentence that says why there is none. */
export async function explain(
  { store, lookup }: { readonly store: Pick<Store, "snapshot">; readonly lookup: Lookup },
  name: SubjectName,
): Promise<Explained> {
  const [key, ...others] = distinct(await lookup.subjects(name));
  if (key === undefined) return { kind: "nothing", why: await whyUnknown(lookup, name) };
  if (others.length > 0)
    return {
      kind: "nothing",
      why: `${shown(name)} can mean several. Name one of them: ${[key, ...others].map(bare).join(", ")}.`,
    };
  const snapshot = await store.snapshot(key);
  return snapshot === null
    ? { kind: "nothing", why: `Nothing was decided about ${bare(key)} yet.` }
    : { kind: "explained", text: textOf(key, snapshot) };
}

/** A repository that was written in another case before is the same one; branches are not. */
function distinct(keys: readonly string[]): readonly string[] {
  const folded = (key: string) => {
    const end = key.search(/[#@]/);
    return key.slice(0, end).toLowerCase() + key.slice(end);
  };
  return [...new Map(keys.toReversed().map((key) => [folded(key), key])).values()].toReversed();
}

async function whyUnknown(lookup: Lookup, name: SubjectName): Promise<string> {
  const repository = await lookup.repository(name.owner, name.name);
  return repository === null
    ? `Interlock knows no repository ${name.owner}/${name.name}.`
    : `Interlock has not looked at ${shown({ ...name, owner: "", name: "" })} of ${repository}.`;
}

function shown(name: SubjectName): string {
  const repository = name.owner === "" ? "" : `${name.owner}/${name.name}`;
  if (name.kind === "pull") return `${repository}#${name.number}`;
  return `${repository}@${name.sha}${name.branch === null ? "" : `:${name.branch}`}`;
}

function bare(key: string): string {
  return key.slice(key.indexOf(":") + 1);
}

function textOf(key: string, { facts }: NonNullable<ReconcileResult["snapshot"]>): string {
  // The same facts give the same decision, unless the program has changed since.
  const decision = decide(facts);
  const lines = [`${key} at ${new Date(facts.now).toISOString()}`, ""];
  if (decision.verdict === null) lines.push("Interlock has nothing to say here.");
  else {
    lines.push(`commit   ${decision.sha}`, `verdict  ${decision.verdict.state}`);
    for (const { code, sentence } of decision.verdict.reasons)
      lines.push(
        `reason   ${code}: ${sentence}`,
        `means    ${meaningOf[code]}`,
        `next     ${nextStep(code, facts.subject.kind)} (${whoActs(code)})`,
      );
  }
  if (decision.dueAt !== null)
    lines.push(`again    ${new Date(decision.dueAt).toISOString()} without any event`);
  lines.push("", "facts", JSON.stringify(facts, null, 2));
  return lines.join("\n");
}
