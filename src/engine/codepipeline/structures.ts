// Structures by version, and the newest one for a while.

import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { limit } from "../../core/model/limit.ts";
import type { Clock } from "../../ports/log.ts";
import { type PipelineSpec, readStructure, type Structure } from "./structure.ts";

/**
 * A version names one structure only as long as the pipeline is not deleted and made again: then it counts
 * from 1 again. So anyone who asks says when the pipeline was made, or from when on the reading has to be.
 */
export interface Wanted {
  readonly version: number;
  /** As AWS said a moment ago; null where it is not known. */
  readonly createdAt: number | null;
  /** By our clock. No execution outlives its pipeline, so that the beginning of one will do. */
  readonly since: number;
}

export interface Structures {
  of(session: Session, spec: PipelineSpec, wanted: Wanted): Promise<Reply<Structure>>;
  /** Of that version, or the newest for null, where it was read. */
  kept(
    session: Session,
    spec: PipelineSpec,
    of: Pick<Wanted, "createdAt"> & { readonly version: number | null },
  ): Structure | null;
  /** As it is now, or was at most so long ago. */
  current(session: Session, spec: PipelineSpec, age_ms: number): Promise<Reply<Structure>>;
}

export function openStructures(clock: Clock): Structures {
  const versions = new Map<string, Dated>();
  const newest = new Map<string, Dated>();
  const underWay = new Map<string, Promise<Reply<Structure>>>();

  const keyOf = (session: Session, { pipeline, region }: PipelineSpec) =>
    `${session.key} ${region} ${pipeline}`;

  function keep(key: string, found: Dated): void {
    if (versions.size >= limit.codepipeline.structures) versions.clear();
    versions.set(`${key} ${found.structure.version}`, found);
  }

  function keepNewest(key: string, found: Dated): void {
    if (newest.size >= limit.codepipeline.structures) newest.clear();
    newest.set(key, found);
  }

  /** Nobody said that it is the newest, and no newer one is known. */
  function noteNewest(key: string, structure: Structure): void {
    const known = newest.get(key)?.structure;
    const isNewer =
      known === undefined ||
      !isSame(known, structure.createdAt) ||
      known.version < structure.version;
    if (isNewer) keepNewest(key, { at: Number.NEGATIVE_INFINITY, structure });
  }

  return {
    kept(session, spec, { version, createdAt }) {
      const key = keyOf(session, spec);
      const found = version === null ? newest.get(key) : versions.get(`${key} ${version}`);
      return found !== undefined && isSame(found.structure, createdAt) ? found.structure : null;
    },
    async of(session, spec, { version, createdAt, since }) {
      // AWS counts from 1; without a number it did not say which.
      if (version < 1) return await this.current(session, spec, 0);
      const key = keyOf(session, spec);
      const own = `${key} ${version}`;
      const kept = versions.get(own);
      const isGood =
        kept !== undefined &&
        (createdAt === null || kept.structure.createdAt === null
          ? kept.at >= since
          : createdAt === kept.structure.createdAt);
      if (isGood) return { kind: "ok", value: kept.structure };
      const at = clock();
      const reading = underWay.get(`${own} ${at}`) ?? readStructure(session, spec, version);
      underWay.set(`${own} ${at}`, reading);
      const reply = await reading;
      underWay.delete(`${own} ${at}`);
      if (reply.kind === "trouble") return reply;
      keep(key, { at, structure: reply.value });
      noteNewest(key, reply.value);
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
      keep(key, { at, structure: reply.value });
      return reply;
    },
  };
}

interface Dated {
  /** When the reading began, by our clock. */
  readonly at: number;
  readonly structure: Structure;
}

function isSame({ createdAt }: Structure, other: number | null): boolean {
  return createdAt === null || other === null || createdAt === other;
}
