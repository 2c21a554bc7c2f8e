// Which file of the commit a report means: the one that it can only be, or none.

import { expect, test } from "vitest";
import { fileTree, placeIn, type Whereabouts } from "../../src/core/model/place.ts";

const paths = [
  "index.ts",
  "setup.py",
  "src/index.ts",
  "packages/cart/src/add.ts",
  "packages/cart/src/add.test.ts",
  "packages/cart/src/index.ts",
  "packages/pay/src/index.ts",
  "packages/pay/src/pay.test.ts",
  "services/api/src/main/java/com/acme/Price.java",
  "services/api/src/test/java/com/acme/PriceTest.java",
  "services/api/basket_test.go",
  "tests/unittest/case.py",
  "typing.py",
  "Shop.Tests/CartTests.cs",
];
const tree = fileTree({ paths, whole: true });

const at = (told: Partial<Whereabouts>): Whereabouts => ({
  file: null,
  line: null,
  frames: [],
  root: "",
  ...told,
});

const fileOf = (file: string, root = "", report = "reports/junit.xml") =>
  placeIn(tree, at({ file, root, line: 3 }), report)?.file ?? null;

test.each([
  ["as the repository has it", "src/index.ts", "src/index.ts"],
  ["of a package, which has it alone", "src/add.test.ts", "packages/cart/src/add.test.ts"],
  ["of a package, by its name alone", "pay.test.ts", "packages/pay/src/pay.test.ts"],
  ["with steps out of the package", "../cart/src/add.ts", "packages/cart/src/add.ts"],
  ["with the folder of the checkout in front", "shop/src/index.ts", "src/index.ts"],
  [
    "with a checkout's folder, and one that fits",
    "shop/packages/pay/src/pay.test.ts",
    "packages/pay/src/pay.test.ts",
  ],
  ["in a folder that the repository lacks", "dist/add.test.js", null],
  ["that has only its name in common", "pay/index.ts", null],
  ["that two packages have", "src/pay/../index.js", null],
  ["no path", "node:internal/modules", null],
  ["nothing", "", null],
])("a file %s", (_, file, expected) => {
  expect(fileOf(file)).toBe(expected);
});

test("two packages have the file, and the report lies in one of them", () => {
  expect(fileOf("src/index.ts", "", "packages/pay/reports/junit.xml")).toBe(
    "packages/pay/src/index.ts",
  );
  expect(fileOf("../cart/src/add.ts", "", "packages/pay/junit.xml")).toBe(
    "packages/cart/src/add.ts",
  );
});

test.each([
  [
    "CodeBuild, whose folder is known",
    "/codebuild/output/src123/src/src/index.ts",
    "/codebuild/output/src123/src",
    "src/index.ts",
  ],
  [
    "CodeBuild with a file of the root",
    "/codebuild/output/src123/src/index.ts",
    "/codebuild/output/src123/src",
    "index.ts",
  ],
  [
    "CodeBuild with the clone below it",
    "/codebuild/output/src123/src/github.com/acme/shop/packages/cart/src/add.ts",
    "/codebuild/output/src123/src",
    "packages/cart/src/add.ts",
  ],
  [
    "CodeBuild, whose folder was not seen",
    "/codebuild/output/src123/src/packages/cart/src/add.ts",
    "",
    "packages/cart/src/add.ts",
  ],
  ["Windows", "C:\\agent\\_work\\1\\s\\Shop.Tests\\CartTests.cs", "", "Shop.Tests/CartTests.cs"],
  [
    "Windows as a URL",
    "file:///C:/agent/1/s/Shop.Tests/CartTests.cs",
    "",
    "Shop.Tests/CartTests.cs",
  ],
  ["a runner", "/home/runner/work/shop/shop/setup.py", "", "setup.py"],
  [
    "a container that has one package alone",
    "/app/src/pay.test.ts",
    "",
    "packages/pay/src/pay.test.ts",
  ],
  ["a container with a file that several packages have", "/app/src/index.ts", "", null],
  ["a file that is not of the repository", "/app/lib/other.ts", "", null],
])("an absolute path of %s", (_, file, root, expected) => {
  expect(fileOf(file, root)).toBe(expected);
});

const framesOf = (...frames: readonly (readonly [path: string, line: number])[]) =>
  frames.map(([path, line]) => ({ path, line, bare: /\.(java|go)$/.test(path) }));

test.each([
  ["of the repository", [["/w/shop/packages/cart/src/add.ts", 4]], "packages/cart/src/add.ts:4"],
  [
    "behind those of a library",
    [
      ["/w/node_modules/chai/index.ts", 1],
      ["/w/shop/packages/cart/src/add.ts", 4],
    ],
    "packages/cart/src/add.ts:4",
  ],
  [
    "of a language's own library with a name that the repository has",
    [["/usr/lib/python3.13/typing.py", 9]],
    null,
  ],
  ["of another machine that ends alike", [["/usr/lib/python3.13/unittest/case.py", 9]], null],
  [
    "of Java, by its package",
    [
      ["org/junit/Assert.java", 89],
      ["com/acme/PriceTest.java", 31],
    ],
    "services/api/src/test/java/com/acme/PriceTest.java:31",
  ],
  ["of Go, by its name", [["basket_test.go", 19]], "services/api/basket_test.go:19"],
  ["of Go, with a name that the repository lacks", [["testing.go", 1446]], null],
] as const)("a frame %s", (_, frames, expected) => {
  const place = placeIn(tree, at({ frames: framesOf(...frames) }), "a.xml");
  expect(place && `${place.file}:${place.line}`).toBe(expected);
});

test("the line is the trace's within the file, and where that file is none of the commit's the trace counts", () => {
  const frames = framesOf(
    ["/b/packages/cart/src/add.ts", 4],
    ["/b/packages/cart/src/add.test.ts", 9],
  );
  expect(placeIn(tree, at({ file: "src/add.test.ts", line: 2, frames }), "a.xml")).toEqual({
    file: "packages/cart/src/add.test.ts",
    line: 9,
  });
  expect(placeIn(tree, at({ file: "dist/add.test.js", line: 2, frames }), "a.xml")).toEqual({
    file: "packages/cart/src/add.ts",
    line: 4,
  });
  const java = framesOf(["com/acme/Price.java", 7], ["com/acme/PriceTest.java", 31]);
  const file = "src/test/java/com/acme/PriceTest.java";
  expect(placeIn(tree, at({ file, frames: java }), "a.xml")).toEqual({
    file: `services/api/${file}`,
    line: 31,
  });
});

test("of a list that is cut only what stands in it by its whole path is known", () => {
  const cut = fileTree({ paths, whole: false });
  const found = (file: string, root = "") => placeIn(cut, at({ file, root }), "a.xml")?.file;
  expect(found("packages/cart/src/add.ts")).toBe("packages/cart/src/add.ts");
  expect(found("/b/shop/src/index.ts", "/b/shop")).toBe("src/index.ts");
  expect(found("src/add.ts")).toBeUndefined();
  expect(found("/b/shop/packages/cart/src/add.ts")).toBeUndefined();
});

test("a name that thousands of files have is not looked through", () => {
  const many = Array.from({ length: 5_000 }, (_, index) => `p${index}/src/index.ts`);
  const large = fileTree({ paths: many, whole: true });
  expect(placeIn(large, at({ file: "/b/p7/src/index.ts" }), "a.xml")).toBeNull();
  expect(placeIn(large, at({ file: "p7/src/index.ts" }), "a.xml")?.file).toBe("p7/src/index.ts");
});
