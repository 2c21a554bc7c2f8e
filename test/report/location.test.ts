// Where a failure is shown: below the repository or nowhere.

import { expect, test } from "vitest";
import { relativePath } from "../../src/core/model/place.ts";
import { locate, whereabouts } from "../../src/report/location.ts";

const root = "/build/shop";

const located = (hint: Parameters<typeof whereabouts>[0]) => locate(whereabouts(hint));

test.each([
  ["test/a.test.ts", "test/a.test.ts"],
  ["./test//a.test.ts", "test/a.test.ts"],
  ["test\\unit\\a.cs", "test/unit/a.cs"],
  ["/build/shop/test/a.py", "test/a.py"],
  ["file:///build/shop/test/my%20test.js", "test/my test.js"],
  ["test/../src/a.js", "src/a.js"],
  ["../other/a.js", null],
  ["test/../../a.js", null],
  ["/build/shop/../secret", null],
  ["/build/shopping/a.js", null],
  ["/etc/passwd", null],
  ["/build/shop", null],
  ["C:\\build\\shop\\a.cs", null],
  ["http://host/a.js", null],
  ["node:internal/a.js", null],
  ["", null],
  [".", null],
  ["x".repeat(1000), null],
])("%s", (path, expected) => {
  expect(relativePath(path, root)).toBe(expected);
});

test("without a known root, absolute paths say nothing", () => {
  expect(relativePath("/build/shop/a.js", "")).toBeNull();
  expect(relativePath("a.js", "")).toBe("a.js");
});

test("a Windows root", () => {
  expect(relativePath("C:\\shop\\test\\a.cs", "C:\\shop\\")).toBe("test/a.cs");
  expect(relativePath("file:///C:/shop/test/a.cs", "C:/shop")).toBe("test/a.cs");
  expect(relativePath("D:\\shop\\test\\a.cs", "C:\\shop")).toBeNull();
});

test.each([
  [
    "JavaScript",
    "Error: x\n    at f (/build/shop/src/a.js:3:1)\n    at /build/shop/test/a.test.js:9:5",
    "src/a.js:3",
  ],
  ["a path with blanks", "    at f (/build/shop/my src/a.js:3:1)", "my src/a.js:3"],
  [
    "only foreign frames",
    "    at f (/build/shop/node_modules/x/a.js:3:1)\n    at node:internal/x:1:1\n    at g (/usr/lib/b.js:1:1)",
    null,
  ],
  [
    "Python, innermost last",
    'Traceback:\n  File "/build/shop/tests/t.py", line 4, in t\n  File "src/a.py", line 8, in f\n  File "/usr/lib/python3/json.py", line 1',
    "src/a.py:8",
  ],
  ["pytest", "tests/t.py:4: \n_ _ _\nsrc/a.py:8: ValueError", "src/a.py:8"],
  ["Ruby", "# ./spec/a_spec.rb:12:in 'block (2 levels)'", "spec/a_spec.rb:12"],
  ["Rust", "thread 'a' panicked at src/lib.rs:10:5:", "src/lib.rs:10"],
  [".NET", "   at Shop.Tests.A() in /build/shop/tests/A.cs:line 23", "tests/A.cs:23"],
  ["Java names no folder", "\tat shop.PriceTest.a(PriceTest.java:31)", null],
  ["Go names no folder", "    basket_test.go:19: got 2", null],
  ["Go with one", "\t/build/shop/basket/basket_test.go:19 +0x1d", "basket/basket_test.go:19"],
  ["an address is no place", "connect ECONNREFUSED example.com:8080 10.0.0.1:80", null],
  ["a line of zero", "a.js:0:1", null],
  ["a line beyond all files", "a.js:99999999999:1", null],
])("guess from a trace: %s", (_, trace, expected) => {
  const place = located({ file: undefined, line: undefined, trace, root });
  expect(place && `${place.file}:${place.line}`).toBe(expected);
});

test("the report's file wins, and the trace's line within it", () => {
  const trace = "    at f (/build/shop/src/a.js:3:1)\n    at /build/shop/test/a.test.js:9:5";
  expect(located({ file: "test/a.test.js", line: "2", trace, root })).toEqual({
    file: "test/a.test.js",
    line: 9,
  });
  expect(located({ file: "test/b.test.js", line: "2", trace, root })).toEqual({
    file: "test/b.test.js",
    line: 2,
  });
  expect(located({ file: "test/b.test.js", line: "two", trace, root })).toEqual({
    file: "test/b.test.js",
    line: null,
  });
  expect(located({ file: "/elsewhere/b.js", line: "2", trace, root })).toEqual({
    file: "src/a.js",
    line: 3,
  });
});

test("a Java frame gives the line where the report gave the file", () => {
  const trace = "\tat shop.Price.of(Price.java:7)\n\tat shop.PriceTest.a(PriceTest.java:31)";
  expect(
    located({ file: "src/test/java/shop/PriceTest.java", line: undefined, trace, root }),
  ).toEqual({
    file: "src/test/java/shop/PriceTest.java",
    line: 31,
  });
});
