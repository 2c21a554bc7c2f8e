// Answers in GitHub's form: errors, pages of a list, and reading fields from a body.
import type { Answer, Call } from "./route.ts";

const docs = "https://docs.github.com/rest";

export function ok(body: unknown): Answer {
  return { status: 200, body };
}

export function created(body: unknown): Answer {
  return { status: 201, body };
}

export function failed(status: number, message: string): Answer {
  return { status, body: { message, documentation_url: docs, status: String(status) } };
}

export function notFound(): Answer {
  return failed(404, "Not Found");
}

/** A body that GitHub cannot accept; the message says which field and why. */
export function invalid(resource: string, field: string, message: string): Answer {
  return {
    status: 422,
    body: {
      message: "Validation Failed",
      errors: [{ resource, field, code: "custom", message }],
      documentation_url: docs,
    },
  };
}

/** GitHub's other form of 422, for a body that does not fit its schema. */
export function unprocessable(message: string): Answer {
  return {
    status: 422,
    body: { message: `Invalid request.\n\n${message}`, documentation_url: docs },
  };
}

/** One page of a list, with GitHub's Link header. */
export function page<T>(
  call: Call,
  all: readonly T[],
): { items: T[]; headers: Record<string, string> } {
  const size = perPage(call);
  const number = Math.max(1, Number(call.query.get("page") ?? 1) || 1);
  const last = Math.max(1, Math.ceil(all.length / size));
  const to = (n: number, rel: string) => {
    const url = new URL(call.url);
    url.searchParams.set("page", String(n));
    return `<${url.href}>; rel="${rel}"`;
  };
  const links = [
    ...(number > 1 ? [to(number - 1, "prev")] : []),
    ...(number < last ? [to(number + 1, "next"), to(last, "last")] : []),
    ...(number > 1 ? [to(1, "first")] : []),
  ];
  return {
    items: all.slice((number - 1) * size, number * size),
    headers: links.length > 0 ? { link: links.join(", ") } : {},
  };
}

export function listed<T>(call: Call, all: readonly T[], render: (item: T) => unknown): Answer {
  const { items, headers } = page(call, all);
  return { status: 200, body: items.map(render), headers };
}

export function perPage(call: Call): number {
  const wanted = Number(call.query.get("per_page") ?? 0);
  if (call.pageSize !== undefined)
    return wanted > 0 ? Math.min(wanted, call.pageSize) : call.pageSize;
  return Math.min(call.world.pageSize, Math.max(1, wanted || 30));
}

export function textField(call: Call, name: string): string | undefined {
  const value = call.body[name];
  return typeof value === "string" ? value : undefined;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
