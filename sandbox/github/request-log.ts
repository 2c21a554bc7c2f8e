// What was asked of the API, so that requests can be counted and strays be found.

export type LoggedRequest = {
  method: string;
  /** The route's template as in GitHub's description; "unknown" when no route fits. */
  template: string;
  path: string;
  status: number | "lost";
  by: string;
  at: number;
  /** `api` counts against a budget; tokens are the client library's affair, downloads no API. */
  kind: "api" | "token" | "download";
};

export type RequestLog = {
  all: LoggedRequest[];
  /** Requests to routes that the embedded GitHub does not have. */
  unknown(): LoggedRequest[];
  /** Requests that a budget would count: neither tokens, nor downloads, nor answers of 304. */
  counted(): LoggedRequest[];
  notModified(): LoggedRequest[];
  /** Counted requests by "METHOD template". */
  byRoute(): Record<string, number>;
  clear(): void;
};

export function createRequestLog(): RequestLog {
  const all: LoggedRequest[] = [];
  const counted = () => all.filter((r) => r.kind === "api" && r.status !== 304);
  return {
    all,
    unknown: () => all.filter((r) => r.template === "unknown"),
    counted,
    notModified: () => all.filter((r) => r.status === 304),
    byRoute() {
      const counts: Record<string, number> = {};
      for (const r of counted()) {
        const key = `${r.method} ${r.template}`;
        counts[key] = (counts[key] ?? 0) + 1;
      }
      return counts;
    },
    clear() {
      all.length = 0;
    },
  };
}
