// States of pipelines, each for everybody who asks within a while.

import type { Reply } from "../../aws/failure.ts";
import type { Session } from "../../aws/session.ts";
import { type Dated, openSharedReadings } from "../../aws/shared-readings.ts";
import type { Clock } from "../../ports/log.ts";
import { type PipelineNow, readState } from "./state.ts";
import type { PipelineSpec } from "./structure.ts";

export interface States {
  /** As read at that time or later. */
  since(session: Session, spec: PipelineSpec, since: number): Promise<Reply<Dated<PipelineNow>>>;
  /** As read last, however long ago. */
  kept(session: Session, spec: PipelineSpec): Promise<Dated<PipelineNow> | null>;
  /** Something was done to the pipeline, so that the last state is old. */
  forget(session: Session, spec: PipelineSpec): void;
}

export function openStates(clock: Clock): States {
  const memory = openSharedReadings<PipelineNow>(clock);
  const keyOf = ({ key }: Session, { region, pipeline }: PipelineSpec) =>
    `${key} ${region} ${pipeline}`;
  return {
    since: (session, spec, since) =>
      memory.get(keyOf(session, spec), since, () => readState(session, spec)),
    kept: (session, spec) => memory.kept(keyOf(session, spec)),
    forget: (session, spec) => memory.forget(keyOf(session, spec)),
  };
}
