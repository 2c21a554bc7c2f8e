// The checker of the contract finds what GitHub's description does not allow.
import { expect, test } from "vitest";
import { checkExchange, checkRequest } from "./contract.ts";

const runs = "https://api.github.com/repos/acme/shop/check-runs";
const run = { name: "interlock", head_sha: "a".repeat(40) };
const post = (body: unknown) => checkRequest({ method: "POST", url: runs, body });

test("a request as described has no problem", () => {
  expect(post({ ...run, status: "in_progress", output: { title: "t", summary: "s" } })).toEqual([]);
  expect(checkRequest({ method: "GET", url: "/repos/a/b/contents/x/y.js?ref=main" })).toEqual([]);
  expect(checkRequest({ method: "GET", url: "/repos/a/b/commits/main/check-runs" })).toEqual([]);
  expect(checkRequest({ method: "PUT", url: "/repos/a/b/pulls/1/merge" })).toEqual([]);
});

test.each([
  ["a path that does not exist", "GET", "/repos/a/b/stargazers", undefined],
  ["a method that does not exist", "PUT", "/repos/a/b/check-runs", undefined],
  ["a query parameter that does not exist", "GET", "/repos/a/b/pulls?colour=red", undefined],
  ["a query value that is not allowed", "GET", "/repos/a/b/pulls?state=gone", undefined],
  ["a number that is none", "GET", "/repos/a/b/pulls/one", undefined],
  ["a missing body", "POST", runs, undefined],
  ["a body without a required field", "POST", runs, { name: "interlock" }],
  ["a field that does not exist", "POST", runs, { ...run, colour: "red" }],
  ["a field of the wrong type", "POST", runs, { ...run, name: 1 }],
  ["a value that is not allowed", "POST", runs, { ...run, conclusion: "fine" }],
  [
    "an inner field that does not exist",
    "POST",
    runs,
    { ...run, output: { ...texts(), html: "" } },
  ],
  ["a text that is too long", "POST", runs, { ...run, output: texts("x".repeat(65_536)) }],
  ["a body where none is known", "GET", "/repos/a/b/pulls", { state: "open" }],
])("a request with %s is a problem", (_, method, url, body) => {
  expect(checkRequest({ method, url, body })).toHaveLength(1);
});

test("an answer that misses a field, or has a wrong type, or an unknown status, is a problem", () => {
  const request = { method: "GET", url: "/repos/a/b/git/ref/heads/main" };
  const object = { type: "commit", sha: "a".repeat(40), url: "u" };
  const ref = { ref: "refs/heads/main", node_id: "n", url: "u", object };
  expect(checkExchange(request, { status: 200, body: ref })).toEqual([]);
  expect(checkExchange(request, { status: 200, body: { ...ref, object: {} } })).not.toEqual([]);
  expect(checkExchange(request, { status: 200, body: { ...ref, ref: null } })).toHaveLength(1);
  expect(checkExchange(request, { status: 200 })).toHaveLength(1);
  expect(checkExchange(request, { status: 201, body: ref })).toHaveLength(1);
});

test("a reading may be as it was, and a write may not", () => {
  const request = { method: "GET", url: "/repos/a/b/branches" };
  expect(checkExchange(request, { status: 304 })).toEqual([]);
  expect(checkExchange(request, { status: 304, body: [] })).toHaveLength(1);
  const write = { method: "PUT", url: "/repos/a/b/pulls/1/merge" };
  expect(checkExchange(write, { status: 304 })).toHaveLength(1);
});

test("any request may fail, with a message", () => {
  const request = { method: "GET", url: "/repos/a/b/pulls/1/commits" };
  expect(checkExchange(request, { status: 502, body: { message: "Server Error" } })).toEqual([]);
  expect(checkExchange(request, { status: 502, body: [] })).toHaveLength(1);
});

function texts(summary = "s") {
  return { title: "t", summary };
}
