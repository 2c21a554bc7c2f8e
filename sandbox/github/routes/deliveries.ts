// The record of webhook deliveries, and asking for one again.
import { failed, isObject, ok, perPage } from "../answer.ts";
import { iso } from "../clock.ts";
import type { Delivery } from "../model.ts";
import { type Answer, appOnly, type Call, param, type Route } from "../route.ts";

/** Documented: deliveries can be seen and redelivered for the past three days. */
const kept_ms = 3 * 24 * 60 * 60 * 1000;

export const deliveryRoutes: Route[] = [
  { method: "GET", path: "/app/hook/deliveries", access: appOnly, run: list },
  {
    method: "GET",
    path: "/app/hook/deliveries/{delivery_id}",
    access: appOnly,
    run: (call) => onDelivery(call, (d) => ok(renderFull(call, d))),
  },
  {
    method: "POST",
    path: "/app/hook/deliveries/{delivery_id}/attempts",
    access: appOnly,
    run: (call) =>
      onDelivery(call, (d) => {
        call.world.outbox.redeliver(d);
        return { status: 202, body: {} };
      }),
  },
];

function list(call: Call): Answer {
  const size = perPage(call);
  const status = call.query.get("status");
  const cursor = call.query.get("cursor");
  const before = cursor === null ? null : /^v1_(\d+)$/.exec(cursor)?.[1];
  if (before === undefined) return failed(400, "Invalid cursor");
  const matching = kept(call)
    .filter((d) => before === null || d.id < BigInt(before))
    .filter((d) => status === null || call.world.ignoresDeliveryStatus || matches(d, status));
  const items = matching.slice(0, size);
  const last = items.at(-1);
  const more = last && matching.length > size;
  const next = new URL(call.url);
  if (more) next.searchParams.set("cursor", `v1_${last.id}`);
  return {
    status: 200,
    headers: more ? { link: `<${next.href}>; rel="next"` } : {},
    body: items.map(renderItem),
  };
}

function onDelivery(call: Call, answer: (delivery: Delivery) => Answer): Answer {
  const id = param(call, "delivery_id");
  const found = kept(call).find((d) => String(d.id) === id);
  return found ? answer(found) : failed(404, "Not Found");
}

/** Newest first. */
function kept(call: Call): Delivery[] {
  const { world, actor } = call;
  const oldest = world.clock.now() - kept_ms;
  return world.outbox.deliveries
    .filter((d) => actor.kind === "app" && d.app === actor.app && d.deliveredAt >= oldest)
    .reverse();
}

/** Documented as 200 to 399 and 400 to 599: what got no answer at all is in neither list. */
function matches({ statusCode }: Delivery, status: string): boolean {
  const [from, to] = status === "success" ? [200, 399] : [400, 599];
  return statusCode >= from && statusCode <= to;
}

function renderItem(delivery: Delivery) {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: iso(delivery.deliveredAt),
    redelivery: delivery.redelivery,
    duration: delivery.durationSeconds,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action ?? null,
    installation_id: delivery.installationId ?? null,
    repository_id: delivery.repositoryId ?? null,
    throttled_at: null,
  };
}

function renderFull(call: Call, delivery: Delivery) {
  const payload: unknown = JSON.parse(delivery.body);
  const to = call.actor.kind === "app" ? call.actor.app.webhook?.to : undefined;
  return {
    ...renderItem(delivery),
    url: to?.kind === "url" ? to.url : "",
    request: { headers: delivery.request.headers, payload: isObject(payload) ? payload : null },
    response: { headers: null, payload: delivery.response ?? null },
  };
}
