// Plans of every shape, for properties that hold for all of them.

import fc from "fast-check";
import { commandTable } from "../../src/core/model/command.ts";
import {
  type LocalPart,
  type Notify,
  notificationKinds,
  type Pipeline,
  type Plan,
  roles,
} from "../../src/core/model/plan.ts";

const name = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,30}[A-Za-z0-9])?$/),
  fc.constantFrom(
    "1",
    "01",
    "true",
    "null",
    "0x10",
    "1e3",
    "unit tests",
    "constructor",
    "-0".slice(1),
  ),
);

const segment = fc.stringMatching(/^[a-z*?]{1,6}$/).map((text) => text.replace(/\*{2,}/g, "*"));
const include = fc
  .array(fc.oneof({ weight: 4, arbitrary: segment }, fc.constant("**")), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => ["a", ...parts].join("/"));
const exclude = include.map((glob) => `!${glob}`);
export const globs = fc
  .tuple(fc.array(include, { minLength: 1, maxLength: 3 }), fc.array(exclude, { maxLength: 2 }))
  .map(([yes, no]) => [...no, ...yes]);

const run = fc.oneof(
  fc.stringMatching(/^[!-~]([ -~]{0,60}[!-~])?$/),
  fc
    .array(fc.stringMatching(/^[!-~]{1,10}$/), { minLength: 2, maxLength: 4 })
    .map((lines) => `${lines.join("\n")}\n`),
  fc.constantFrom("- a: b", "#", "'", '"', "{", "a # b", "true", "1", "ä 😀", "a\n\n  b\n\tc\n"),
);

const unique = { selector: ({ name }: { name: string }) => name.toLowerCase() };

const part: fc.Arbitrary<LocalPart> = fc.record({
  engine: fc.constant("local" as const),
  deadline_ms: fc.integer({ min: 3_600, max: 7 * 86_400 }).map((seconds) => seconds * 1_000),
  stages: fc.uniqueArray(
    fc.record({
      name,
      run,
      reports: fc.array(include, { maxLength: 2 }),
      timeout_ms: fc.integer({ min: 1, max: 3_600 }).map((seconds) => seconds * 1_000),
    }),
    { minLength: 1, maxLength: 5, ...unique },
  ),
});

const pipeline: fc.Arbitrary<Pipeline> = fc.record({
  name,
  branches: globs,
  paths: globs,
  verify: part,
  release: fc.option(part),
});

const commands = fc
  .uniqueArray(fc.constantFrom(...commandTable.map(({ verb }) => verb)))
  .chain((verbs) =>
    fc
      .array(fc.integer({ min: 0, max: roles.length - 1 }), {
        minLength: verbs.length,
        maxLength: verbs.length,
      })
      .map((weakest) =>
        Object.fromEntries(verbs.map((verb, index) => [verb, roles.slice(weakest[index])])),
      ),
  );

const notify: fc.Arbitrary<Notify> = fc.record({
  topic: fc
    .stringMatching(/^[\w-]{1,40}$/)
    .map((topic) => `arn:aws:sns:eu-west-1:111122223333:${topic}`),
  kinds: fc.uniqueArray(fc.constantFrom(...notificationKinds), { minLength: 1 }),
});

export const anyPlan: fc.Arbitrary<Plan> = fc.record({
  exempt: fc.oneof(fc.constant([]), globs),
  pipelines: fc.uniqueArray(pipeline, { minLength: 1, maxLength: 4, ...unique }),
  commands,
  notify: fc.uniqueArray(notify, { maxLength: 3, selector: ({ topic }) => topic }),
});
