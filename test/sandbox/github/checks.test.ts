// Check runs over the API: limits, filters, and who may touch them.
import { expect, test } from "vitest";
import { smallWorld } from "./world.ts";

function worldWithHead() {
  const world = smallWorld();
  const head_sha = world.shop.commit({ branch: "feature", files: { a: "1" } });
  const { checks } = world.asInstallation.rest;
  const run = { ...world.where, name: "interlock", head_sha };
  return { ...world, head_sha, checks, run };
}

const annotations = (count: number) =>
  Array.from({ length: count }, (_, i) => ({
    path: "a",
    start_line: i + 1,
    end_line: i + 1,
    annotation_level: "failure" as const,
    message: `wrong ${i}`,
  }));

const action = { label: "Retry", description: "Again", identifier: "retry" };
const texts = { title: "t", summary: "s" };

test.each([
  ["completed without a conclusion", { status: "completed" }],
  ["an output without a summary", { output: { title: "t" } }],
  ["a summary of 65,536 characters", { output: { title: "t", summary: "x".repeat(65_536) } }],
  ["a text of 65,536 characters", { output: { ...texts, text: "x".repeat(65_536) } }],
  ["51 annotations", { output: { ...texts, annotations: annotations(51) } }],
  ["columns over several lines", { output: { ...texts, annotations: [wide()] } }],
  ["four actions", { actions: [action, action, action, action] }],
  ["a label of 21 characters", { actions: [{ ...action, label: "x".repeat(21) }] }],
  ["a description of 41 characters", { actions: [{ ...action, description: "x".repeat(41) }] }],
  ["an identifier of 21 characters", { actions: [{ ...action, identifier: "x".repeat(21) }] }],
  ["a conclusion that does not exist", { conclusion: "fine" }],
  ["the conclusion that only GitHub sets", { conclusion: "stale" }],
  ["a commit that does not exist", { head_sha: "f".repeat(40) }],
])("refuses %s", async (_, fields) => {
  const { asInstallation, run, shop } = worldWithHead();
  const create = asInstallation.request("POST /repos/{owner}/{repo}/check-runs", {
    ...run,
    ...(fields as object),
  });
  await expect(create).rejects.toMatchObject({ status: 422 });
  expect(shop.checks("feature").size).toBe(0);
});

test("a run goes from queued to completed, and back when it runs again", async () => {
  const { checks, run, where, clock, problems } = worldWithHead();
  const { data } = await checks.create({ ...run, external_id: "key-1" });
  const check_run_id = data.id;
  expect(data).toMatchObject({ status: "queued", conclusion: null, external_id: "key-1" });
  clock.advance(60_000);
  const done = await checks.update({ ...where, check_run_id, conclusion: "failure" });
  expect(done.data).toMatchObject({
    status: "completed",
    conclusion: "failure",
    completed_at: "2025-03-03T09:01:00Z",
  });
  const again = await checks.update({ ...where, check_run_id, status: "in_progress" });
  expect(again.data).toMatchObject({ status: "in_progress", conclusion: null, completed_at: null });
  expect(problems).toEqual([]);
});

test("completion is told once, however often a run is changed afterwards", async () => {
  const { checks, run, where, heard } = worldWithHead();
  const { data } = await checks.create({ ...run, conclusion: "success" });
  expect(data.pull_requests).toEqual([]);
  const told = ["check_run.created", "check_run.completed", "check_suite.completed"];
  expect((await heard()).slice(-3)).toEqual(told);
  await checks.update({ ...where, check_run_id: data.id, output: texts });
  await checks.update({ ...where, check_run_id: data.id, conclusion: "success" });
  expect(await heard()).toEqual([]);
});

test("annotations add up over updates and come in pages", async () => {
  const { checks, run, where } = worldWithHead();
  const output = { ...texts, annotations: annotations(50) };
  const { data } = await checks.create({ ...run, output });
  const ours = { ...where, check_run_id: data.id };
  const updated = await checks.update({ ...ours, output });
  expect(updated.data.output.annotations_count).toBe(100);
  const page = await checks.listAnnotations({ ...ours, per_page: 60, page: 2 });
  expect(page.data).toHaveLength(40);
  expect(page.headers.link).toContain('rel="prev"');
});

test("the list has the newest run of each name, or all, and can be narrowed", async () => {
  const { github, shop, checks, run, where, head_sha } = worldWithHead();
  const first = await checks.create(run);
  const second = await checks.create(run);
  const app = github.registerOtherApp("other");
  const theirs = shop.reportCheck({ app, sha: head_sha, name: "interlock" });
  const ids = async (filter: object) => {
    const { data } = await checks.listForRef({ ...where, ref: "feature", ...filter });
    expect(data.total_count).toBe(data.check_runs.length);
    return data.check_runs.map((r) => r.id);
  };
  expect(await ids({})).toEqual([theirs.id, second.data.id]);
  expect(await ids({ filter: "all" })).toEqual([theirs.id, second.data.id, first.data.id]);
  expect(await ids({ app_id: app.id })).toEqual([theirs.id]);
  expect(await ids({ check_name: "other" })).toEqual([]);
  expect(await ids({ status: "completed" })).toEqual([]);
});

test("only its own app changes a run, and only apps make them", async () => {
  const { github, shop, as, checks, run, where, head_sha } = worldWithHead();
  const app = github.registerOtherApp("other");
  const theirs = shop.reportCheck({ app, sha: head_sha, name: "ci" });
  const change = checks.update({ ...where, check_run_id: theirs.id, conclusion: "success" });
  await expect(change).rejects.toMatchObject({ status: 403 });
  await expect(as("boss").rest.checks.create(run)).rejects.toMatchObject({ status: 403 });
});

test("re-running asks the app and leaves the run as it is", async () => {
  const { shop, checks, run, where, as, heard, hooks, github } = worldWithHead();
  const { data } = await checks.create({ ...run, conclusion: "failure" });
  await heard();
  await as("dev").rest.checks.rerequestRun({ ...where, check_run_id: data.id });
  await github.settled();
  expect(hooks).toMatchObject([
    { event: "check_run", payload: { action: "rerequested", sender: { login: "dev" } } },
  ]);
  expect(shop.checks("feature").get("interlock")?.conclusion).toBe("failure");
});

test("protection set without an app takes the one that reported last, -1 takes any", async () => {
  const { github, shop, as, head_sha, where } = worldWithHead();
  shop.reportCheck({ app: github.app, sha: head_sha, name: "interlock" });
  const protect = async (check: { context: string; app_id?: number }) => {
    const { data } = await as("boss").rest.repos.updateBranchProtection({
      ...where,
      branch: "main",
      required_status_checks: { strict: false, contexts: [], checks: [check] },
      enforce_admins: true,
      required_pull_request_reviews: null,
      restrictions: null,
    });
    return data.required_status_checks?.checks;
  };
  const context = "interlock";
  expect(await protect({ context })).toEqual([{ context, app_id: github.app.id }]);
  expect(await protect({ context, app_id: -1 })).toEqual([{ context, app_id: null }]);
  expect(await protect({ context: "ci" })).toEqual([{ context: "ci", app_id: null }]);
});

test("a button is told to its app with its identifier", async () => {
  const { shop, checks, run, heard, hooks, github } = worldWithHead();
  await checks.create({ ...run, actions: [action] });
  await heard();
  const made = shop.checks("feature").get("interlock");
  if (made) shop.press(made, "Retry", "dev");
  await github.settled();
  expect(hooks[0]?.payload).toMatchObject({
    action: "requested_action",
    requested_action: { identifier: "retry" },
  });
  expect(() => made && shop.press(made, "Explode", "dev")).toThrow("no button");
});

function wide() {
  return {
    path: "a",
    start_line: 1,
    end_line: 2,
    start_column: 3,
    annotation_level: "notice",
    message: "m",
  };
}
