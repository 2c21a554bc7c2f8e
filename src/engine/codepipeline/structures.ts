// Structures by version, which never change, and the newest one for a while.

import { limit } from "../../core/limit.ts";
import type { Clock } from "../../port.ts";
import type { Session } from "./session.ts";
import { type PipelineSpec, readStructure, type Structure } from "./structure.ts";
import type { Reply } from "./trouble.ts";

export interface Structures {
  of(session: Session, spec: PipelineSpec, version: number): Promise<Reply<Structure>>;
  /** Of that version, or the newest for null, where it was read. */
  kept(session: Session, spec: PipelineSpec, version: number | null): Structure | null;
  /** As it is now, or was at most so long ago. */
  current(session: Session, spec: PipelineSpec, age_ms: number): Promise<Reply<Structure>>;
}

export function openStructures(clock: Clock): Structures {
  const versions = new Map<string, Structure>();
  const newest = new Map<string, Newest>();
  const underWay = new Map<string, Promise<Reply<Structure>>>();

  const keyOf = (session: Session, { pipeline, region }: PipelineSpec) =>
    `${session.key} ${region} ${pipeline}`;

  function keep(key: string, structure: Structure): void {
    if (versions.size >= limit.codepipeline.structures) versions.clear();
    versions.set(`${key} ${structure.version}`, structure);
  }

  function keepNewest(key: string, found: Newest): void {
    if (newest.size >= limit.codepipeline.structures) newest.clear();
    newest.set(key, found);
  }

  return {
    kept(session, spec, version) {
      const key = keyOf(session, spec);
      const found =
        version === null ? newest.get(key)?.structure : versions.get(`${key} ${version}`);
      return found ?? null;
    },
    async of(session, spec, version) {
      // AWS counts from 1; without a number it did not say which.
      if (version < 1) return await this.current(session, spec, 0);
      const key = keyOf(session, spec);
      const kept = versions.get(`${key} ${version}`);
      if (kept !== undefined) return { kind: "ok", value: kept };
      const own = `${key} ${version}`;
      const reading = underWay.get(own) ?? readStructure(session, spec, version);
      underWay.set(own, reading);
      const reply = await reading;
      underWay.delete(own);
      if (reply.kind === "trouble") return reply;
      keep(key, reply.value);
      // The newest that is known, though nobody said that it is the newest.
      if ((newest.get(key)?.structure.version ?? 0) < version)
        keepNewest(key, { at: Number.NEGATIVE_INFINITY, structure: reply.value });
      return reply;
    },
    async current(session, spec, age_ms) {
      const key = keyOf(session, spec);
      const at = clock();
      const kept = newest.get(key);
      if (kept !== undefined && at - kept.at < age_ms) return { kind: "ok", value: kept.structure };
      const reply = await readStructure(session, spec, null);
      if (reply.kind === "trouble") return reply;
      keepNewest(key, { at, structure: reply.value });
      keep(key, reply.value);
      return reply;
    },
  };
}

interface Newest {
  readonly at: number;
  readonly structure: Structure;
}
