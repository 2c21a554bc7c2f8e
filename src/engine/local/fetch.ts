// The commit of a run arrives in its workspace, tried more than once where trying may help.

import { setTimeout as sleep } from "node:timers/promises";
import type { StartRequest } from "../../ports/engine.ts";
import type { GitHub } from "../../ports/github.ts";
import type { Clock, Log } from "../../ports/log.ts";
import type { TreeReader } from "../../ports/tree.ts";
import { complete } from "./complete.ts";
import type { LocalLimits } from "./limits.ts";
import { type Unpacked, unpack } from "./unpack.ts";
import { createWorkspace, freeBytes, keepFiles, type Workspace } from "./workspace.ts";

export interface FetchOrder {
  readonly tarball: GitHub["tarball"];
  readonly trees: Pick<TreeReader, "commitTree" | "blob">;
  readonly request: StartRequest;
  readonly workspace: Workspace;
  readonly limits: LocalLimits;
  /** Removes what is only kept, where the disk is short. */
  readonly makeRoom: () => Promise<void>;
  readonly log: Log;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export type Fetched =
  | { readonly kind: "fetched"; readonly leftOut: readonly string[] }
  | { readonly kind: "failed"; readonly why: string };

/** Leaves a workspace with the commit's tree, or says in a sentence why it is not there. Never throws. */
export async function fetchCommit(order: FetchOrder): Promise<Fetched> {
  const { limits, request, log, clock, signal } = order;
  const began = clock();
  const pause = async (ms: number) => await sleep(ms, null, { signal }).catch(() => null);
  let why = "";
  for (let attempt = 1; attempt <= limits.fetch_tries && !signal.aborted; ) {
    const unpacked = await fetchOnce(order).catch(
      (error: unknown): Once => ({ kind: "broken", why: machineTrouble(error) }),
    );
    switch (unpacked.kind) {
      case "unpacked":
        return { kind: "fetched", leftOut: unpacked.leftOut };
      case "refused":
        return { kind: "failed", why: unpacked.why };
      case "limited":
        // Nothing is wrong with the commit: a limit names its end, and many runs may wait for the same one.
        why = "GitHub's rate limit did not end in time";
        if (unpacked.until - began > limits.fetch_limited_ms) attempt = limits.fetch_tries + 1;
        else await pause(Math.max(limits.fetch_wait_ms, unpacked.until - clock()));
        break;
      case "broken":
        why = withoutSecrets(unpacked.why);
        log.warn({ run: request.run.key, attempt, why }, "The commit could not be fetched");
        if (attempt < limits.fetch_tries) await pause(limits.fetch_wait_ms * attempt);
        attempt += 1;
        break;
    }
  }
  return { kind: "failed", why: `The commit could not be fetched: ${why.replace(/\.$/, "")}.` };
}

type Once = Unpacked | { readonly kind: "limited"; readonly until: number };

async function fetchOnce(order: FetchOrder): Promise<Once> {
  const { limits, request, workspace } = order;
  await createWorkspace(workspace, request.run.key);
  if ((await freeBytes(workspace.root)) < limits.free_bytes) await order.makeRoom();
  const free = await freeBytes(workspace.root);
  if (free < limits.free_bytes) {
    const mib = Math.round(free / 2 ** 20);
    return { kind: "refused", why: `Only ${mib} MiB of the disk are free on this machine.` };
  }
  const signal = AbortSignal.any([order.signal, AbortSignal.timeout(limits.fetch_ms)]);
  const answer = await unlessAborted(order.tarball(request.repository, request.run.sha), signal);
  if (answer === null) return { kind: "broken", why: "GitHub did not answer in time" };
  if (answer.kind === "limited") return answer;
  if (answer.kind === "unknown") return { kind: "broken", why: answer.why };
  const { sha } = request.run;
  const into = workspace.tree;
  const unpacked = await unpack({ archive: answer.value, sha, into, limits, signal });
  if (unpacked.kind !== "unpacked") return unpacked;
  const { trees } = order;
  const { repository } = request;
  const whole = await complete({ trees, repository, sha, tree: into, unpacked, limits });
  if (whole.kind === "unpacked") await keepFiles(workspace, whole.files);
  return whole;
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
