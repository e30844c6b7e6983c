import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openJournal } from "./journal.ts";

it("has every entry in the file when write returns, and goes on where another writer ended", () => {
  const folder = mkdtempSync(join(tmpdir(), "oi-journal-"));
  const file = join(folder, "seen.jsonl");
  const read = () => readFileSync(file, "utf8");
  {
    using journal = openJournal<{ n: number; text: string }>(file);
    journal.write({ n: 1, text: "a\nb" });
    expect(read()).toBe('{"n":1,"text":"a\\nb"}\n');
  }
  using journal = openJournal<{ n: number }>(file);
  journal.write({ n: 2 });
  expect(read().split("\n")).toHaveLength(3);
  rmSync(folder, { recursive: true });
});
