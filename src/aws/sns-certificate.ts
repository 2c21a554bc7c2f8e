// The certificates that SNS signs with: fetched from AWS alone, checked, and kept for a time.

import { X509Certificate } from "node:crypto";
import { limit } from "../core/model/limit.ts";
import type { Clock } from "../ports/log.ts";
import { domains } from "./arn.ts";

export type Certificate =
  | { readonly kind: "good"; readonly pem: string }
  /** What is there is none, or is not of SNS, or is not valid now. */
  | { readonly kind: "bad"; readonly why: string }
  /** It could not be fetched now; another time it may be. */
  | { readonly kind: "away"; readonly why: string };

export interface Certificates {
  /** `url` has been found to be an address of SNS. */
  at(url: URL): Promise<Certificate>;
}

export function openCertificates(with_: {
  readonly fetch: typeof globalThis.fetch;
  readonly clock: Clock;
}): Certificates {
  const { fetch, clock } = with_;
  const kept = new Map<string, { readonly pem: string; readonly until: number }>();
  const fetching = new Map<string, Promise<Certificate>>();

  return {
    async at({ href }) {
      const known = kept.get(href);
      if (known !== undefined && known.until > clock()) return { kind: "good", pem: known.pem };
      kept.delete(href);
      const running = fetching.get(href);
      if (running !== undefined) return await running;
      if (fetching.size >= limit.hint.certificates_fetched)
        return { kind: "away", why: "too many certificates are being fetched" };
      const fetched = get(href).finally(() => fetching.delete(href));
      fetching.set(href, fetched);
      return await fetched;
    },
  };

  async function get(href: string): Promise<Certificate> {
    const read = await readText(fetch, href);
    if (read.kind !== "text") return read;
    const checked = check(read.text, clock());
    if (checked.kind !== "good") return checked;
    const { pem, validTo } = checked;
    kept.set(href, { pem, until: Math.min(validTo, clock() + limit.hint.certificate_keep_ms) });
    for (const oldest of kept.keys()) if (kept.size > limit.hint.certificates) kept.delete(oldest);
    return { kind: "good", pem };
  }
}

type Text = { readonly kind: "text"; readonly text: string };

async function readText(
  fetch: typeof globalThis.fetch,
  href: string,
): Promise<Text | Exclude<Certificate, { kind: "good" }>> {
  try {
    const response = await fetch(href, {
      // A redirect could lead anywhere.
      redirect: "error",
      signal: AbortSignal.timeout(limit.hint.certificate_ms),
    });
    if (response.status >= 500 || response.status === 429)
      return { kind: "away", why: `AWS answered ${response.status}` };
    if (response.status !== 200) return { kind: "bad", why: `AWS answered ${response.status}` };
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > limit.hint.certificate_bytes) return { kind: "bad", why: "it is too large" };
      chunks.push(chunk);
    }
    return { kind: "text", text: Buffer.concat(chunks).toString("latin1") };
  } catch (error) {
    return { kind: "away", why: error instanceof Error ? error.message : String(error) };
  }
}

function check(
  text: string,
  now: number,
):
  | { readonly kind: "good"; readonly pem: string; readonly validTo: number }
  | { readonly kind: "bad"; readonly why: string } {
  const certificate = parse(text);
  if (certificate === null) return { kind: "bad", why: "it is no certificate" };
  const { validFromDate, validToDate, subject } = certificate;
  if (validFromDate.getTime() > now || validToDate.getTime() <= now)
    return { kind: "bad", why: "it is not valid now" };
  if (!subjectOfSns.test(subject)) return { kind: "bad", why: "it was not made for SNS" };
  if (certificate.publicKey.asymmetricKeyType !== "rsa")
    return { kind: "bad", why: "its key is none of SNS" };
  const pem = certificate.publicKey.export({ type: "spki", format: "pem" }).toString();
  return { kind: "good", pem, validTo: validToDate.getTime() };
}

/** One name for most regions, and names with the region for those that came later and for other partitions. */
const subjectOfSns = new RegExp(
  `^CN=sns(-signing)?([.-][a-z0-9-]+)?\\.(?:${domains.map(escaped).join("|")})$`,
  "m",
);

function escaped(domain: string): string {
  return domain.replaceAll(".", "\\.");
}

function parse(text: string): X509Certificate | null {
  try {
    return new X509Certificate(text);
  } catch {
    return null;
  }
}
