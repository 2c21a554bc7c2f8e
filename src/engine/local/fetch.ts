// The commit of a run arrives in its workspace, tried more than once where trying may help.

import { setTimeout as sleep } from "node:timers/promises";
import type { GitHub, Log, StartRequest } from "../../port.ts";
import type { LocalLimits } from "./limits.ts";
import { type Unpacked, unpack } from "./unpack.ts";
import { createWorkspace, freeBytes, type Workspace } from "./workspace.ts";

export interface FetchOrder {
  readonly tarball: GitHub["tarball"];
  readonly request: StartRequest;
  readonly workspace: Workspace;
  readonly limits: LocalLimits;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export type Fetched =
  | { readonly kind: "fetched"; readonly leftOut: readonly string[] }
  | { readonly kind: "failed"; readonly why: string };

/** Leaves a workspace with the commit's tree, or says in a sentence why it is not there. Never throws. */
export async function fetchCommit(order: FetchOrder): Promise<Fetched> {
  const { limits, request, log, signal } = order;
  let why = "";
  for (let attempt = 1; attempt <= limits.fetch_tries && !signal.aborted; attempt += 1) {
    if (attempt > 1)
      await sleep(limits.fetch_wait_ms * (attempt - 1), null, { signal }).catch(() => null);
    const unpacked = await fetchOnce(order).catch(
      (error: unknown): Unpacked => ({ kind: "broken", why: machineTrouble(error) }),
    );
    if (unpacked.kind === "unpacked") return { kind: "fetched", leftOut: unpacked.leftOut };
    if (unpacked.kind === "refused") return { kind: "failed", why: unpacked.why };
    why = withoutSecrets(unpacked.why);
    log.warn({ run: request.run.key, attempt, why }, "The commit could not be fetched");
  }
  return { kind: "failed", why: `The commit could not be fetched: ${why.replace(/\.$/, "")}.` };
}

async function fetchOnce(order: FetchOrder): Promise<Unpacked> {
  const { limits, request, workspace } = order;
  await createWorkspace(workspace, request.run.key);
  const free = await freeBytes(workspace.root);
  if (free < limits.free_bytes) {
    const mib = Math.round(free / 2 ** 20);
    return { kind: "refused", why: `Only ${mib} MiB of the disk are free on this machine.` };
  }
  const signal = AbortSignal.any([order.signal, AbortSignal.timeout(limits.fetch_ms)]);
  const answer = await unlessAborted(order.tarball(request.repository, request.run.sha), signal);
  if (answer === null) return { kind: "broken", why: "GitHub did not answer in time" };
  if (answer.kind === "unknown") return { kind: "broken", why: answer.why };
  const { sha } = request.run;
  return await unpack({ archive: answer.value, sha, into: workspace.tree, limits, signal });
}

type Answer = Awaited<ReturnType<GitHub["tarball"]>>;

/** Null where the signal came first; what arrives afterwards is closed. */
async function unlessAborted(asked: Promise<Answer>, signal: AbortSignal): Promise<Answer | null> {
  const { promise: aborted, resolve } = Promise.withResolvers<null>();
  const give = () => resolve(null);
  signal.addEventListener("abort", give, { once: true });
  if (signal.aborted) give();
  const first = await Promise.race([asked, aborted]);
  signal.removeEventListener("abort", give);
  if (first === null)
    asked
      .then((late) => (late.kind === "known" ? late.value.cancel() : undefined))
      .catch(() => null);
  return first;
}

/** An address of an archive carries a token of its own. */
function withoutSecrets(text: string): string {
  return text.replace(/\b(https?:\/\/)(?:[^\s/@]*@)?([^\s/?#]*)\S*/gi, "$1$2/…");
}

function machineTrouble(error: unknown): string {
  const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
  return `this machine failed (${code})`;
}
