import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestDatabase, testDatabase } from "./postgres.ts";

const root = mkdtempSync(join(tmpdir(), "oi-testkit-"));
const migrations = join(root, "migrations");
let first: TestDatabase;
let second: TestDatabase;

beforeAll(async () => {
  mkdirSync(migrations);
  writeFileSync(
    join(migrations, "0001_create_thing.sql"),
    "-- A table to play with.\ncreate table thing (id int primary key);\ngrant select, insert on thing to :app;\n",
  );
  first = await testDatabase({ migrations, service: "payments" });
  second = await testDatabase({ migrations, service: "payments" });
});

afterAll(async () => {
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  rmSync(root, { recursive: true, force: true });
});

async function query(url: string, text: string): Promise<readonly object[]> {
  const sql = postgres(url, { max: 1 });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end();
  }
}

it("gives every caller a migrated database of its own", async () => {
  await query(first.url, "insert into thing values (1)");
  expect(await query(first.url, "select id from thing")).toHaveLength(1);
  expect(await query(second.url, "select id from thing")).toHaveLength(0);
});

it("runs a test as the service's role, which may not change tables", async () => {
  await expect(query(first.url, "create table other (id int)")).rejects.toThrow(/permission denied/);
  await expect(query(first.url, "delete from thing")).rejects.toThrow(/permission denied/);
});

it("keeps another service out of the database", async () => {
  await using ledger = await testDatabase({ migrations, service: "ledger" });
  const database = new URL(first.url).pathname;
  const crossed = new URL(ledger.url);
  crossed.pathname = database;
  await expect(query(crossed.href, "select 1")).rejects.toThrow(/permission denied for database/);
});

it("copies the template instead of migrating again", async () => {
  const begun = performance.now();
  await using _third = await testDatabase({ migrations, service: "payments" });
  expect(performance.now() - begun).toBeLessThan(2_000);
  const templates = await query(
    first.adminUrl,
    "select 1 from pg_database where datname ~ '^template_payments_[0-9a-f]{16}$'",
  );
  expect(templates.length).toBeGreaterThan(0);
});

it("removes the database even while somebody is connected", async () => {
  const doomed = await testDatabase({ migrations, service: "payments" });
  const sql = postgres(doomed.url, { max: 1, onclose: () => undefined });
  await sql`select 1`;
  await doomed[Symbol.asyncDispose]();
  await expect(query(doomed.url, "select 1")).rejects.toThrow(/does not exist/);
  await sql.end({ timeout: 0 });
});
