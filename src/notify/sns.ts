// Tells people and programs through topics of SNS, each with the credentials that its plan may use.

import { createHash } from "node:crypto";
import {
  type MessageAttributeValue,
  PublishCommand,
  type PublishCommandInput,
  SNSClient,
  type SNSClientConfig,
} from "@aws-sdk/client-sns";
import type { Repository } from "../core/model/event.ts";
import { limit } from "../core/model/limit.ts";
import type { Notification } from "../core/render/notification.ts";
import type { NotificationDraft, Notifier, SendResult } from "../ports/notifier.ts";

/** On whose behalf a topic is written to. */
export interface Principal {
  /** Null for Interlock's own credentials. */
  readonly role: string | null;
  readonly region: string;
  readonly repository: Repository;
}

export type LentClient =
  | {
      readonly kind: "lent";
      /** Absent for what the SDK finds by itself. */
      readonly credentials?: NonNullable<SNSClientConfig["credentials"]>;
      readonly endpoint?: string;
    }
  | { readonly kind: "refused"; readonly why: string };

export interface SnsNotifier extends Notifier {
  close(): void;
}

export function openSnsNotifier(with_: {
  readonly lend: (teller: Principal) => LentClient;
  /** Where people see commits, such as https://github.com. */
  readonly site: string;
  /** Is given each client before it sends anything. */
  readonly watch?: (client: SNSClient) => void;
}): SnsNotifier {
  const { lend, site, watch } = with_;
  const clients = new Map<string, SNSClient>();
  return {
    async send(draft) {
      const { role, repository } = draft.notice;
      const region = draft.target.split(":")[3] ?? "";
      const teller = { role, region, repository };
      const lent = lend(teller);
      if (lent.kind === "refused") return lent;
      try {
        const client = clientFor(teller, lent);
        const command = new PublishCommand(publication(draft, site));
        const answer = await inTime((abortSignal) => client.send(command, { abortSignal }));
        // Without its number it is no answer of SNS, whatever its status: a proxy may have given it.
        if (answer.MessageId !== undefined) return { kind: "sent" };
        return { kind: "failed", why: "What came back for sns:Publish is no answer of AWS." };
      } catch (error) {
        return failed(error, draft);
      }
    },
    close() {
      for (const client of clients.values()) client.destroy();
      clients.clear();
    },
  };

  function clientFor(
    teller: Principal,
    { credentials, endpoint }: Extract<LentClient, { kind: "lent" }>,
  ) {
    const { role, region, repository } = teller;
    const { id, ownerId } = repository;
    const key = [role ?? "", region, fullName(repository), id ?? "", ownerId ?? ""].join(" ");
    const known = clients.get(key);
    const client =
      known ??
      new SNSClient({
        region,
        // The ledger tries again, and has more patience.
        maxAttempts: 1,
        requestHandler: {
          connectionTimeout: limit.notify.request_ms,
          requestTimeout: limit.notify.request_ms,
          throwOnRequestTimeout: true,
        },
        ...(credentials !== undefined && { credentials }),
        ...(endpoint !== undefined && { endpoint }),
      });
    if (known === undefined) watch?.(client);
    // To the end of the line: the first is the one that was not used for longest.
    clients.delete(key);
    clients.set(key, client);
    const [first] = clients;
    if (clients.size > limit.notify.clients && first !== undefined) {
      clients.delete(first[0]);
      first[1].destroy();
    }
    return client;
  }
}

/**
 * Rejects when the time for one try is over, and sends nothing after that: by then somebody else may
 * try. The SDK's own limits are for one request, and credentials can take several.
 */
async function inTime<T>(send: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      controller.abort();
      reject(Object.assign(new Error("AWS did not answer in time."), { name: "TimeoutError" }));
    }, limit.notify.try_ms);
  });
  try {
    return await Promise.race([send(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What AWS refuses today it may allow tomorrow: a topic can be made, and a policy be corrected. */
function failed(error: unknown, { target, notice }: NotificationDraft): SendResult {
  if (!(error instanceof Error)) return { kind: "failed", why: String(error) };
  if (denials.has(error.name)) {
    const statement = JSON.stringify({ Effect: "Allow", Action: "sns:Publish", Resource: target });
    const who = notice.role === null ? "Interlock's own identity" : `The role ${notice.role}`;
    return {
      kind: "failed",
      why: `${who} may not do sns:Publish. Add this statement to its policy: ${statement}`,
    };
  }
  return {
    kind: "failed",
    why: `${error.name}: ${error.message}`.slice(0, limit.notify.why_chars),
  };
}

/** docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors, CommonErrors.html */
const denials: ReadonlySet<string> = new Set([
  "AuthorizationError",
  "AuthorizationErrorException",
  "AccessDenied",
  "AccessDeniedException",
]);

/** Mail shows the text; queues, functions and endpoints get the JSON. */
function publication({ target, notice }: NotificationDraft, site: string): PublishCommandInput {
  const url = `${site}/${fullName(notice.repository)}/commit/${notice.sha}`;
  const attributes = {
    kind: notice.kind,
    repository: fullName(notice.repository),
    pipeline: notice.pipeline,
    stage: notice.stage,
  };
  return {
    TopicArn: target,
    Subject: notice.subject,
    MessageStructure: "json",
    Message: JSON.stringify({
      default: JSON.stringify(fields(notice, url)),
      email: [...notice.sentences, url].join("\n\n"),
      sms: notice.subject,
    }),
    MessageAttributes: Object.fromEntries(
      Object.entries(attributes).flatMap(([name, value]) => attribute(name, value)),
    ),
    ...(target.endsWith(".fifo") && {
      MessageGroupId: hash(fullName(notice.repository)),
      MessageDeduplicationId: hash(notice.key),
    }),
  };
}

/** The form of these is an interface: what is added does not change the version, what changes does. */
function fields(notice: Notification, url: string): object {
  const { key, kind, at, repository, branch, sha, pipeline, stage, subject, sentences } = notice;
  return {
    version: 1,
    id: key,
    kind,
    time: new Date(at).toISOString(),
    repository: fullName(repository),
    branch,
    commit: sha,
    pipeline,
    stage,
    subject,
    sentences,
    url,
  };
}

/** An attribute has a value or is not there. */
function attribute(
  name: string,
  value: string | null,
): readonly (readonly [string, MessageAttributeValue])[] {
  if (value === null || value === "") return [];
  return [[name, { DataType: "String", StringValue: value }]];
}

/** Only letters and digits, and at most 128 of them. */
function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function fullName({ owner, name }: Repository): string {
  return `${owner}/${name}`;
}
