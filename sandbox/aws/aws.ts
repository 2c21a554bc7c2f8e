// The embedded AWS as a test or a scenario uses it: one world, its API, and verbs.
import { type Api, createApi } from "./api.ts";
import type { EventBus } from "./bus.ts";
import type { Pipeline } from "./codepipeline/model.ts";
import { createPipeline } from "./codepipeline/structure.ts";
import { declare, type NewPipeline } from "./declare.ts";
import type { Faults } from "./faults.ts";
import type { Role, World } from "./model.ts";
import type { Observer } from "./observe.ts";
import { PipelineHandle } from "./pipeline-handle.ts";
import type { RateLimit } from "./rate-limit.ts";
import { Refusal } from "./refusal.ts";
import type { Principal, RequestLog, Statement } from "./request-log.ts";
import { bucketOf, putObject } from "./s3/objects.ts";
import { Topics } from "./sns/topics.ts";
import { idOf } from "./sts/sessions.ts";
import { createWorld, type WorldOptions } from "./world.ts";

export type AwsOptions = WorldOptions & {
  /** Milliseconds that each action takes by itself; without it scenarios say how actions end. */
  actionMs?: number;
  /** Sees every request with its answer; a test holds them against AWS's description. */
  observe?: Observer;
};

export type Credentials = { accessKeyId: string; secretAccessKey: string };

export type NewRole = {
  name: string;
  account?: string;
  /** ARNs, account ids or `*`; by default anyone who has a key of the world's account. */
  trusts?: readonly string[];
  /** The external id without which the role is not given. */
  externalId?: string;
  /** Session tags that have to come along, with the values that are taken; others are refused then. */
  tags?: Readonly<Record<string, string | readonly string[]>>;
  tagging?: "allowed" | "refused";
  /** Actions, or statements with resources; by default everything. */
  allow?: readonly Statement[];
  maxSessionSeconds?: number;
};

export function createAws(options: AwsOptions = {}): EmbeddedAws {
  return new EmbeddedAws(options);
}

export class EmbeddedAws {
  readonly world: World;
  readonly api: Api;
  /** A key of the user `interlock`, who may do everything. */
  readonly credentials: Credentials;
  /** Topics with HTTP endpoints, whose messages are signed. */
  readonly sns: Topics;
  readonly #actionMs: number | undefined;

  constructor(options: AwsOptions) {
    this.world = createWorld(options);
    this.sns = new Topics(this.world);
    this.#actionMs = options.actionMs;
    this.api = createApi(this.world, options.observe ?? (() => {}));
    this.credentials = this.createUser("interlock");
  }

  get faults(): Faults {
    return this.world.faults;
  }

  get log(): RequestLog {
    return this.world.log;
  }

  get events(): EventBus {
    return this.world.bus;
  }

  createUser(
    name: string,
    allow: readonly Statement[] = ["*"],
    account = this.world.account,
  ): Credentials {
    const arn = `arn:aws:iam::${account}:user/${name}`;
    const accessKeyId = idOf("AKIA", arn);
    const secret = this.world.random.token("");
    const principal: Principal = { account, arn, allow, assumed: undefined };
    this.world.keys.set(accessKeyId, { accessKeyId, secret, principal, session: undefined });
    return { accessKeyId, secretAccessKey: secret };
  }

  createRole(wanted: NewRole): Role {
    const { name, account = this.world.account, trusts = [this.world.account] } = wanted;
    const tags = Object.entries(wanted.tags ?? {}).map(
      ([tag, values]) => [tag, typeof values === "string" ? [values] : values] as const,
    );
    const role: Role = {
      arn: `arn:aws:iam::${account}:role/${name}`,
      account,
      name,
      trust: {
        principals: trusts,
        ...(wanted.externalId === undefined ? {} : { externalId: wanted.externalId }),
        tags: Object.fromEntries(tags),
        tagging: wanted.tagging ?? "allowed",
      },
      allow: wanted.allow ?? ["*"],
      maxSessionSeconds: wanted.maxSessionSeconds ?? 3_600,
    };
    this.world.roles.set(role.arn, role);
    return role;
  }

  createPipeline(wanted: NewPipeline & { account?: string; region?: string }): PipelineHandle {
    const { account = this.world.account, region = this.world.region } = wanted;
    const declaration = declare(wanted, account, region);
    const made = createPipeline(this.world, { account, region }, declaration);
    if (made instanceof Refusal) throw new Error(`${made.code}: ${made.message}`);
    made.actionMs = this.#actionMs;
    bucketOf(this.world, declaration.artifactStore?.location ?? "");
    return new PipelineHandle(this.world, made);
  }

  /** By its name, wherever it is. */
  pipeline(name: string): PipelineHandle {
    const found: Pipeline | undefined = [...this.world.pipelines.values()].find(
      (p) => p.name === name,
    );
    if (!found) throw new Error(`there is no pipeline ${name}`);
    return new PipelineHandle(this.world, found);
  }

  putObject(put: Parameters<typeof putObject>[1]): void {
    putObject(this.world, put);
  }

  limitRate(limit: RateLimit): void {
    this.world.rates.set(limit);
  }

  /** Does all whose time has come. With a real clock this happens by itself. */
  tick(): void {
    this.world.agenda.elapse();
  }

  /** Waits until every event is delivered, apart from those a fault delays. */
  settled(): Promise<void> {
    return this.world.bus.settled();
  }
}
