// Names of things at AWS, put together and taken apart.

export interface Owner {
  readonly partition: string;
  /** `*` where it is not known. */
  readonly account: string;
}

/** Whose resources a role can use. Without a role nobody has told us yet. */
export function ownerOf(role: string | null): Owner {
  const [, partition = "aws", , , account = "*"] = role?.split(":") ?? [];
  return { partition, account };
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
