// What the SNS endpoint takes, and what it refuses without doing anything.

import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { openSnsEndpoint, type SnsEndpoint } from "../../../src/aws/sns-endpoint.ts";
import { limit } from "../../../src/core/model/limit.ts";
import { ingestInto } from "../../../src/engine/codepipeline/ingest.ts";
import type { Delivery } from "../../../src/ports/store.ts";
import { silent } from "../../store/silent.ts";
import { postOf } from "../../world/post.ts";
import { event, executionId, pushTrigger } from "./events.ts";
import { ingestedRuns } from "./ingested-runs.ts";
import {
  certificate,
  certificateUrl,
  confirmation,
  notification,
  now,
  type Posted,
  signed,
  stranger,
  topic,
} from "./signer.ts";

const sha = "a".repeat(40);
const text = JSON.stringify(event());

interface World {
  readonly endpoint: SnsEndpoint;
  /** What was stored, by its id. */
  readonly stored: Map<string, Delivery>;
  readonly fetched: string[];
  /** Executions of others that are to be looked for. */
  readonly suspected: string[];
  clock: number;
  /** What is found at an address; an error where nobody answers. */
  web: (url: string) => Response;
  storeWorks: boolean;
}

function world(topics: readonly string[] = [topic]): World {
  const w: Omit<World, "endpoint"> = {
    stored: new Map(),
    fetched: [],
    suspected: [],
    clock: now,
    web: () => new Response(certificate),
    storeWorks: true,
  };
  const endpoint = openSnsEndpoint({
    topics,
    log: silent,
    fetch: async (input, init) => {
      expect(init?.redirect).toBe("error");
      w.fetched.push(String(input));
      return w.web(String(input));
    },
    ingest: ingestInto({
      suspect: (id) => w.suspected.push(id),
      clock: () => w.clock,
      runs: ingestedRuns(new Map([[executionId, "run-1"]])),
      receive: async (delivery) => {
        if (!w.storeWorks) throw new Error("The database is away");
        if (w.stored.has(delivery.guid)) return "known";
        w.stored.set(delivery.guid, delivery);
        return "new";
      },
    }),
    clock: () => w.clock,
  });
  return Object.assign(w, { endpoint });
}

const events = (w: World) => [...w.stored.values()].map((delivery) => delivery.event);
const counted = (w: World) => Object.fromEntries(w.endpoint.counts());

test.each(["1", "2"])(
  "a message signed by version %s wakes the run it speaks of",
  async (version) => {
    const w = world();
    const body = signed(notification(text, { SignatureVersion: version }));
    expect((await w.endpoint.take(body)).status).toBe(200);
    expect(events(w)).toEqual([
      {
        kind: "moved",
        what: { kind: "run", key: "run-1", told: "execution STARTED", resumed: false },
      },
    ]);
    expect(counted(w)).toEqual({ stored: 1 });
  },
);

test("a subject is signed where there is one, and null is none", async () => {
  const w = world();
  for (const Subject of ["Pipeline failed", null]) {
    const { status } = await w.endpoint.take(signed(notification(text, { Subject })));
    expect(status, String(Subject)).toBe(200);
  }
  const changed = JSON.parse(signed(notification(text, { Subject: "Pipeline failed" }))) as Posted;
  const { status } = await w.endpoint.take(JSON.stringify({ ...changed, Subject: "All is well" }));
  expect(status).toBe(403);
});

const other = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  publicKeyEncoding: { type: "spki", format: "pem" },
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
}).privateKey;

function altered(change: Posted): string {
  return JSON.stringify({ ...(JSON.parse(signed(notification(text))) as Posted), ...change });
}

const at = (offset_ms: number) => new Date(now + offset_ms).toISOString();

test.each<[string, string, string]>([
  ["signed by another key", signed(notification(text), other), "forged"],
  [
    "altered after it was signed",
    altered({ Message: text.replace("STARTED", "FAILED") }),
    "forged",
  ],
  ["given another id", altered({ MessageId: "another" }), "forged"],
  ["given another time", altered({ Timestamp: at(-2_000) }), "forged"],
  ["said to be of the other version", altered({ SignatureVersion: "1" }), "forged"],
  ["without a signature", altered({ Signature: "" }), "unreadable"],
  ["of an unknown version", altered({ SignatureVersion: "3" }), "unreadable"],
  ["of another topic", signed(notification(text, { TopicArn: `${topic}2` })), "foreign_topic"],
  ["too old", signed(notification(text, { Timestamp: at(-limit.hint.age_ms - 1) })), "stale"],
  [
    "from the future",
    signed(notification(text, { Timestamp: at(limit.hint.future_ms + 1) })),
    "stale",
  ],
  ["of no time", signed(notification(text, { Timestamp: "yesterday" })), "stale"],
  ["of another form", JSON.stringify({ Type: "Notification" }), "unreadable"],
  ["no JSON", "hello", "unreadable"],
  ["delivered raw, and so unsigned", text, "unreadable"],
])("a message %s is refused, counted, and does nothing", async (_, body, why) => {
  const w = world();
  expect((await w.endpoint.take(body)).status).toBe(403);
  expect(w.stored.size).toBe(0);
  expect(counted(w)).toEqual({ [why]: 1 });
});

test.each([
  "http://sns.eu-west-1.amazonaws.com/x.pem",
  "https://sns.eu-west-1.amazonaws.com.evil.example/x.pem",
  "https://evil.example/sns.eu-west-1.amazonaws.com/x.pem",
  "https://sns.eu-west-1.amazonaws.com@evil.example/x.pem",
  "https://me:pw@sns.eu-west-1.amazonaws.com/x.pem",
  "https://sns.eu-west-1.amazonaws.com:8443/x.pem",
  "https://sns.eu-west-1.amazonaws.com/x.pem?y=1",
  "https://sns.eu-west-1.amazonaws.com/x.pem#y",
  "https://sns.eu-west-1.amazonaws.com/x.html",
  "https://s3.eu-west-1.amazonaws.com/evil/x.pem",
  "https://sns.evil.eu-west-1.amazonaws.com/x.pem",
  "https://xsns.eu-west-1.amazonaws.com/x.pem",
  "https://sns.eu-west-1.amazonaws.com.cn.evil.example/x.pem",
  // Buckets called sns, and SNS where the topic is not.
  "https://sns.s3-eu-west-1.amazonaws.com/x.pem",
  "https://sns.s3-accelerate.amazonaws.com/x.pem",
  "https://sns.s3-website-eu-west-1.amazonaws.com/x.pem",
  "https://sns.us-east-1.amazonaws.com/x.pem",
  "https://sns.eu-west-1.amazonaws.com.cn/x.pem",
  "https://127.0.0.1/x.pem",
  "file:///etc/passwd.pem",
  "x.pem",
])("a certificate at %s is never fetched", async (SigningCertURL) => {
  const w = world();
  const { status } = await w.endpoint.take(signed(notification(text, { SigningCertURL })));
  expect(status).toBe(403);
  expect(w.fetched).toEqual([]);
  expect(counted(w)).toEqual({ certificate_elsewhere: 1 });
});

test.each([
  ["eu-west-1", "https://sns.eu-west-1.amazonaws.com/x.pem"],
  ["us-gov-west-1", "https://sns.us-gov-west-1.amazonaws.com/x.pem"],
  ["eusc-de-east-1", "https://sns.eusc-de-east-1.amazonaws.eu/x.pem"],
  ["us-iso-east-1", "https://sns.us-iso-east-1.c2s.ic.gov/x.pem"],
  ["us-isob-east-1", "https://sns.us-isob-east-1.sc2s.sgov.gov/x.pem"],
  ["eu-isoe-west-1", "https://sns.eu-isoe-west-1.cloud.adc-e.uk/x.pem"],
  ["us-isof-south-1", "https://sns.us-isof-south-1.csp.hci.ic.gov/x.pem"],
  ["cn-north-1", "https://sns.cn-north-1.amazonaws.com.cn/x.pem"],
  ["ap-southeast-7", "https://sns.ap-southeast-7.amazonaws.com/x.pem"],
])("for a topic in %s the certificate at %s is fetched", async (region, SigningCertURL) => {
  const TopicArn = topic.replace("eu-west-1", region);
  const w = world([TopicArn]);
  await w.endpoint.take(signed(notification(text, { TopicArn, SigningCertURL })));
  expect(w.fetched).toEqual([SigningCertURL]);
});

test("a topic in no region has no certificate anywhere", async () => {
  const TopicArn = topic.replace("eu-west-1", "s3-us-west-2");
  const w = world([TopicArn]);
  const SigningCertURL = "https://sns.s3-us-west-2.amazonaws.com/x.pem";
  await w.endpoint.take(signed(notification(text, { TopicArn, SigningCertURL })));
  expect(w.fetched).toEqual([]);
});

test("a certificate is fetched once, and again when it was kept for long enough", async () => {
  const w = world();
  await Promise.all([1, 2, 3].map(() => w.endpoint.take(signed(notification(text)))));
  await w.endpoint.take(signed(notification(text)));
  expect(w.fetched).toEqual([certificateUrl]);
  w.clock += limit.hint.certificate_keep_ms;
  await w.endpoint.take(signed(notification(text, { Timestamp: new Date(w.clock).toISOString() })));
  expect(w.fetched).toHaveLength(2);
});

test("certificates of many places do not pile up", async () => {
  const w = world();
  const places = limit.hint.certificates + 1;
  const post = (place: number) => {
    const SigningCertURL = certificateUrl.replace("0123", `${place}-`);
    return w.endpoint.take(signed(notification(text, { SigningCertURL })));
  };
  for (let place = 0; place < places; place += 1) await post(place);
  await post(places - 1);
  expect(w.fetched).toHaveLength(places);
  // The first one had to make room.
  await post(0);
  expect(w.fetched).toHaveLength(places + 1);
});

test.each<[string, () => Response]>([
  ["was made for somebody else", () => new Response(stranger)],
  ["is none", () => new Response("hello")],
  ["is too large", () => new Response(certificate.padEnd(limit.hint.certificate_bytes + 1, "\n"))],
  ["is not there", () => new Response(certificate, { status: 404 })],
])("a message whose certificate %s is refused", async (_, answer) => {
  const w = world();
  w.web = answer;
  expect((await w.endpoint.take(signed(notification(text)))).status).toBe(403);
  expect(counted(w)).toEqual({ certificate_bad: 1 });
  expect(w.stored.size).toBe(0);
});

test.each([
  ["before the certificate is valid", "2020-01-01T00:00:00.000Z"],
  ["after it was valid", "2130-01-01T00:00:00.000Z"],
])("a message %s is refused", async (_, Timestamp) => {
  const w = world();
  w.clock = Date.parse(Timestamp);
  expect((await w.endpoint.take(signed(notification(text, { Timestamp })))).status).toBe(403);
  expect(counted(w)).toEqual({ certificate_bad: 1 });
});

test("while the certificate cannot be fetched SNS is asked to come again", async () => {
  const w = world();
  const body = signed(notification(text));
  w.web = () => {
    throw new TypeError("fetch failed");
  };
  expect((await w.endpoint.take(body)).status).toBe(503);
  w.web = () => new Response("", { status: 502 });
  expect((await w.endpoint.take(body)).status).toBe(503);
  w.web = () => new Response(certificate);
  expect((await w.endpoint.take(body)).status).toBe(200);
  expect(w.stored.size).toBe(1);
});

test("what the store did not take is answered with 503 and taken the next time", async () => {
  const w = world();
  const body = signed(notification(text));
  w.storeWorks = false;
  expect((await w.endpoint.take(body)).status).toBe(503);
  w.storeWorks = true;
  expect((await w.endpoint.take(body)).status).toBe(200);
  expect(events(w)).toHaveLength(1);
});

test("a message that comes twice counts once, and one that is posted again later is refused", async () => {
  const w = world();
  const body = signed(notification(text));
  expect((await w.endpoint.take(body)).status).toBe(200);
  expect((await w.endpoint.take(body)).status).toBe(200);
  w.clock += limit.hint.repeat_ms;
  expect((await w.endpoint.take(body)).status).toBe(403);
  w.clock += limit.hint.age_ms;
  expect((await w.endpoint.take(body)).status).toBe(403);
  expect(events(w)).toHaveLength(1);
  expect(counted(w)).toEqual({ stored: 1, repeated: 1, replayed: 1, stale: 1 });
});

test("what is new counts, and what comes again or later causes nothing more", async () => {
  const w = world();
  const theirs = { executionId: "00000000-0000-4000-8000-000000000000" };
  const bodies = [text, JSON.stringify(event(theirs))].map((told) => signed(notification(told)));
  w.storeWorks = false;
  for (const body of bodies) expect((await w.endpoint.take(body)).status).toBe(503);
  expect(w.suspected).toEqual([]);
  w.storeWorks = true;
  for (const body of bodies) expect((await w.endpoint.take(body)).status).toBe(200);
  for (const body of bodies) expect((await w.endpoint.take(body)).status).toBe(200);
  w.clock += limit.hint.repeat_ms;
  for (const body of bodies) expect((await w.endpoint.take(body)).status).toBe(403);
  expect(w.suspected).toEqual([theirs.executionId]);
  expect(counted(w)).toEqual({ later: 2, stored: 1, ignored: 1, repeated: 2, replayed: 2 });
});

test("an execution of somebody else is ignored, but for the commit that it names", async () => {
  const w = world();
  const theirs = { executionId: "00000000-0000-4000-8000-000000000000" };
  const silentOne = signed(notification(JSON.stringify(event(theirs))));
  expect((await w.endpoint.take(silentOne)).status).toBe(200);
  const detail = pushTrigger("acme/shop", sha);
  await w.endpoint.take(signed(notification(JSON.stringify(event({ ...theirs, detail })))));
  expect(events(w)).toEqual([
    { kind: "ignored", reason: "unknown_execution" },
    { kind: "moved", what: { kind: "commit", owner: "acme", name: "shop", sha } },
  ]);
});

test("a subscription is confirmed for a topic of the settings", async () => {
  const w = world();
  const message = confirmation();
  expect((await w.endpoint.take(signed(message))).status).toBe(200);
  expect(w.fetched).toEqual([certificateUrl, message.SubscribeURL]);
  expect(w.stored.size).toBe(0);
});

test("while AWS does not confirm, the confirmation is asked for again", async () => {
  const w = world();
  w.web = (url) =>
    url === certificateUrl ? new Response(certificate) : new Response("", { status: 500 });
  expect((await w.endpoint.take(signed(confirmation()))).status).toBe(503);
});

test.each<[string, Posted]>([
  ["of another topic", { TopicArn: `${topic}2` }],
  ["at another host", { SubscribeURL: "https://evil.example/?Action=ConfirmSubscription" }],
  [
    "in a bucket",
    {
      SubscribeURL: `https://sns.s3-us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${topic}`,
    },
  ],
  [
    "in another region",
    {
      SubscribeURL: `https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${topic}`,
    },
  ],
  [
    "that confirms another topic",
    {
      SubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${topic}2`,
    },
  ],
  [
    "that does something else",
    { SubscribeURL: `https://sns.eu-west-1.amazonaws.com/?Action=DeleteTopic&TopicArn=${topic}` },
  ],
])("a subscription %s is not confirmed", async (_, change) => {
  const w = world();
  expect((await w.endpoint.take(signed(confirmation(change)))).status).toBe(403);
  expect(w.fetched.filter((url) => url !== certificateUrl)).toEqual([]);
});

test("a subscription that nobody signed is not confirmed", async () => {
  const w = world();
  expect((await w.endpoint.take(signed(confirmation(), other))).status).toBe(403);
  expect(w.fetched).toEqual([certificateUrl]);
});

test("the end of a subscription is no reason to subscribe again", async () => {
  const w = world();
  const body = signed(confirmation({ Type: "UnsubscribeConfirmation" }));
  expect((await w.endpoint.take(body)).status).toBe(200);
  expect(w.fetched).toEqual([certificateUrl]);
});

test.each<[string, number, Record<string, string>]>([
  ["of a topic of the settings", 200, {}],
  ["of no topic", 403, { "x-amz-sns-topic-arn": "" }],
  ["of another topic", 403, { "x-amz-sns-topic-arn": `${topic}2` }],
  ["of an unknown kind", 403, { "x-amz-sns-message-type": "constructor" }],
])(
  "of a post %s the body is read only where its headers are right (%i)",
  async (_, status, more) => {
    const w = world();
    const { headers, body } = { headers: { ...sent, ...more }, body: signed(notification(text)) };
    let read = false;
    const reply = await w.endpoint.answer({
      headers,
      body: async (asked) => {
        read = true;
        return await postOf({ headers, body }).body(asked);
      },
    });
    expect(reply?.status).toBe(status);
    expect(read).toBe(status === 200);
  },
);

test("a post that is too large is refused, and one that broke off has no answer", async () => {
  const w = world();
  const body = "x".repeat(limit.hint.body_bytes + 1);
  expect((await w.endpoint.answer(postOf({ headers: sent, body })))?.status).toBe(413);
  const broken = { headers: sent, body: async () => ({ kind: "broken" }) as const };
  expect(await w.endpoint.answer(broken)).toBeNull();
  const full = { headers: sent, body: async () => ({ kind: "no_room" }) as const };
  expect((await w.endpoint.answer(full))?.status).toBe(503);
  expect(w.stored.size).toBe(0);
});

test.each([
  ["too long", "A".repeat(limit.hint.signature_chars + 4)],
  ["empty", ""],
  ["no base64", "%%%%"],
])("for a signature that is %s no certificate is fetched", async (_, Signature) => {
  const w = world();
  const spoilt = { ...JSON.parse(signed(notification(text))), Signature };
  expect((await w.endpoint.take(JSON.stringify(spoilt))).status).toBe(403);
  expect(w.fetched).toEqual([]);
});

/** What SNS says beside the body. */
const sent = {
  "content-type": "text/plain; charset=UTF-8",
  "x-amz-sns-message-type": "Notification",
  "x-amz-sns-topic-arn": topic,
};
