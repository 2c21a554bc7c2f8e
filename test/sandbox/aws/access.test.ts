// Who may do what: keys, roles with external id and tags, sessions that end, and denied actions.
import { BatchGetBuildsCommand, CodeBuildClient } from "@aws-sdk/client-codebuild";
import {
  CodePipelineClient,
  GetPipelineCommand,
  StartPipelineExecutionCommand,
} from "@aws-sdk/client-codepipeline";
import { GetObjectCommand, S3Client } from "@aws-sdk/client-s3";
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  GetCallerIdentityCommand,
  STSClient,
} from "@aws-sdk/client-sts";
import { expect, test } from "vitest";
import { smallAws } from "./world.ts";

type World = Awaited<ReturnType<typeof smallAws>>;

async function assume(
  { sts }: World,
  input: Partial<AssumeRoleCommandInput> & { RoleArn: string },
) {
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleSessionName: "interlock", ...input }),
  );
  if (!Credentials?.AccessKeyId || !Credentials.SecretAccessKey) throw new Error("no credentials");
  return {
    accessKeyId: Credentials.AccessKeyId,
    secretAccessKey: Credentials.SecretAccessKey,
    ...(Credentials.SessionToken ? { sessionToken: Credentials.SessionToken } : {}),
    ...(Credentials.Expiration ? { expiration: Credentials.Expiration } : {}),
  };
}

test("a role is given only with its external id and tags, and then it is known who acts", async () => {
  const world = await smallAws();
  const { aws, client, name } = world;
  const role = aws.createRole({
    name: "interlock",
    externalId: "acme/shop",
    tags: { repository: "acme/shop" },
  });
  const Tags = [{ Key: "repository", Value: "acme/shop" }];
  const denied = {
    name: "AccessDenied",
    message: `User: arn:aws:iam::111122223333:user/interlock is not authorized to perform: sts:AssumeRole on resource: ${role.arn}`,
  };
  const RoleArn = role.arn;
  await expect(assume(world, { RoleArn, Tags })).rejects.toMatchObject(denied);
  await expect(assume(world, { RoleArn, Tags, ExternalId: "acme/other" })).rejects.toMatchObject(
    denied,
  );
  await expect(assume(world, { RoleArn, ExternalId: "acme/shop" })).rejects.toMatchObject(denied);
  const nowhere = `${RoleArn}-not-there`;
  await expect(assume(world, { RoleArn: nowhere })).rejects.toMatchObject({ name: "AccessDenied" });

  const credentials = await assume(world, { RoleArn, Tags, ExternalId: "acme/shop" });
  const asRole = new CodePipelineClient({ ...client, credentials });
  await asRole.send(new StartPipelineExecutionCommand({ name }));
  expect(aws.log.of("codepipeline:StartPipelineExecution")[0]?.by).toMatchObject({
    arn: "arn:aws:sts::111122223333:assumed-role/interlock/interlock",
    assumed: {
      role: role.arn,
      sessionName: "interlock",
      externalId: "acme/shop",
      tags: { repository: "acme/shop" },
    },
  });
  expect(aws.pipeline(name).latest().data.trigger.detail).toBe(
    "arn:aws:sts::111122223333:assumed-role/interlock/interlock",
  );
  const me = await new STSClient({ ...client, credentials }).send(new GetCallerIdentityCommand({}));
  expect(me.Arn).toBe("arn:aws:sts::111122223333:assumed-role/interlock/interlock");
});

test("a role trusts whom it names, and may refuse tags or long sessions", async () => {
  const world = await smallAws();
  const { aws } = world;
  const foreign = aws.createRole({ name: "theirs", trusts: ["444455556666"] });
  await expect(assume(world, { RoleArn: foreign.arn })).rejects.toMatchObject({
    name: "AccessDenied",
  });
  const plain = aws.createRole({ name: "plain", tagging: "refused" });
  await expect(
    assume(world, { RoleArn: plain.arn, Tags: [{ Key: "a", Value: "b" }] }),
  ).rejects.toMatchObject({ message: expect.stringContaining("sts:TagSession") });
  await expect(assume(world, { RoleArn: plain.arn, DurationSeconds: 7_200 })).rejects.toMatchObject(
    { name: "ValidationError" },
  );
});

test("a session ends when its time is over", async () => {
  const world = await smallAws();
  const { aws, client, clock, name } = world;
  const role = aws.createRole({ name: "interlock" });
  const { expiration, ...credentials } = await assume(world, {
    RoleArn: role.arn,
    DurationSeconds: 900,
  });
  expect(expiration).toEqual(new Date(clock.now() + 900_000));
  const asRole = new CodePipelineClient({ ...client, credentials });
  await asRole.send(new GetPipelineCommand({ name }));
  clock.advance(900_000);
  await expect(asRole.send(new GetPipelineCommand({ name }))).rejects.toMatchObject({
    name: "ExpiredTokenException",
  });
  const s3 = new S3Client({ ...client, credentials });
  await expect(s3.send(new GetObjectCommand({ Bucket: "any", Key: "any" }))).rejects.toMatchObject({
    name: "ExpiredToken",
  });
});

test("an unknown key is refused in the words of each service", async () => {
  const { client, name } = await smallAws();
  const stranger = {
    ...client,
    credentials: { accessKeyId: "AKIASTRANGER00000000", secretAccessKey: "x" },
  };
  await expect(
    new CodePipelineClient(stranger).send(new GetPipelineCommand({ name })),
  ).rejects.toMatchObject({ name: "UnrecognizedClientException" });
  await expect(
    new STSClient(stranger).send(new GetCallerIdentityCommand({})),
  ).rejects.toMatchObject({ name: "InvalidClientTokenId" });
  await expect(
    new S3Client(stranger).send(new GetObjectCommand({ Bucket: "any", Key: "any" })),
  ).rejects.toMatchObject({ name: "InvalidAccessKeyId" });
});

test("what a role may not do is denied with the action's name", async () => {
  const world = await smallAws();
  const { aws, client, name } = world;
  const arn = "arn:aws:codepipeline:eu-west-1:111122223333:shop-release";
  const role = aws.createRole({
    name: "reader",
    allow: [
      "codepipeline:Get*",
      { actions: ["codebuild:*"], resources: ["arn:aws:codebuild:*:*:project/shop-*"] },
    ],
  });
  const credentials = await assume(world, { RoleArn: role.arn });
  const asRole = new CodePipelineClient({ ...client, credentials });
  await asRole.send(new GetPipelineCommand({ name }));
  await expect(asRole.send(new StartPipelineExecutionCommand({ name }))).rejects.toMatchObject({
    name: "AccessDeniedException",
    message: `User: arn:aws:sts::111122223333:assumed-role/reader/interlock is not authorized to perform: codepipeline:StartPipelineExecution on resource: ${arn} because no identity-based policy allows the codepipeline:StartPipelineExecution action`,
  });
  const builds = new CodeBuildClient({ ...client, credentials });
  const get = (id: string) => builds.send(new BatchGetBuildsCommand({ ids: [id] }));
  await expect(get("shop-build:1")).resolves.toMatchObject({ buildsNotFound: ["shop-build:1"] });
  await expect(get("bank-build:1")).rejects.toMatchObject({ name: "AccessDeniedException" });
  expect(aws.pipeline(name).executions()).toEqual([]);
});

test("a pipeline is found only in its own account and region", async () => {
  const { aws, client, url, name } = await smallAws();
  const elsewhere = new CodePipelineClient({ ...client, region: "us-east-1" });
  await expect(elsewhere.send(new GetPipelineCommand({ name }))).rejects.toMatchObject({
    name: "PipelineNotFoundException",
  });
  aws.createPipeline({ name: "theirs", account: "444455556666", region: "us-east-1" });
  const them = aws.createUser("them", ["*"], "444455556666");
  const theirs = new CodePipelineClient({ endpoint: url, region: "us-east-1", credentials: them });
  const { metadata } = await theirs.send(new GetPipelineCommand({ name: "theirs" }));
  expect(metadata?.pipelineArn).toBe("arn:aws:codepipeline:us-east-1:444455556666:theirs");
});

test("temporary keys are worth nothing without their token", async () => {
  const world = await smallAws();
  const role = world.aws.createRole({ name: "interlock" });
  const { sessionToken: _, ...credentials } = await assume(world, { RoleArn: role.arn });
  const asRole = new CodePipelineClient({ ...world.client, credentials });
  await expect(asRole.send(new GetPipelineCommand({ name: world.name }))).rejects.toMatchObject({
    name: "UnrecognizedClientException",
  });
});

test("a role that assumes a role gets an hour at most", async () => {
  const world = await smallAws();
  const role = world.aws.createRole({ name: "first", maxSessionSeconds: 43_200 });
  const credentials = await assume(world, { RoleArn: role.arn });
  const chained = { ...world, sts: new STSClient({ ...world.client, credentials }) };
  await assume(chained, { RoleArn: role.arn });
  await expect(
    assume(chained, { RoleArn: role.arn, DurationSeconds: 7_200 }),
  ).rejects.toMatchObject({ message: expect.stringContaining("role chaining") });
});
