// Structures by version, which never change, and the newest one for a while.

import { limit } from "../../core/limit.ts";
import type { Clock } from "../../port.ts";
import type { Session } from "./session.ts";
import { type PipelineSpec, readStructure, type Structure } from "./structure.ts";
import type { Reply } from "./trouble.ts";

export interface Structures {
  of(session: Session, spec: PipelineSpec, version: number): Promise<Reply<Structure>>;
  /** As it is now, or was at most so long ago. */
  current(session: Session, spec: PipelineSpec, age_ms: number): Promise<Reply<Structure>>;
}

export function openStructures(clock: Clock): Structures {
  const versions = new Map<string, Structure>();
  const newest = new Map<string, { readonly at: number; readonly structure: Structure }>();

  const keyOf = (session: Session, { pipeline, region }: PipelineSpec) =>
    `${session.key} ${region} ${pipeline}`;

  function keep(key: string, structure: Structure): void {
    if (versions.size >= limit.codepipeline.structures) versions.clear();
    versions.set(`${key} ${structure.version}`, structure);
  }

  return {
    async of(session, spec, version) {
      const key = keyOf(session, spec);
      const kept = versions.get(`${key} ${version}`);
      if (kept !== undefined) return { kind: "ok", value: kept };
      const reply = await readStructure(session, spec, version);
      if (reply.kind === "ok") keep(key, reply.value);
      return reply;
    },
    async current(session, spec, age_ms) {
      const key = keyOf(session, spec);
      const at = clock();
      const kept = newest.get(key);
      if (kept !== undefined && at - kept.at < age_ms) return { kind: "ok", value: kept.structure };
      const reply = await readStructure(session, spec, null);
      if (reply.kind === "trouble") return reply;
      if (newest.size >= limit.codepipeline.structures) newest.clear();
      newest.set(key, { at, structure: reply.value });
      keep(key, reply.value);
      return reply;
    },
  };
}
