// The names that a plan may give, plain enough to stand in a command, a check's name and a file name.

import { limit } from "./limit.ts";

/**
 * Letters, digits, single spaces, dots, underscores and hyphens; begins with a letter or digit and
 * does not end with a space, so that what a reader sees is what there is.
 */
export const stageName = nameOf();

/** Pipelines are named by the same rule. */
export const pipelineName = nameOf();

/** The rule in words. */
export const nameRule = `letters, digits, single spaces, dots, underscores and hyphens, at most ${limit.plan.name_chars}, and begins with a letter or digit`;

function nameOf(): RegExp {
  return new RegExp(
    `^(?!.*  )[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,${limit.plan.name_chars - 2}}[A-Za-z0-9._-])?$`,
  );
}
