// The API without a network: a `fetch` that goes through the same routes.
import type { Api } from "./api.ts";

export function fetchThrough(api: Api): typeof fetch {
  const go = async (request: Request): Promise<Response> => {
    const again = request.clone();
    const answer = await api({
      method: request.method,
      url: new URL(request.url),
      headers: Object.fromEntries(request.headers),
      body: Buffer.from(await request.arrayBuffer()),
    });
    // The same that the real one throws when a connection breaks.
    if (answer.kind === "lost") throw new TypeError("fetch failed");
    const { status, headers, body } = answer;
    const location = headers.location;
    const isMoved = status === 301 || status === 307;
    if (isMoved && location !== undefined && again.redirect === "follow")
      return go(new Request(location, again));
    if (status === 302 && location !== undefined && request.redirect === "follow")
      return go(new Request(location, { headers: request.headers }));
    const empty = status === 204 || status === 304;
    if (answer.cut) return new Response(brokenOff(body), { status, headers });
    return new Response(empty ? null : new Uint8Array(body), { status, headers });
  };
  return (input, init) => go(new Request(input, init));
}

/** Half of it arrives. */
function brokenOff(body: Buffer): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller) {
      if (sent) controller.error(new TypeError("terminated"));
      else controller.enqueue(new Uint8Array(body.subarray(0, body.length / 2)));
      sent = true;
    },
  });
}
