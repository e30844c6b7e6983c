import { expect, test } from "vitest";
import { acceptsType } from "./media-range.ts";

test.each([
  [undefined, true],
  ["", true],
  ["*/*", true],
  ["application/*;q=0.1", true],
  ["Application/JSON; charset=utf-8", true],
  ["text/html, application/json ; Q=0.5", true],
  ["text/html", false],
  ["application/json;q=0", false],
  ["application/json;q=0.0, */*", false],
  ["*/*;q=0", false],
  ["application/*;q=0, */*", false],
  ["application/json;q=x", false],
  ["application/json;q=2", false],
  ["application/jsonx", false],
  [",;,;q=1", false],
])("%j takes JSON: %s", (accept, taken) => {
  expect(acceptsType(accept, "application/json")).toBe(taken);
});
