// Every limit of the program, each with the document or the reason it comes from.

import { detectLimit } from "./limit-detect.ts";
import { planLimit } from "./limit-plan.ts";
import { reportLimit } from "./limit-report.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const day_ms = 24 * 60 * 60 * 1000;

export const limit = {
  command: {
    /** Answered to a person without permission to write, on one subject, in so long; our own choice. */
    answers: 20,
    window_ms: 60 * 60_000,
    /** The most that GitHub takes in one comment. */
    comment_chars: 65_536,
    /** A command that takes longer to arrive is answered and not carried out; our own choice. */
    age_ms: 6 * 60 * 60_000,
    /** Commands carried out of one comment; our own choice. */
    per_comment: 5,
    /** What an answer repeats of a word that is no command. */
    word_chars: 40,
  },
  plan: planLimit,
  detect: detectLimit,
  report: reportLimit,
  /** The local engine. All our own choice: one machine that also runs Interlock itself. */
  local: {
    /** Runs at the same time, and those of one installation; the rest wait in line. */
    running: 3,
    running_each: 2,
    /** Then a run ends where an installation without a place waits. The longest that a stage takes is a day. */
    hold_ms: 60 * 60_000,
    /** From SIGTERM to SIGKILL. */
    kill_grace_ms: 5_000,
    /** Of what bubblewrap and the shell that watches a command say in all: some hundred. */
    word_chars: 4_096,
    /** What is kept of a stage's output; the text of a check holds 65,535 characters for all stages. */
    output_lines: 200,
    output_bytes: 16 * KiB,
    line_chars: 1_000,
    /** A stage that prints more than this is ended. */
    output_total_bytes: 64 * MiB,
    /** For what was printed before the end and is still on its way. */
    drain_ms: 1_000,
    /** A commit's archive, compressed and unpacked. */
    archive_bytes: 512 * MiB,
    tree_bytes: 2_048 * MiB,
    tree_entries: 200_000,
    /** The longest path in an archive; Linux allows 4,096 with the workspace's own in front. */
    path_chars: 2_048,
    /** Files that are fetched one by one, because the archive has them otherwise than the commit. */
    completed_files: 200,
    fetch_tries: 3,
    fetch_wait_ms: 1_000,
    fetch_ms: 5 * 60_000,
    /** How long a commit waits for GitHub's rate limit, which lasts an hour at most. */
    fetch_limited_ms: 2 * 60 * 60_000,
    /** Workspace, home and temporary files of one run. */
    disk_bytes: 5_120 * MiB,
    disk_entries: 1_000_000,
    disk_watch_ms: 1_000,
    /** Folders inside each other; real trees have some thirty. */
    tree_depth: 128,
    memory_watch_ms: 250,
    /** Stages end, the largest first, before less than this is free on the disk. */
    reserve_bytes: 256 * MiB,
    free_watch_ms: 100,
    /** Of one isolated command: processes and threads, memory, files that a process has open. */
    processes: 1_024,
    memory_bytes: 4_096 * MiB,
    /** One process may reserve so much more: Node.js takes half a GiB of addresses that it does not use. */
    reserved_bytes: 1_024 * MiB,
    open_files: 4_096,
    /** Of all its processes together: they are looked through one by one. */
    open_files_all: 65_536,
    /** For the command that tries at the start whether isolation holds. */
    probe_ms: 30_000,
    /** A run does not begin with less than this free. */
    free_bytes: 512 * MiB,
    /** Workspaces of failed and stopped runs, for a retry; beyond it goes the oldest of the installation with the most. */
    kept: 10,
    keep_ms: 60 * 60_000,
    /** How often the runs of this process are looked up in the store, for a stop asked of another one. */
    watch_ms: 2_000,
    beat_ms: 10_000,
    /** A process silent for this long is taken for dead. */
    beat_lost_ms: 60_000,
    /** Before a write that the store did not take is tried again. */
    store_wait_ms: 1_000,
  },
  look: {
    /** Of each pipeline. What is in a stage was released before by one of so many. */
    releases: 100,
    /** Of a repository, newest first. */
    rollbacks: 200,
    /** Of those that speak of one commit, how many are told of a new verdict: more of them are a flood. */
    siblings_woken: 10,
    /** After a rollback its stage settles: what is asked for meanwhile without a commit is about what was there before. */
    settle_ms: 10 * 60_000,
    /** Commits that one release may carry with its own, newest first. */
    carried: 100,
    /** Commits back to where one came in that was heard of late; each is a comparison. */
    holders: 20,
    /** Commits that landed next, and earlier ones that wait, oldest first: more are told by these in turn. */
    later: 10,
    earlier: 10,
    /** A running execution in which nothing moves for so long may be held up from outside. */
    quiet_ms: 2 * 60_000,
    /** How often what is held up is looked at from outside. */
    survey_ms: 5 * 60_000,
    /** A look that could not read or finish everything is repeated after this. */
    again_ms: 5_000,
    /** Each further failure in a row doubles the wait, up to here. */
    again_ms_max: 5 * 60_000,
    /** Looks that wait for the budget come back within this of the moment when it has room. */
    spread_ms: 20_000,
    /** Whatever is open is looked at again within this. What is due later was timed by a clock that was wrong. */
    due_max_ms: 2 * 60 * 60_000,
    /** A running execution is asked after this even where no notice came. */
    running_ms: 60_000,
    /** No verdict is made from a reading of a pull request or a plan that is older. */
    fresh_ms: 30_000,
    /** Nothing is written outside on facts that are older: the subject is looked at again instead. */
    age_ms: 60_000,
    /** After a start was given up, until it is certain that it does not reach its engine: `age_ms`, and the time of the request. */
    arrive_ms: 3 * 60_000,
    /** GitHub may answer 404 for something that it has just told us of. */
    young_ms: 60_000,
    /** GitHub may answer with a state from before its own event; after this it is believed whatever events told. */
    stale_ms: 10 * 60_000,
    /** Earlier heads and bases that are known again in such an answer. */
    left: 20,
    /** How long a later commit waits for an earlier one that gets no verdict. */
    order_ms: 10 * 60_000,
    /** After the deadline of a release whose engine is turned off, until later ones wait for it no longer. */
    engine_gone_ms: 10 * 60_000,
  },
  page: {
    /** GitHub refuses a longer summary or text; it counts bytes. docs.github.com/rest/checks/runs */
    bytes: 65_535,
    /** Annotations per request. docs.github.com/rest/checks/runs */
    annotations: 50,
    annotation_title_chars: 255,
    /** GitHub allows 64 kB a message; nobody reads that. */
    annotation_chars: 4_000,
    title_chars: 140,
    /** Failing tests and problems of a plan listed on a page. */
    problems: 50,
    /** Failing tests on the gate itself. */
    gate_tests: 5,
    preview: 50,
    /** Differences, executions of others and rollbacks listed on a part's page. */
    around: 10,
    paths: 20,
    executions: 10,
    /** A run in progress is not shown before this: a short one is posted once, with its result. */
    quiet_ms: 2_000,
    /** Between two updates of a check that stays in progress. */
    progress_ms: 10_000,
    /** The gate only waits meanwhile: where it stands is told by the checks of the parts. */
    gate_progress_ms: 60_000,
  },
  /** How long what is no longer needed is kept. */
  keep: {
    /** GitHub lists deliveries for 30 days and lets them be asked for again for three. */
    deliveries_ms: 14 * day_ms,
    /** Closed subjects with all that belongs to them: long enough to explain a merge of last quarter. */
    subjects_ms: 90 * day_ms,
    /** What events told: GitHub's answers are held against it for `look.stale_ms`. */
    told_ms: day_ms,
    /** Tips of branches where nothing lands any more. */
    tips_ms: 365 * day_ms,
    /** Deleted at once of each kind: the rest goes with the next sweeps. */
    at_once: 5_000,
    /** Readings of GitHub; a dropped one costs one request. */
    readings_ms: 7 * day_ms,
    /** Rows of the audit trail. The database itself refuses to delete any that is under 365 days old. */
    audit_ms: 366 * day_ms,
  },
  store: {
    /** Rows of the audit trail that are read at once. */
    audit_page: 1_000,
    /** Connections of one process; PostgreSQL allows 100 by default. */
    connections: 10,
    connect_ms: 10_000,
    /** Free space that a new embedded store demands; it begins with about half of it. */
    new_bytes: 128 * MiB,
    /** Written into the data folder at a start, and removed, to see whether it takes anything. */
    probe_bytes: 64 * KiB,
    /** Until the connection that listens is opened again; work is found by polling meanwhile. */
    reconnect_ms: 1_000,
    /** Statements that each connection keeps planned; the program has about half as many. */
    planned: 200,
    /** Snapshots of looks of which this process knows that they are in the store as it wrote them. */
    snapshots: 10_000,
    /** Tries of a transaction that the database asks to repeat. */
    attempts: 5,
    /** Log that PGlite reads again after a crash, at most; one segment of it has 16 MB. */
    wal_mb: 64,
    /** PGlite takes 128 unless told. */
    buffers_mb: 32,
    /** Between two looks for lanes that hold jobs. */
    lanes_ms: 20,
    /** Jobs are announced; this finds those whose announcement was lost. */
    poll_ms: 5_000,
    /** A process that is silent for longer has lost its leases; pg-boss allows no less than 10. */
    heartbeat_s: 10,
    beat_ms: 3_000,
    /** A transaction in which nothing happens for so long: its process is paused, and the others wait for its locks. */
    idle_ms: 10_000,
    /** How often replicas look for such leases. */
    supervise_s: 5,
    /** Alone there are none to look for. */
    supervise_alone_s: 3_600,
    /** Parts of pg-boss that are not used. */
    unused_s: 86_400,
    /** Longest work on one subject; pg-boss then gives the job to another worker. */
    lease_s: 900,
    /** A job waits for as long as it takes; pg-boss deletes what waits longer. */
    waiting_s: 10 * 365 * 86_400,
    /** A job that cannot wait because another one waits for the same subject. */
    failed_s: 60,
    /** The largest that pg-boss can store: no job is ever given up. */
    retries: 2 ** 31 - 1,
    retry_s: 1,
    retry_max_s: 60,
  },
  receive: {
    /** How often requests without our signature are told, with their count. */
    unsigned_ms: 60_000,
    /** Deliveries that share one commit. */
    group: 256,
    /** Commits at the same time on a server: while it stores one group, the next is read. */
    groups: 2,
    /** Beyond this the sender is told that we are out of order, and asks again by itself or on our request. */
    waiting: 20_000,
    /** So many that share a commit pour in, until so long after it. */
    pouring: 5,
    pouring_ms: 50,
    /** What other work goes on meanwhile: a little more than GitHub lets one installation write. */
    trickle_ms: 250,
    /** How long a commit waits for those that come in at the same time. */
    gather_ms: 3,
    /** GitHub sends no larger payload. docs.github.com/webhooks/webhook-events-and-payloads#payload-cap */
    body_bytes: 25 * MiB,
    guid_chars: 100,
    /** GitHub lets a delivery be sent again for three days; a comment that comes later was recorded by somebody. */
    comment_ms: 4 * day_ms,
  },
  github: {
    /** Lists of a commit's files that are kept: some megabytes each, needed while a commit's stages end. */
    kept_trees: 4,
    /** docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits */
    points: 900,
    read_points: 1,
    write_points: 5,
    /**
     * What a replica takes of the budget that all share: at least and at most so many points at once, to be
     * used for so long. A refusal is asked about again after a moment.
     */
    slice: { least: 5, most: 40, use_ms: 3_000, again_ms: 2_000 },
    window_ms: 60_000,
    /** How often GitHub is asked who the App is until it says so, and afterwards; and how long readiness waits for it. */
    introduce_ms: 30_000,
    introduced_ms: 60 * 60_000,
    introduction_ms: 5_000,
    /** Installations whose missing permissions are told one by one. */
    gaps_told: 20,
    /** A clock that differs by more is told: GitHub takes no signature of its future. docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app */
    clock_s: 30,
    /** What a look at a pull request takes: its reads, its gate, and a page. */
    look_points: 15,
    /** Kept free of pages, so that a verdict never waits for them. */
    gate_reserve_points: 300,
    /** Kept free of writes, so that what they depend on can still be read. */
    read_reserve_points: 100,
    /** Times that a branch has taken its base in and is asked about: one request each, once. */
    joints: 20,
    /** Commits whose pull requests are asked for where their authors may not approve: one request each. */
    authors_commits: 100,
    /** docs.github.com/rest/pulls/pulls#list-pull-requests-files */
    pull_files: 3_000,
    /** docs.github.com/rest/commits/commits#compare-two-commits */
    compare_files: 300,
    /** Of a folder. docs.github.com/rest/repos/contents#get-repository-content */
    listed_files: 1_000,
    /** A comparison that GitHub refuses so often, and for so long, counts as a cut list. */
    unlisted_tries: 3,
    unlisted_ms: 20_000,
    /** Of 100 entries each. */
    pages: 100,
    /**
     * Asked for with one query. GitHub ends one that takes longer than ten seconds.
     * docs.github.com/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api#timeouts
     */
    graph_repositories: 25,
    graph_commits: 50,
    parsed_plans: 500,
    /** Answers about what a SHA names that are kept in memory, and how long one may be as JSON. */
    unchanging: 2_000,
    unchanging_chars: 4_096,
    /** A permission to write counts for so long, and is asked for so often where it comes too late. */
    permit_ms: 2_000,
    permits: 3,
    request_ms: 15_000,
    /** docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits */
    content: { per_minute: 80, minute_ms: 60_000, per_hour: 500, hour_ms: 60 * 60_000 },
    /**
     * A write that GitHub refused. It wants at least a minute after a 403 that names no time; a commit that
     * was just pushed shows within seconds. Twelve tries take six hours, or two days after a 403.
     * docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
     */
    refusal: {
      first_ms: 5_000,
      forbidden_ms: 60_000,
      longest_ms: 12 * 60 * 60_000,
      tries_max: 12,
      /** What was given up may be tried again after this. */
      forget_ms: 14 * day_ms,
      kept: 10_000,
    },
  },
  /** What AWS tells by itself. */
  hint: {
    /** A message has at most 256 KB, and JSON in JSON grows. docs.aws.amazon.com/general/latest/gr/sns.html */
    body_bytes: 1024 * KiB,
    /** Of a 2,048-bit key it has 344 characters. docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html */
    signature_chars: 1_024,
    /** SNS repeats a message for less than an hour. docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html */
    age_ms: 60 * 60_000,
    /** A message that was stored before is repeated by SNS itself up to here: three times, 20 seconds apart. */
    repeat_ms: 5 * 60_000,
    /** Clocks differ. */
    future_ms: 5 * 60_000,
    /** A signing certificate has about 2 KiB. */
    certificate_bytes: 16 * KiB,
    certificate_ms: 5_000,
    /** Certificates kept, and for how long; AWS changes them a few times a year. */
    certificates: 20,
    certificate_keep_ms: 24 * 60 * 60_000,
    /** Certificates fetched at the same time: more are asked for by forgers only. */
    certificates_fetched: 4,
    /** SNS waits 15 seconds for an answer. */
    confirm_ms: 8_000,
  },
  /** docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html */
  sqs: {
    batch: 10,
    wait_s: 20,
    /** Messages that could not be stored, remembered by their ids. */
    refused: 1_000,
    /** Beyond `wait_s`, for an answer that is under way. */
    answer_ms: 10_000,
    /** After a failed call, doubled up to the longest. */
    again_ms: 1_000,
    again_ms_max: 60_000,
  },
  /** AWS CodePipeline. Where no document is named, it is our own choice. */
  codepipeline: {
    /** Calls at once in one account and region, and those that come after. AWS publishes no figure; starts were throttled beyond 20 quick ones. */
    burst: 20,
    calls_per_s: 5,
    /** A call that would wait longer for its turn is left to the next look. */
    wait_ms: 10_000,
    connect_ms: 5_000,
    request_ms: 15_000,
    /** Tries of a call that may be repeated. */
    attempts: 3,
    /** The longest for a role that another role assumes. docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
    session_s: 3_600,
    /** The SDK asks for new credentials five minutes before the end of the old ones. */
    renew_ms: 6 * 60_000,
    /** Clients of roles kept, by role, region and repository. */
    sessions: 500,
    /** A list of executions serves everybody who asks within this time. */
    recent_ms: 5_000,
    /**
     * The actions of an execution are read again after this even where AWS says that nothing moved: so many
     * a minute, or one of so many that run. A hundred take 25 minutes, up to twenty no longer than this.
     */
    deep_ms: 5 * 60_000,
    deep_reads: 4,
    deep_share: 25,
    /** AWS may not show what it has just started. */
    young_ms: 10_000,
    /**
     * How long the token of a start is counted on to give the same execution again. AWS names no time for
     * it; the shortest that it names for such a token is five minutes. API_StartBuild.html of CodeBuild
     */
    token_ms: 4 * 60_000,
    /** A way that was closed for a stop is opened again after so long, where AWS goes on with the execution. */
    stop_ms: 10 * 60_000,
    /** Clocks differ: an execution may seem to be older than the request for it. */
    skew_ms: 5 * 60_000,
    /** How long the state of a pipeline and the list of its executions serve a drift report. */
    survey_ms: 5 * 60_000,
    /** States and lists kept of one kind; the list of a page may have 60 KB. */
    shared: 200,
    /** Between two looks at a pipeline for what others have started in it. */
    patrol_ms: 5 * 60_000,
    /** A list that young serves such a look too: anyone who follows an execution reads one a minute. */
    patrol_list_ms: 90_000,
    /** Between what was told of somebody else's execution and a look at it: its commit may not show at once. */
    suspect_ms: 2_000,
    /** Pipelines with a run since then are looked at, and so many runs at most of each and of all, newest first. */
    patrol_since_ms: 7 * day_ms,
    patrol_runs: 200,
    patrol_runs_all: 2_000,
    /** Executions of which a reading is kept in memory, and those of them with all their reports after their end. */
    readings: 2_000,
    ended: 50,
    /** Structures of pipelines kept by their version; one has about a kilobyte. */
    structures: 1_000,
    /** What is kept of the notices of one execution. */
    heard_chars: 4_000,
    /** Entries of one page, and pages of one list. API_ListPipelineExecutions.html, API_ListActionExecutions.html */
    page: 100,
    pages: 10,
    /** Texts, as the API reference allows them. docs.aws.amazon.com/codepipeline/latest/APIReference/ */
    variable_chars: 1_000,
    stop_reason_chars: 200,
    transition_reason_chars: 300,
    approval_summary_chars: 512,
    /** API_AssumeRole.html */
    session_name_chars: 64,
    /** What is repeated of an error message of AWS; it has up to 5,000 characters. */
    why_chars: 1_000,
    /** What is kept of the log of a failed action. */
    log_lines: 200,
    log_bytes: 16 * KiB,
    line_chars: 1_000,
    /** An artifact as it lies in S3; it is held in memory while it is read. */
    artifact_bytes: 128 * MiB,
    /** For one artifact to come, and for one to wait until it may be read: two are held at once in a process. */
    artifact_ms: 60_000,
    downloads: 2,
    /** All that is unpacked of one stage's artifacts. */
    unpacked_bytes: reportLimit.total_bytes,
    artifacts: 10,
    /** API_BatchGetBuilds.html, API_BatchGetReports.html */
    batch: 100,
  },
  notify: {
    /** docs.aws.amazon.com/sns/latest/api/API_Publish.html: less than 100. */
    subject_chars: 99,
    /** API_Publish.html: 256 KB for the message with its attributes. */
    message_bytes: 256 * KiB,
    sentence_chars: 2_000,
    /** What is kept of why a try failed. */
    why_chars: 500,
    /** What is older is no news, for anyone who is added to the list late. */
    news_ms: day_ms,
    every_ms: 2_000,
    /** Sent at the same time. */
    together: 20,
    request_ms: 10_000,
    /** One try with all that it takes: the role's credentials, a connection, an answer. */
    try_ms: 20_000,
    /** Until somebody else may try, should the sender be dead: longer than a try, by what clocks may differ. */
    lease_ms: 60_000,
    /** After a failed try, doubled up to the longest: with all tries, most of a day. */
    again_ms: 5_000,
    again_ms_max: 60 * 60_000,
    attempts: 30,
    /** Connections to topics that are kept open. */
    clients: 50,
  },
  sweep: {
    every_ms: 3 * 60_000,
    /** A repository in which nothing seems to happen is looked at all the same after this. */
    whole_ms: 12 * 60 * 60_000,
    /** A gate that is not awaited any more is compared with GitHub for so long. */
    gates_ms: 60 * 60_000,
    /** GitHub keeps deliveries for three days. docs.github.com/webhooks/testing-and-troubleshooting-webhooks */
    redeliver_ms: 3 * 24 * 60 * 60_000,
    /** Deliveries are looked up again for as long as one may have been under way. */
    overlap_ms: 10 * 60_000,
    /** Of 100 deliveries each. */
    delivery_pages: 50,
    /** The longest wait before a delivery that keeps failing is asked for once more. */
    distance_ms: 6 * 60 * 60_000,
  },
  inquiry: {
    /** Of the name of a Unix socket: 107 on Linux, 103 on macOS. unix(7) */
    path_bytes: 103,
    /** Commands of the operator at once. */
    connections: 16,
    /** How often, and how long in between, a command asks an Interlock that holds the folder and does not listen yet. */
    tries: 40,
    again_ms: 250,
  },
  web: {
    /** GitHub waits 10 seconds for its answer. docs.github.com/webhooks/using-webhooks/best-practices-for-using-webhooks */
    request_ms: 10_000,
    headers_ms: 5_000,
    /** How often requests are looked at for being late; Node does it every 30 seconds unless told. */
    late_ms: 1_000,
    /** Open at the same time; one more takes the place of one that says nothing. GitHub had 32 at once in the bench's largest flood; each takes about 20 KiB. */
    connections: 1_000,
    /** Held of all bodies whose senders are not verified: the largest that GitHub sends, and many small ones beside it. */
    unverified_bytes: 32 * MiB,
    /** They are held in blocks of this size, which are used again. */
    block_bytes: 16 * KiB,
    /** Read of bodies beyond `ordinary_bytes` until memory is given back, which takes about 2 ms. */
    collect_bytes: 16 * MiB,
    /** An opened pull request has about 21 KiB; nearly all that GitHub sends is smaller than this. */
    ordinary_bytes: 256 * KiB,
    /** Of a body that is refused so much is still read, so that its sender sees the answer. */
    drain_bytes: 32 * MiB,
    /** The form of the set-up flow has three short fields. */
    form_chars: 4_096,
    /** What `/readyz` found out serves everybody who asks within this. */
    ready_ms: 1_000,
    /** How often idle connections are looked for while the program stops. */
    idle_ms: 50,
  },
  work: {
    /** Subjects looked at together; each needs the database and GitHub more than a processor. */
    workers: 16,
    /** Of them for one installation, while it alone has work and while another has some too. */
    calm: { alone: 8, beside: 4 },
    /** The same while the event loop has no time left: what is under way then slows everybody down. */
    loaded: { alone: 2, beside: 1 },
    /** The part of the time that the loop is at work, and over how long it is measured at least. */
    loaded_part: 0.7,
    load_ms: 50,
    /** Repositories that are compared with GitHub at once, and how often one of an installation: 3 requests each. */
    resyncs: 2,
    resync_every_ms: 600,
    /** How often the store is asked for its time; clocks drift by less than a millisecond meanwhile. */
    clock_ms: 10_000,
    /** How often due times are read. */
    due_ms: 1_000,
    /** From SIGTERM to the end. */
    stop_ms: 10_000,
  },
} as const;
