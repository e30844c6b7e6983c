import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** The list of faults is a promise: each row of the designs has a test, and the test is there. */
const ROOT = fileURLToPath(new URL("../../../../", import.meta.url));
const LIST = `${ROOT}docs/testing/gateway-faults.md`;
const HERE = "services/payments/src/";

const numbered = (letter: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${letter}${from + i}`);

const PROMISED = [
  ...numbered("P", 1, 18),
  ...numbered("G", 1, 26),
  ...numbered("F", 24, 33),
  ...numbered("T", 3, 8),
  ...numbered("T", 13, 16),
  ...numbered("T", 21, 30),
];

type Row = {
  readonly row: string;
  readonly tests: readonly { readonly path: string; readonly name: string }[];
};

function readRow(line: string): Row {
  const [row = "", , tests = ""] = line
    .split("|")
    .slice(1)
    .map((cell) => cell.trim());
  return {
    row,
    tests: tests.split(" · ").map((test) => {
      const [file = "", name = ""] = test.split(" › ");
      const path = file.replaceAll("`", "");
      return { path: /^(services|packages|e2e|tools)\//.test(path) ? path : HERE + path, name };
    }),
  };
}

const ROWS = readFileSync(LIST, "utf8")
  .split("\n")
  .filter((line) => /^\| [PGFT]\d+ /.test(line))
  .map(readRow);

/** A name as the source writes it, in whichever quotes, and after a new line or a bracket. */
function isNamed(source: string, name: string): boolean {
  return ['"', "`"].some((quote) => source.includes(`${quote}${name}${quote}`));
}

describe("the list of faults", () => {
  it("has every row of the designs once, in their order", () => {
    expect(ROWS.map(({ row }) => row)).toEqual(PROMISED);
  });

  it.each(ROWS)("names tests that exist for $row", ({ tests }) => {
    expect(tests.length).toBeGreaterThan(0);
    for (const { path, name } of tests) {
      expect(path).toMatch(/\.test\.ts$/);
      expect(existsSync(ROOT + path), path).toBe(true);
      expect(isNamed(readFileSync(ROOT + path, "utf8"), name), `${path} › ${name}`).toBe(true);
    }
  });
});
