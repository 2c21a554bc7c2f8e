// How many requests to GitHub a pull request costs, from its opening to an open gate.

import type { Counted } from "./github.ts";
import { startProgram } from "./program.ts";
import type { Bench } from "./scene.ts";

export interface Requests {
  readonly open: Counted;
  readonly push: Counted;
  readonly doubled: Counted;
}

/** With real webhooks and the local engine, which really runs the sample service's two stages. */
export async function countRequests({ folder, output }: Bench): Promise<Requests> {
  const program = await startProgram({
    name: "requests",
    databaseUrl: null,
    localEngine: "on",
    folder,
    output,
  });
  const { call } = program.github;
  const owner = "acme";
  await call.pulls({ owner, count: 0 });
  await call.tell(program.port);
  // The sweep of the start is over before anything is counted; the next one is minutes away.
  await call.quiet();
  const requests = {
    open: await call.openToGreen(owner),
    push: await call.pushToGreen(owner),
    doubled: await call.doubled(),
  };
  await program.stop();
  return requests;
}
