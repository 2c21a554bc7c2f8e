// Ids that JSON's numbers cannot hold.

import { z } from "zod";

/**
 * JSON's numbers lose digits beyond 2^53, so that such an id would be that of something else. GitHub's ids of
 * comments, checks and installations are far below; where one is not, the delivery is refused by its name.
 */
export function hasLargeId(body: unknown): boolean {
  const read = withIds.safeParse(body);
  if (!read.success) return false;
  const { installation, comment, check_run, check_suite } = read.data;
  return [installation, comment, check_run, check_suite].some(
    (one) => one?.id !== undefined && Number.isInteger(one.id) && !Number.isSafeInteger(one.id),
  );
}

const withId = z
  .object({ id: z.number().optional().catch(undefined) })
  .optional()
  .catch(undefined);
const withIds = z.object({
  installation: withId,
  comment: withId,
  check_run: withId,
  check_suite: withId,
});
