// An execution that a survey can be made for.

import { sha, type World } from "./world.ts";

/** Of ours for the commit; where a test has started none for it, of another one. */
export async function oursFor(w: World, commit: string): Promise<string> {
  const runs = w.runs.all().filter(({ executionId }) => executionId !== null);
  const run = runs.findLast(
    ({ request }) => request.kind === "start" && request.start.run.sha === commit,
  );
  const found = (run ?? runs.at(-1))?.executionId;
  if (found) return found;
  // As if the pipeline had been fit for it once.
  const { id } = w.pipeline.startByConsole("ann");
  await w.runs.add({
    token: "some",
    request: {
      kind: "start",
      start: w.request({ key: "some", sha: sha("9") }),
      source: "Source",
      variables: {},
    },
    executionId: id,
    startedAt: w.clock.now(),
    heard: { count: 0, last: [] },
    acts: [],
  });
  return id;
}
