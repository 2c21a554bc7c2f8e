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

/** Regions apart from the others, by how their names begin. docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
const partitions: readonly (readonly [string, string])[] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["eusc-", "aws-eusc"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["eu-isoe-", "aws-iso-e"],
  ["us-isof-", "aws-iso-f"],
];

function partitionOf(region: string): string {
  return partitions.find(([start]) => region.startsWith(start))?.[1] ?? "aws";
}

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
