// Names of things at AWS, put together and taken apart.

export interface Owner {
  readonly partition: string;
  /** `*` where it is not known. */
  readonly account: string;
}

/** Whose resources a role can use. Without a role nobody has told us the account yet. */
export function ownerOf(role: string | null, region: string): Owner {
  if (role === null) return { partition: partitionOf(region), account: "*" };
  const [, partition = partitionOf(region), , , account = "*"] = role.split(":");
  return { partition, account };
}

interface Partition {
  /** How its regions' names begin. */
  readonly start: string;
  readonly name: string;
  /** What hosts of its services end with. */
  readonly domain: string;
}

/**
 * Parts of AWS that know nothing of each other.
 * docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
 */
const partitions: readonly Partition[] = [
  { start: "cn-", name: "aws-cn", domain: "amazonaws.com.cn" },
  { start: "us-gov-", name: "aws-us-gov", domain: "amazonaws.com" },
  { start: "eusc-", name: "aws-eusc", domain: "amazonaws.eu" },
  { start: "us-iso-", name: "aws-iso", domain: "c2s.ic.gov" },
  { start: "us-isob-", name: "aws-iso-b", domain: "sc2s.sgov.gov" },
  { start: "eu-isoe-", name: "aws-iso-e", domain: "cloud.adc-e.uk" },
  { start: "us-isof-", name: "aws-iso-f", domain: "csp.hci.ic.gov" },
];

const standard: Partition = { start: "", name: "aws", domain: "amazonaws.com" };

function partitionIn(region: string): Partition {
  return partitions.find(({ start }) => region.startsWith(start)) ?? standard;
}

function partitionOf(region: string): string {
  return partitionIn(region).name;
}

/** What the hosts of services in the region end with. */
export function domainOf(region: string): string {
  return partitionIn(region).domain;
}

/** Of all partitions. */
export const domains: readonly string[] = [
  ...new Set([standard, ...partitions].map(({ domain }) => domain)),
];

/** Without a "pipeline:" in front of its name, unlike most; a stage and an action follow with slashes. */
export function pipelineArn(
  { partition, account }: Owner,
  region: string,
  path: readonly string[],
): string {
  return `arn:${partition}:codepipeline:${region}:${account}:${path.join("/")}`;
}

export function objectArn({ partition }: Owner, bucket: string, key: string): string {
  return `arn:${partition}:s3:::${bucket}/${key}`;
}

export interface LogStream {
  readonly group: string;
  readonly stream: string;
}

/** `arn:…:log-group:<group>:log-stream:<stream>`; null for anything else. */
export function logStreamOf(arn: string | null): LogStream | null {
  const form = /^arn:[^:]+:logs:[^:]+:\d+:log-group:([^:]+):log-stream:(.+)$/;
  const [, group, stream] = form.exec(arn ?? "") ?? [];
  return group === undefined || stream === undefined ? null : { group, stream };
}
