// The embedded GitHub as a test or a scenario uses it: one world, its API, and verbs for people.
import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { type Api, createApi } from "./api.ts";
import {
  changeSelection,
  install,
  registerApp,
  suspend,
  takeIn,
  uninstall,
  unsuspend,
} from "./apps.ts";
import type { Clock } from "./clock.ts";
import type { Faults } from "./faults.ts";
import { fetchThrough } from "./fetch.ts";
import type {
  Account,
  App,
  Delivery,
  Installation,
  Permissions,
  WebhookTarget,
  World,
} from "./model.ts";
import { type Observer, observed } from "./observe.ts";
import { accountOf } from "./people.ts";
import { setHourlyLimit } from "./rate-limit.ts";
import { createRepository, findRepository, type NewRepository } from "./repositories.ts";
import { RepositoryHandle } from "./repository-handle.ts";
import type { RequestLog } from "./request-log.ts";
import { createRouter } from "./router.ts";
import { allRoutes } from "./routes/all.ts";
import { createWorld } from "./world.ts";

export type GitHubOptions = {
  clock?: Clock;
  /**
   * Judges JWTs and tokens; by default `clock`. Client libraries make and keep those by the wall
   * clock, so a test that turns the clock by hours gives the wall clock here.
   */
  authClock?: Clock;
  seed?: number;
  app?: {
    id?: number;
    slug?: string;
    owner?: string;
    /** PEM; by default one is made. */
    privateKey?: string;
    permissions?: Permissions;
    events?: readonly string[];
  };
  webhook?: Webhook;
  /** Sees every request with its answer, also over HTTP; a test holds them against the contract. */
  observe?: Observer;
};

export type Webhook =
  | { url: string; secret: string }
  | { deliver: (WebhookTarget["to"] & { kind: "function" })["deliver"]; secret: string };

/** What an app like Interlock asks for. */
const default_permissions: Permissions = {
  administration: "read",
  checks: "write",
  contents: "read",
  issues: "write",
  metadata: "read",
  pull_requests: "write",
  statuses: "write",
};

const default_events = [
  "check_run",
  "check_suite",
  "create",
  "delete",
  "issue_comment",
  "pull_request",
  "push",
];

export function createGitHub(options: GitHubOptions = {}): EmbeddedGitHub {
  return new EmbeddedGitHub(options);
}

export class EmbeddedGitHub {
  readonly world: World;
  readonly app: App;
  /** Of the app, as PEM. */
  readonly privateKey: string;
  readonly api: Api;
  /** For octokit: `request: { fetch: github.fetch }`. */
  readonly fetch: typeof fetch;

  constructor(options: GitHubOptions) {
    this.world = createWorld(options);
    const wanted = options.app ?? {};
    this.privateKey = wanted.privateKey ?? sharedKey();
    this.app = registerApp(this.world, {
      id: wanted.id ?? 4242,
      slug: wanted.slug ?? "interlock",
      owner: wanted.owner ?? "interlock-makers",
      publicKey: createPublicKey(this.privateKey),
      permissions: wanted.permissions ?? default_permissions,
      events: wanted.events ?? default_events,
    });
    if (options.webhook) this.sendWebhooksTo(options.webhook);
    const api = createApi(this.world, createRouter(allRoutes));
    this.api = options.observe ? observed(api, options.observe) : api;
    this.fetch = fetchThrough(this.api);
  }

  get faults(): Faults {
    return this.world.faults;
  }

  get log(): RequestLog {
    return this.world.log;
  }

  /** Every attempt to deliver a webhook, oldest first. */
  get deliveries(): readonly Delivery[] {
    return this.world.outbox.deliveries;
  }

  /** Requests to routes that are not there; a test asserts that there are none. */
  get unknownRequests(): string[] {
    return this.log.unknown().map((r) => `${r.method} ${r.path}`);
  }

  sendWebhooksTo(webhook: Webhook): void {
    const to =
      "url" in webhook
        ? { kind: "url" as const, url: webhook.url }
        : { kind: "function" as const, deliver: webhook.deliver };
    this.app.webhook = { secret: webhook.secret, to };
  }

  /** Waits until every webhook is delivered, apart from those a fault delays. */
  settled(): Promise<void> {
    return this.world.outbox.settled();
  }

  user(login: string): Account {
    return accountOf(this.world, login);
  }

  /** The token that a person uses with curl. */
  tokenOf(login: string): string {
    return `user:${this.user(login).login}`;
  }

  createRepository(wanted: NewRepository): RepositoryHandle {
    const made = createRepository(this.world, wanted);
    takeIn(this.world, made, made.owner);
    return new RepositoryHandle(this.world, made);
  }

  repository(fullName: string): RepositoryHandle {
    const found = findRepository(this.world, fullName);
    if (!found) throw new Error(`there is no repository ${fullName}`);
    return new RepositoryHandle(this.world, found);
  }

  /** Another app, with checks of its own, that hears no webhooks. */
  registerOtherApp(slug: string): App {
    const publicKey = createPublicKey(this.privateKey);
    const { world } = this;
    return registerApp(world, {
      slug,
      owner: slug,
      publicKey,
      permissions: default_permissions,
      events: [],
    });
  }

  install(on: {
    account: string;
    repositories?: readonly RepositoryHandle[];
    by?: string;
    app?: App;
  }): Installation {
    return install(this.world, on.app ?? this.app, {
      account: on.account,
      ...(on.repositories ? { repositories: on.repositories.map((r) => r.data) } : {}),
      ...(on.by === undefined ? {} : { by: on.by }),
    });
  }

  addToInstallation(installation: Installation, repository: RepositoryHandle, by: string): void {
    changeSelection(this.world, installation, { add: [repository.data], by: this.user(by) });
  }

  removeFromInstallation(
    installation: Installation,
    repository: RepositoryHandle,
    by: string,
  ): void {
    changeSelection(this.world, installation, { remove: [repository.data], by: this.user(by) });
  }

  uninstall(installation: Installation, by: string): void {
    uninstall(this.world, installation, this.user(by));
  }

  /** Every token of the installation stops working, long before its hour is over. */
  revokeTokens(installation: Installation): void {
    for (const [token, { installation: of }] of this.world.tokens)
      if (of === installation) this.world.tokens.delete(token);
  }

  suspend(installation: Installation, by: string): void {
    suspend(this.world, installation, this.user(by));
  }

  unsuspend(installation: Installation, by: string): void {
    unsuspend(this.world, installation, this.user(by));
  }

  /** Requests per hour that the installation may make; 5,000 unless set. */
  limitRequests(installation: Installation, perHour: number): void {
    setHourlyLimit(installation, perHour);
  }
}

// Making a key takes a noticeable part of a second, and no test depends on which it is.
let key: string | undefined;
function sharedKey(): string {
  key ??= generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  }).privateKey;
  return key;
}
