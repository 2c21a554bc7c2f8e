// What the payload of a pull request's event shows of it, beyond its head.

import { z } from "zod";
import type { SubjectHint } from "../core/model/event.ts";

const sha = z.string().regex(/^[0-9a-f]{40}$/);

/** Fields of the payload; what is missing or strange is left out. */
export const shownPayload = {
  pull_request: z.object({
    head: z.object({ sha }),
    base: z.object({ ref: z.string() }).optional().catch(undefined),
    state: z.enum(["open", "closed"]).optional().catch(undefined),
    updated_at: z.iso.datetime({ offset: true }).optional().catch(undefined),
  }),
  before: sha.optional().catch(undefined),
  changes: z
    .object({
      base: z
        .object({ ref: z.object({ from: z.string() }).optional().catch(undefined) })
        .optional()
        .catch({}),
    })
    .optional(),
};

type Payload = z.infer<z.ZodObject<typeof shownPayload>>;

/** Nothing where GitHub did not send all of it. */
export function toldOf({ pull_request, before, changes }: Payload): Pick<SubjectHint, "told"> {
  const { head, base, state, updated_at } = pull_request;
  if (base === undefined || state === undefined || updated_at === undefined) return {};
  const shown = { updatedAt: Date.parse(updated_at), head: head.sha, base: base.ref, state };
  const left = { head: before ?? null, base: changes?.base?.ref?.from ?? null };
  return { told: { kind: "pull", shown, left } };
}
