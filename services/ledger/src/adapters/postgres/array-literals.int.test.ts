import { fc } from "@fast-check/vitest";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { bytesArray, plainArray, textArray } from "./array-literals.ts";

let ledger: PostgresLedger;

beforeAll(async () => {
  ledger = await postgresLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

/** What the database makes of a literal; hashes come back as hex. */
async function read(literal: string, type: "text" | "bytea" | "bigint" | "boolean"): Promise<unknown[]> {
  const [row] = await ledger.database.sql<{ values: unknown[] }[]>`
    select to_json(${literal}::${ledger.database.sql.unsafe(type)}[]) as values`;
  return row?.values ?? [];
}

const NASTY = [
  '"',
  "\\",
  '\\"',
  "{",
  "}",
  ",",
  "",
  " ",
  "null",
  "NULL",
  "a\nb",
  "আম",
  "💸",
  '{"k":"v\\n"}',
  "'",
  "$1",
];

it("gives texts that come back as they were, whatever is in them", async () => {
  expect(await read(textArray([]), "text")).toEqual([]);
  expect(await read(textArray(NASTY), "text")).toEqual(NASTY);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(fc.string(), fc.constantFrom(...NASTY))), async (texts) => {
      expect(await read(textArray(texts), "text")).toEqual(texts);
    }),
    { numRuns: 50 },
  );
});

it("gives bytes, numbers and truth values", async () => {
  expect(await read(bytesArray([]), "bytea")).toEqual([]);
  const part = new Uint8Array([9, 0, 255, 92, 34]).subarray(1);
  expect(await read(bytesArray([part, new Uint8Array(0)]), "bytea")).toEqual(["\\x00ff5c22", "\\x"]);
  expect(await read(plainArray([]), "bigint")).toEqual([]);
  expect(await read(plainArray([7n, -1, "9007199254740991"]), "bigint")).toEqual([
    7, -1, 9_007_199_254_740_991,
  ]);
  expect(await read(plainArray([true, false]), "boolean")).toEqual([true, false]);
});
