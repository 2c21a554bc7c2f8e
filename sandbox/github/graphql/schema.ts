// The part of GitHub's GraphQL schema that is here, with GitHub's own names; a test holds it against the whole.

export const definition = /* GraphQL */ `
  scalar DateTime
  scalar GitObjectID
  scalar URI

  type Query {
    repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
  }

  type Repository {
    nameWithOwner: String!
    isArchived: Boolean!
    pushedAt: DateTime
    defaultBranchRef: Ref
    refs(refPrefix: String!, first: Int): RefConnection
    pullRequests(
      first: Int
      states: [PullRequestState!]
      orderBy: IssueOrder
    ): PullRequestConnection!
    object(oid: GitObjectID): GitObject
  }

  type Ref {
    name: String!
    target: GitObject
  }

  type RefConnection {
    nodes: [Ref]
    totalCount: Int!
  }

  enum PullRequestState {
    CLOSED
    MERGED
    OPEN
  }

  enum IssueOrderField {
    COMMENTS
    CREATED_AT
    UPDATED_AT
  }

  enum OrderDirection {
    ASC
    DESC
  }

  input IssueOrder {
    direction: OrderDirection!
    field: IssueOrderField!
  }

  type PullRequestConnection {
    nodes: [PullRequest]
    totalCount: Int!
  }

  type PullRequest {
    number: Int!
    headRefOid: GitObjectID!
    baseRefName: String!
  }

  interface GitObject {
    oid: GitObjectID!
  }

  type Commit implements GitObject {
    oid: GitObjectID!
    checkSuites(first: Int, filterBy: CheckSuiteFilter): CheckSuiteConnection
  }

  input CheckSuiteFilter {
    appId: Int
    checkName: String
  }

  type CheckSuiteConnection {
    nodes: [CheckSuite]
    totalCount: Int!
  }

  type CheckSuite {
    app: App
    checkRuns(first: Int, filterBy: CheckRunFilter): CheckRunConnection
  }

  type App {
    databaseId: Int
    slug: String!
  }

  enum CheckRunType {
    ALL
    LATEST
  }

  input CheckRunFilter {
    appId: Int
    checkName: String
    checkType: CheckRunType
  }

  type CheckRunConnection {
    nodes: [CheckRun]
    totalCount: Int!
  }

  type CheckRun {
    name: String!
    status: CheckStatusState!
    conclusion: CheckConclusionState
    externalId: String
    title: String
    startedAt: DateTime
  }

  enum CheckStatusState {
    COMPLETED
    IN_PROGRESS
    PENDING
    QUEUED
    REQUESTED
    WAITING
  }

  enum CheckConclusionState {
    ACTION_REQUIRED
    CANCELLED
    FAILURE
    NEUTRAL
    SKIPPED
    STALE
    STARTUP_FAILURE
    SUCCESS
    TIMED_OUT
  }
`;
