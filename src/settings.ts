// The only reader of the environment. Reports every problem at once, and never prints a value that may be secret.

import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { parseEnv } from "node:util";
import { nearestWord } from "./core/model/nearest.ts";
import { type AppSettings, type Environment, readApp } from "./settings-app.ts";

export type { Environment } from "./settings-app.ts";

export interface Settings {
  readonly app: AppSettings;
  readonly githubApiUrl: string;
  /** A PostgreSQL; null for the embedded store in `dataDir`. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly localEngine: LocalEngineSetting;
  /** Files whose contents are secret, absolute. */
  readonly secretFiles: readonly string[];
  /** ARNs of the topics whose messages are believed; none closes the endpoint. */
  readonly snsTopics: readonly string[];
  readonly sqsQueueUrls: readonly string[];
  /** Whether Interlock's own AWS credentials serve plans that name no role. */
  readonly awsOwnCredentials: boolean;
  readonly host: string;
  readonly port: number;
  /** Where metrics are shown; null for nowhere. */
  readonly metricsPort: number | null;
  readonly logLevel: LogLevel;
  /** Null for the one that suits where the log goes. */
  readonly logFormat: (typeof logFormats)[number] | null;
  /** What the commands of the local engine see of our environment. */
  readonly path: string;
  /** What is allowed and not advisable, in sentences for the operator. */
  readonly warnings: readonly string[];
}

export type LocalEngineSetting =
  | { readonly kind: "off" }
  | {
      readonly kind: "isolated";
      readonly network: "none" | "shared";
      /** What commands may read besides the programs of the system, absolute. */
      readonly folders: readonly string[];
    }
  /** Commands may do whatever Interlock may do. */
  | { readonly kind: "unisolated" };

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
const logFormats = ["json", "pretty"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Every setting by its name, with what the README says of it. */
export const settingTable: readonly { readonly name: string; readonly says: string }[] = [
  { name: "APP_ID", says: "Id of the GitHub App. `npm run setup` creates one and writes `.env`." },
  {
    name: "PRIVATE_KEY",
    says: "The App's private key (PEM; `\\n` for line breaks, or base64): RSA of at least 2,048 bits.",
  },
  { name: "PRIVATE_KEY_PATH", says: "A file with the private key, instead of `PRIVATE_KEY`." },
  {
    name: "WEBHOOK_SECRET",
    says: "The App's webhook secret, of at least 16 characters. Without it Interlock does not start.",
  },
  {
    name: "WEBHOOK_SECRET_PREVIOUS",
    says: "The secret before, accepted too while the secret is changed.",
  },
  {
    name: "GITHUB_API_URL",
    says: "Default `https://api.github.com`. GitHub Enterprise Server: `https://HOST/api/v3`.",
  },
  { name: "DATABASE_URL", says: "A PostgreSQL, needed for several replicas. Default: embedded." },
  { name: "INTERLOCK_DATA_DIR", says: "Folder of the embedded store. Default `./data`." },
  {
    name: "INTERLOCK_LOCAL_ENGINE",
    says: "`1` lets plans run commands on this machine, isolated by bubblewrap; without it Interlock does not start. `unisolated` runs them as Interlock itself, with all that it can read. Off by default.",
  },
  {
    name: "INTERLOCK_LOCAL_NETWORK",
    says: "`1` lets isolated commands use this machine's network, its own addresses included. Off by default.",
  },
  {
    name: "INTERLOCK_LOCAL_FOLDERS",
    says: "Folders besides the system's that isolated commands may read, with colons between.",
  },
  {
    name: "INTERLOCK_SNS_TOPICS",
    says: "ARNs of the SNS topics that tell of pipelines at `/aws/sns`, with commas between.",
  },
  {
    name: "INTERLOCK_SQS_QUEUE_URL",
    says: "SQS queues that tell of pipelines, with commas between, for those who open no port to AWS.",
  },
  {
    name: "INTERLOCK_AWS_OWN_CREDENTIALS",
    says: "`1` lets plans that name no role use Interlock's own AWS credentials. Off by default.",
  },
  { name: "HOST", says: "Address to listen on. Default `127.0.0.1`; the image sets `0.0.0.0`." },
  { name: "PORT", says: "Port to listen on. Default `3000`." },
  {
    name: "METRICS_PORT",
    says: "Port for Prometheus, at `/metrics` and at the address of `HOST`; never the public port. Off by default.",
  },
  { name: "LOG_LEVEL", says: `One of ${logLevels.join(", ")}. Default \`info\`.` },
  {
    name: "LOG_FORMAT",
    says: `One of ${logFormats.join(", ")}. Default \`pretty\` on a terminal, \`json\` elsewhere.`,
  },
];

/** The environment, and below it the file `.env` of the working folder, which the set-up flow writes. */
export function readEnvironment(): Environment {
  try {
    return { ...parseEnv(readFileSync(".env", "utf8")), ...process.env };
  } catch {
    return process.env;
  }
}

export type SettingsRead =
  | { readonly kind: "good"; readonly settings: Settings }
  | { readonly kind: "bad"; readonly problems: readonly string[] };

/** As `readSettings`, with the settings of these names alone: what is wrong with others does not matter. */
export function readSettingsFor(env: Environment, names: readonly string[]): SettingsRead {
  const others = settingTable.map(({ name }) => name).filter((name) => !names.includes(name));
  return readSettings(
    Object.fromEntries(Object.entries(env).filter(([name]) => !others.includes(name))),
  );
}

/** Where people see what the API speaks of: GitHub Enterprise Server has both on one host. */
export function siteOf(apiUrl: string): string {
  return apiUrl === "https://api.github.com" ? "https://github.com" : new URL(apiUrl).origin;
}

export function readSettings(env: Environment): SettingsRead {
  const problems: string[] = [];
  const text = (name: string) => env[name]?.trim() || null;

  const app = readApp(env, problems);
  const settings: Settings = {
    app,
    githubApiUrl: readGitHubUrl(text("GITHUB_API_URL") ?? "https://api.github.com", problems),
    databaseUrl:
      text("DATABASE_URL") === null
        ? null
        : readUrl(
            "DATABASE_URL",
            text("DATABASE_URL") ?? "",
            ["postgres:", "postgresql:"],
            problems,
          ),
    dataDir: text("INTERLOCK_DATA_DIR") ?? "./data",
    localEngine: readLocalEngine(text, problems),
    secretFiles: [".env", ...[text("PRIVATE_KEY_PATH") ?? []].flat()].map((file) => resolve(file)),
    snsTopics: readTopics(text("INTERLOCK_SNS_TOPICS") ?? "", problems),
    sqsQueueUrls: readQueueUrls(text("INTERLOCK_SQS_QUEUE_URL") ?? "", problems),
    awsOwnCredentials: readSwitch(
      "INTERLOCK_AWS_OWN_CREDENTIALS",
      text("INTERLOCK_AWS_OWN_CREDENTIALS"),
      problems,
    ),
    host: text("HOST") ?? "127.0.0.1",
    port: readPort("PORT", text("PORT") ?? "3000", problems),
    metricsPort: readMetricsPort(text("METRICS_PORT"), text("PORT") ?? "3000", problems),
    logLevel: readLevel(text("LOG_LEVEL") ?? "info", problems),
    logFormat: readFormat(text("LOG_FORMAT"), problems),
    path: env.PATH ?? "/usr/local/bin:/usr/bin:/bin",
    warnings: [...foreignOf(env), ...warningsOf(text("DATABASE_URL"), text("PGSSLMODE"))],
  };
  return problems.length > 0 ? { kind: "bad", problems } : { kind: "good", settings };
}

/** Anyone who is on the way of a request over http:// has the App's tokens. */
function readGitHubUrl(value: string, problems: string[]): string {
  const url = readUrl("GITHUB_API_URL", value, ["http:", "https:"], problems);
  const read = URL.parse(value);
  if (read?.protocol === "http:" && !isLoopback(read.hostname))
    problems.push(
      "GITHUB_API_URL must begin with https://: over http:// the App's tokens could be read on the way.",
    );
  return url;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** What the local engine gives to commands: an Interlock that is started by one of them has them. */
const ofStages = /^INTERLOCK_(?:REPOSITORY|SHA|BRANCH|PIPELINE|PART|STAGE|ATTEMPT|PULL|TEST_\w+)$/;

/**
 * Variables that nobody reads: those that begin as ours do, and those that come close to one of ours with a
 * long name. A misspelt setting is otherwise one that is not set.
 */
function foreignOf(env: Environment): readonly string[] {
  const names = settingTable.map(({ name }) => name);
  return Object.keys(env)
    .filter((name) => !names.includes(name) && !ofStages.test(name))
    .flatMap((name) => {
      const near = nearestWord(
        name,
        names.map((one) => one.toLowerCase()),
      )?.toUpperCase();
      const isOurs = /^INTERLOCK_/i.test(name);
      if (!isOurs && (near === undefined || near.length < 8)) return [];
      return [
        `${name} is no setting of Interlock.${near === undefined ? " README.md lists them." : ` Did you mean ${near}?`}`,
      ];
    });
}

function warningsOf(databaseUrl: string | null, sslMode: string | null): readonly string[] {
  const url = databaseUrl === null ? null : URL.parse(databaseUrl);
  if (url === null) return [];
  const { hostname, searchParams } = url;
  const host = searchParams.get("host") ?? decodeURIComponent(hostname);
  // A path is a socket of this machine.
  if (host === "" || host.startsWith("/") || isLoopback(host)) return [];
  const ssl = searchParams.get("ssl");
  const mode = searchParams.get("sslmode") ?? sslMode ?? "";
  const isEncrypted =
    ssl === "true" ||
    ssl === "1" ||
    /^(?:prefer|require|verify-ca|verify-full|no-verify)$/.test(mode);
  return isEncrypted
    ? []
    : [
        "DATABASE_URL names no TLS: what Interlock and its database say to each other can be read on the way. Add ?sslmode=verify-full to it.",
      ];
}

function readUrl(name: string, value: string, protocols: string[], problems: string[]): string {
  const url = URL.canParse(value) ? new URL(value) : null;
  if (url === null || !protocols.includes(url.protocol))
    problems.push(
      `${name} must be an address that begins with ${protocols.map((protocol) => `${protocol}//`).join(" or ")}.`,
    );
  return value.replace(/\/+$/, "");
}

function readTopics(value: string, problems: string[]): readonly string[] {
  const topics = value
    .split(",")
    .map((topic) => topic.trim())
    .filter((topic) => topic !== "");
  // Signed messages come from standard topics: FIFO topics deliver to queues alone.
  if (!topics.every((topic) => /^arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}$/.test(topic)))
    problems.push(
      "INTERLOCK_SNS_TOPICS must be ARNs of SNS topics with commas between, such as arn:aws:sns:eu-west-1:111122223333:pipelines.",
    );
  return topics;
}

function readQueueUrls(text: string, problems: string[]): readonly string[] {
  const all = text.split(",").map((part) => part.trim());
  return all.filter((part) => part !== "").map((part) => readQueueUrl(part, problems));
}

function readQueueUrl(value: string, problems: string[]): string {
  const url = readUrl("INTERLOCK_SQS_QUEUE_URL", value, ["http:", "https:"], problems);
  if (URL.canParse(value) && !/^\/(queue\/)?\w+\/[\w-]{1,80}$/.test(new URL(url).pathname))
    problems.push(
      "INTERLOCK_SQS_QUEUE_URL must end in the account and the name of a standard queue.",
    );
  return url;
}

function readSwitch(name: string, value: string | null, problems: string[]): boolean {
  if (value === null || value === "0") return false;
  if (value !== "1") problems.push(`${name} must be 1 or 0.`);
  return true;
}

function readLocalEngine(
  text: (name: string) => string | null,
  problems: string[],
): LocalEngineSetting {
  const engine = text("INTERLOCK_LOCAL_ENGINE") ?? "0";
  const network = readSwitch("INTERLOCK_LOCAL_NETWORK", text("INTERLOCK_LOCAL_NETWORK"), problems);
  const folders = (text("INTERLOCK_LOCAL_FOLDERS") ?? "").split(":").filter((path) => path !== "");
  if (folders.some((path) => !isAbsolute(path) || resolve(path) === "/"))
    problems.push(
      "INTERLOCK_LOCAL_FOLDERS must be absolute paths with colons between, and not all of the machine.",
    );
  switch (engine) {
    case "0":
      return { kind: "off" };
    case "1":
      return { kind: "isolated", network: network ? "shared" : "none", folders };
    case "unisolated":
      for (const name of ["INTERLOCK_LOCAL_NETWORK", "INTERLOCK_LOCAL_FOLDERS"])
        if (text(name) !== null)
          problems.push(
            `${name} must not be set with INTERLOCK_LOCAL_ENGINE=unisolated, where it holds nothing back.`,
          );
      return { kind: "unisolated" };
    default:
      problems.push("INTERLOCK_LOCAL_ENGINE must be 1, 0 or unisolated.");
      return { kind: "off" };
  }
}

function readPort(name: string, value: string, problems: string[]): number {
  const port = Number(value);
  if (!/^\d+$/.test(value) || port > 65_535) problems.push(`${name} must be a number up to 65535.`);
  return port;
}

function readLevel(value: string, problems: string[]): LogLevel {
  const level = logLevels.find((candidate) => candidate === value);
  if (level === undefined) problems.push(`LOG_LEVEL must be one of ${logLevels.join(", ")}.`);
  return level ?? "info";
}

function readMetricsPort(value: string | null, port: string, problems: string[]): number | null {
  if (value === null) return null;
  if (value === port && value !== "0")
    problems.push("METRICS_PORT must not be PORT: what is counted is not for everybody.");
  return readPort("METRICS_PORT", value, problems);
}

function readFormat(value: string | null, problems: string[]): Settings["logFormat"] {
  const found = logFormats.find((candidate) => candidate === value);
  if (value !== null && found === undefined)
    problems.push(`LOG_FORMAT must be one of ${logFormats.join(", ")}.`);
  return found ?? null;
}
