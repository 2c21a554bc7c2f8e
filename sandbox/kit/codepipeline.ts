// AWS CodePipeline in the sandbox: an embedded AWS with two pipelines, whose actions really build, test and deploy the shop.

import type { Credentials } from "../aws/aws.ts";
import type { SourceOf } from "../aws/model.ts";
import type { PipelineHandle } from "../aws/pipeline-handle.ts";
import { type RunningAws, startAws } from "../aws/server.ts";
import { snsTarget } from "../aws/targets.ts";
import { commitOf } from "../github/objects.ts";
import { resolveBranch } from "../github/repositories.ts";
import type { RepositoryHandle } from "../github/repository-handle.ts";
import type { KitBasics, KitOrder, Promised } from "./basics.ts";
import { openBuilder } from "./builder.ts";
import { type Notifications, openNotifications, releasesTopicArn } from "./notices.ts";
import { type Permissions, readPermissions } from "./template.ts";

export interface CodePipelineKit extends KitBasics {
  readonly engine: "codepipeline";
  /** Runs before the merge. */
  readonly verify: PipelineHandle;
  /** Runs after it. */
  readonly release: PipelineHandle;
  /** The commit that stands in production; null before the first deployment. */
  live(): string | null;
  /** The subjects of what people were told of releases, oldest first. */
  told(): readonly string[];
}

const region = "eu-west-1";
const account = "111122223333";
const roleArn = `arn:aws:iam::${account}:role/interlock-shop`;
const bucket = "shop-artifacts";

export async function openCodePipelineKit({ shop, folder }: KitOrder): Promise<CodePipelineKit> {
  const notifications = await openNotifications(region);
  const forward = { sns: notifications.address, sqs: notifications.address };
  const running = await startAws({ region, account, forward, sources: commitsOf(shop) });
  const { aws, url } = running;
  const permissions = await permissionsFor(shop.fullName, notifications);
  const key = aws.createUser("interlock", permissions.interlock);
  // For people at the console: Interlock's own key may do nothing in a pipeline.
  const administrator = aws.createUser("administrator");
  aws.createRole({
    name: roleArn.split("/").at(-1) ?? "",
    externalId: shop.fullName,
    tags: {
      repository: shop.fullName,
      repository_id: String(shop.id),
      owner_id: String(shop.data.owner.id),
    },
    allow: permissions.role,
  });
  const variables = ["repository", "sha", "pull"].map((name) => ({ name, defaultValue: "none" }));
  const source = { repository: shop.fullName };
  const verify = aws.createPipeline({
    name: "shop-verify",
    // Pull requests do not wait for each other.
    mode: "PARALLEL",
    source,
    variables,
    bucket,
    stages: ["Build", "Test"],
  });
  const release = aws.createPipeline({
    name: "shop-release",
    source,
    variables,
    bucket,
    stages: ["Build", "Production"],
  });
  const target = snsTarget({
    endpoint: notifications.address,
    region,
    topicArn: notifications.eventsTopic,
  });
  aws.events.deliverTo(target);
  const builder = openBuilder({ aws, shop, folder });

  return {
    engine: "codepipeline",
    verify,
    release,
    live: () => builder.live(),
    told: notifications.told,
    environment: {
      AWS_ENDPOINT_URL: url,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: key.accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
      INTERLOCK_SQS_QUEUE_URL: `${url}/${account}/${notifications.queue}`,
    },
    stages: { build: "Build", test: "Test" },
    stopping: "lets finish",
    introduction: [
      `  AWS        ${url} with the pipelines ${verify.name} and ${release.name},`,
      "             whose events come to Interlock through a queue",
    ],
    guide: guideOf(url, administrator),
    behind: () => behind(running),
    async close() {
      await builder.close();
      await running.close();
      await notifications.close();
    },
  };
}

/** As an operator fills the template in who lets a queue bring the events. */
function permissionsFor(repository: string, notifications: Notifications): Promise<Permissions> {
  return readPermissions(
    {
      Repository: repository,
      Pipelines: "shop-*",
      BuildProjects: "shop-*",
      Artifacts: bucket,
      Releases: releasesTopicArn(region),
      "AWS::Partition": "aws",
      "AWS::Region": region,
      "AWS::AccountId": account,
      "Role.Arn": roleArn,
      "PipelineQueue.Arn": `arn:aws:sqs:${region}:${account}:${notifications.queue}`,
    },
    { BySqs: true, HasArtifactKey: false, MayStop: true, MayAct: true },
  );
}

/** The same stages as at the local engine, in two pipelines of AWS. */
export const codePipelinePlan = `version: 1
logs: public
exempt: ["**/*.md"]
pipelines:
  shop:
    branches: [main]
    paths: ["**"]
    verify:
      engine: codepipeline
      pipeline: shop-verify
      region: ${region}
      role: ${roleArn}
      stages:
        - Source
        - Build
        - name: Test
          reports: [reports/junit.xml]
    release:
      engine: codepipeline
      pipeline: shop-release
      region: ${region}
      role: ${roleArn}
      stages: [Source, Build, Production]
notify:
  - sns: ${releasesTopicArn(region)}
`;

/** Source actions find the commits of the embedded GitHub, of every branch. */
function commitsOf(shop: RepositoryHandle): SourceOf {
  return ({ repository, branch, sha: wanted }) => {
    const sha = resolveBranch(shop.data, wanted ?? branch);
    if (repository !== shop.fullName || sha === undefined) return undefined;
    const { message } = commitOf(shop.data.store, sha);
    const url = `https://github.com/${repository}/commit/${sha}`;
    return { id: sha, summary: message, url, branch, repository };
  };
}

/** Of anyone who asks. That an execution ended before it was stopped is nobody's mistake. */
const mistake =
  /^(?:AccessDenied|Unknown|Unrecognized|Missing|Expired|Validation|Invalid)|NotFound/;

function behind({ aws }: RunningAws): readonly Promised[] {
  const wrong = aws.log.all.filter(({ code = "" }) => mistake.test(code));
  return [
    {
      sentence: "Interlock asked AWS for nothing that it does not have or does not allow.",
      holds: aws.log.all.length > 0 && wrong.length === 0,
      instead: wrong
        .map(({ service, operation, code }) => `${service}:${operation}: ${code}`)
        .join("\n"),
    },
  ];
}

/** Commands for anyone who has AWS's own command line. */
function guideOf(url: string, { accessKeyId, secretAccessKey }: Credentials): string {
  return `  # The pipelines, with AWS's own command line
  export AWS_ENDPOINT_URL=${url} AWS_REGION=${region}
  export AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}
  aws codepipeline list-pipeline-executions --pipeline-name shop-verify
  aws codepipeline get-pipeline-state --name shop-release
`;
}
