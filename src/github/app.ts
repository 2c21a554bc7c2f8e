// Opens GitHub: Probot for the App's identity, and the port that the flow speaks to.

import type { Logger } from "probot";
import { Probot, ProbotOctokit } from "probot";
import type { Forgiving, GitHub } from "../ports/github.ts";
import type { Introduce } from "../ports/identity.ts";
import type { Clock } from "../ports/log.ts";
import type { Store } from "../ports/store.ts";
import type { TreeReader } from "../ports/tree.ts";
import { openAllowance } from "./allowance.ts";
import { openBudget } from "./budget.ts";
import { type Authenticate, type GitHubMeter, type Octokit, openClient } from "./client.ts";
import { openContentPace } from "./content.ts";
import { openFiles } from "./files.ts";
import { openGraph } from "./graph.ts";
import { openIntroduce } from "./introduce.ts";
import { openLists } from "./list.ts";
import { openPlans } from "./plan.ts";
import type { PlanReader } from "./plan-reader.ts";
import { openReads } from "./read.ts";
import { openReadBack } from "./read-back.ts";
import { openReadings } from "./reading.ts";
import { openTrees } from "./tree.ts";
import { whole } from "./whole.ts";
import { openWrites } from "./write.ts";

export interface GitHubApp {
  readonly github: GitHub & TreeReader & Forgiving;
  readonly introduce: Introduce;
}

export async function openGitHub(with_: {
  readonly appId: number;
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly apiUrl: string;
  readonly store: Pick<Store, "recall" | "keepReading" | "dropReading">;
  readonly plans: PlanReader;
  /** Takes points of a budget that several replicas share; null where there is one alone. */
  readonly share?: Store["takePoints"] | null;
  readonly clock: Clock;
  readonly log: Logger;
  readonly meter?: GitHubMeter | undefined;
  /** The tests' world gives its own. */
  readonly fetch: typeof globalThis.fetch;
}): Promise<GitHubApp> {
  const { appId, privateKey, webhookSecret, apiUrl, store, plans, clock, log } = with_;
  const fetch = whole(with_.fetch);
  const probot = new Probot({
    appId,
    privateKey,
    secret: webhookSecret,
    baseUrl: apiUrl,
    log,
    // Our own budget paces writes and the job queue repeats what failed; see docs/decisions.md.
    // As a function, since Probot gives every instance throttle options that would win over plain ones.
    Octokit: ProbotOctokit.defaults((given: object) => ({
      ...given,
      throttle: { enabled: false },
      retry: { enabled: false },
    })),
    request: { fetch },
  });
  await probot.ready();

  const octokits = new Map<number, Octokit>();
  const authenticate = async (installation: number | null) => {
    const id = installation ?? 0;
    let octokit = octokits.get(id);
    if (octokit === undefined) {
      octokit = (await (installation === null
        ? probot.auth()
        : probot.auth(installation))) as Octokit;
      octokits.set(id, octokit);
    }
    return octokit;
  };
  const renew = async (installation: number) => {
    const octokit = await authenticate(installation);
    await octokit.auth({ type: "installation", installationId: installation, refresh: true });
  };
  return {
    introduce: openIntroduce({ authenticate: () => authenticate(null), apiUrl, clock }),
    github: openPort({
      appId,
      store,
      plans,
      share: with_.share ?? null,
      clock,
      fetch,
      meter: with_.meter,
      authenticate: Object.assign(authenticate, { renew }),
    }),
  };
}

/** The port on whatever answers requests as an Octokit does. */
export function openPort(with_: {
  readonly appId: number;
  readonly store: Pick<Store, "recall" | "keepReading" | "dropReading">;
  readonly plans: PlanReader;
  readonly share?: Store["takePoints"] | null;
  readonly clock: Clock;
  /** What a write goes out by, once it has the permission. */
  readonly fetch: typeof globalThis.fetch;
  readonly authenticate: Authenticate;
  readonly meter?: GitHubMeter | undefined;
}): GitHub & TreeReader & Forgiving {
  const { appId, store, plans, clock, fetch, authenticate } = with_;
  const budget = openBudget(clock);
  const client = openClient({
    budget,
    allowance: openAllowance(with_.share ?? null, clock),
    clock,
    fetch,
    authenticate,
    meter: with_.meter,
  });
  const readings = openReadings({ store });
  return {
    forgive: client.forgive,
    readyAt: ({ installation }) => budget.readyAt(installation),
    roomAt: budget.roomAt,
    ...openReads({ client, readings }),
    ...openTrees(client),
    ...openPlans({ client, readings, reader: plans }),
    ...openFiles({ client, readings, clock }),
    ...openLists({ client, readings }),
    ...openGraph({ client, appId }),
    ...openReadBack({ client, appId }),
    ...openWrites({ client, appId, pace: openContentPace(clock) }),
  };
}
