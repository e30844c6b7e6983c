import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const ROW = /^\| ([A-Za-z]*\d+(?:\.\d+)?) \|/;

/** `numbered("F", 24, 26)` is F24, F25, F26. */
export function numbered(letters: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, i) => `${letters}${from + i}`);
}

type NamedTest = { readonly path: string; readonly name: string };
type Row = { readonly row: string; readonly tests: readonly NamedTest[] };

function readRow(line: string, home: string): Row {
  const [row = "", , tests = ""] = line
    .split(/(?<!\\)\|/)
    .slice(1)
    .map((cell) => cell.trim());
  return {
    row,
    tests: tests.split(" · ").map((test) => {
      const [file = "", name = ""] = test.split(" › ");
      const path = file.replaceAll("`", "");
      return { path: /^(services|packages|e2e|tools)\//.test(path) ? path : home + path, name };
    }),
  };
}

/** A name as the source writes it, in whichever quotes, and after a new line or a bracket. */
function isNamed(source: string, name: string): boolean {
  return ['"', "`"].some((quote) => source.includes(`${quote}${name}${quote}`));
}

/**
 * Holds a page that promises a test for each fault to its promise: it has the rows of `promised`, each once and in that
 * order, and every test that a row names is in the file that it names. Paths begin at `home` (a folder with a slash at
 * its end) unless they begin with a folder of the repository's root; names stand as the source has them. A contract
 * suite counts as a test file: a test file runs it, or the unused export would be found.
 */
export function describeFaultList({
  page,
  home,
  promised,
}: {
  /** From the repository's root. */
  readonly page: string;
  readonly home: string;
  readonly promised: readonly string[];
}): void {
  const rows = readFileSync(ROOT + page, "utf8")
    .split("\n")
    .filter((line) => ROW.test(line))
    .map((line) => readRow(line, home));

  describe("the list of faults", () => {
    it("has every row of the designs once, in their order", () => {
      expect(rows.map(({ row }) => row)).toEqual(promised);
    });

    it.each(rows)("names tests that exist for $row", ({ tests }) => {
      expect(tests.length).toBeGreaterThan(0);
      for (const { path, name } of tests) {
        expect(path).toMatch(/\.(test|contract)\.ts$/);
        expect(existsSync(ROOT + path), path).toBe(true);
        expect(name).not.toBe("");
        expect(isNamed(readFileSync(ROOT + path, "utf8"), name), `${path} › ${name}`).toBe(true);
      }
    });
  });
}
