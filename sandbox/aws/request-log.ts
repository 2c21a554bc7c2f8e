// What was asked of the services, by whom, so that requests can be counted and looked at.

type LoggedRequest = {
  /** As in IAM: codepipeline, codebuild, sts, s3, logs. */
  service: string;
  operation: string;
  region: string;
  at: number;
  status: number | "lost";
  /** The error, or undefined where it worked. */
  code: string | undefined;
  /** Undefined where the caller is not known. */
  by: Principal | undefined;
  input: unknown;
};

export type RequestLog = {
  all: LoggedRequest[];
  /** How many requests there were, by "service:Operation". */
  counts(): Record<string, number>;
  /** Requests of that kind, as "service:Operation". */
  of(name: string): LoggedRequest[];
  /** Requests for operations that the embedded AWS does not have. */
  unknown(): LoggedRequest[];
  clear(): void;
};

export function createRequestLog(): RequestLog {
  const all: LoggedRequest[] = [];
  const nameOf = ({ service, operation }: LoggedRequest) => `${service}:${operation}`;
  return {
    all,
    counts() {
      const counts: Record<string, number> = {};
      for (const request of all) counts[nameOf(request)] = (counts[nameOf(request)] ?? 0) + 1;
      return counts;
    },
    of: (name) => all.filter((request) => nameOf(request) === name),
    unknown: () => all.filter(({ code }) => code === "UnknownOperationException"),
    clear() {
      all.length = 0;
    },
  };
}

export type Principal = {
  account: string;
  arn: string;
  /** What may be done with it. */
  allow: readonly Statement[];
  /** Undefined for a user. */
  assumed:
    | {
        role: string;
        sessionName: string;
        externalId: string | undefined;
        tags: Readonly<Record<string, string>>;
      }
    | undefined;
};

/** Actions such as `codepipeline:Get*`; the resources are all where none are named. */
export type Statement = string | { actions: readonly string[]; resources?: readonly string[] };
