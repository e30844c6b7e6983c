import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { Health } from "../service/health.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { databaseConfig, type PlatformDatabase, platformDatabase } from "../testing/platform-database.ts";
import { openDatabase } from "./client.ts";
import { databaseCheck } from "./readiness.ts";

// Real: PostgreSQL with logins that differ in one right each. The server that the tests start flushes nothing, which is
// a finding as well; what it says of itself is the oracle, since another server may be given.
let platform: PlatformDatabase;
let unflushed: string[];
beforeAll(async () => {
  platform = await platformDatabase();
  const [fsync] = await platform.admin`show fsync`;
  const [pages] = await platform.admin`show full_page_writes`;
  unflushed = [
    ...(fsync?.fsync === "off" ? ["fsync is off"] : []),
    ...(pages?.full_page_writes === "off" ? ["full_page_writes is off"] : []),
  ];
});
afterAll(() => platform[Symbol.asyncDispose]());

async function problemsOf(url: string, production = true): Promise<readonly string[]> {
  await using database = openDatabase(databaseConfig(url), "probe", 1);
  // Connected before, because a check has a second and a busy machine may need more to connect.
  await database.sql`select 1`.catch(() => undefined);
  const health = new Health([databaseCheck(database, { production }, silentLogger())]);
  const { ready, problems } = await health.readiness();
  expect(ready).toBe(problems.length === 0);
  return problems.flatMap((text) => text.replace("database: ", "").split("; "));
}

/** A login whose sessions wait for the flush or not, as the address says. */
function committing(synchronously: "off" | "local", address = platform.test.url): string {
  const url = new URL(address);
  url.searchParams.set("synchronous_commit", synchronously);
  return url.href;
}

it("wants a server that keeps what it acknowledges", async () => {
  expect(await problemsOf(committing("local"))).toEqual(unflushed);
  expect(await problemsOf(committing("off"))).toEqual([...unflushed, "synchronous_commit is off"]);
});

it("refuses a superuser, and a login that owns tables or may act for who does", async () => {
  const { adminUrl, ownerUrl } = platform.test;
  expect(await problemsOf(committing("local", adminUrl))).toEqual(["the login is a superuser", ...unflushed]);
  expect(await problemsOf(committing("local", ownerUrl))).toEqual(["the login owns tables", ...unflushed]);
});

it("refuses a login that no policy binds", async () => {
  const role = `bypass_${process.pid}`;
  await platform.admin.unsafe(`create role ${role} login bypassrls password 'secret'`);
  await platform.admin.unsafe(
    `grant connect on database "${new URL(platform.test.url).pathname.slice(1)}" to ${role}`,
  );
  const url = new URL(committing("local"));
  url.username = role;
  url.password = "secret";
  try {
    expect(await problemsOf(url.href)).toEqual(["the login bypasses row security", ...unflushed]);
  } finally {
    await platform.admin.unsafe(`drop owned by ${role}; drop role ${role}`);
  }
});

it("only warns outside production, and once", async () => {
  await using database = openDatabase(databaseConfig(committing("off")), "probe", 1);
  const log = { ...silentLogger(), warn: vi.fn() };
  const { check } = databaseCheck(database, { production: false }, log as never);
  for (let i = 0; i < 3; i += 1) await check();
  expect(log.warn.mock.calls).toEqual([
    [{ problems: [...unflushed, "synchronous_commit is off"] }, "this database is not fit for production"],
  ]);
});

it("says no more than that an absent database cannot be reached", async () => {
  const url = new URL(platform.test.url);
  url.port = "1";
  expect(await problemsOf(url.href, false)).toEqual(["database cannot be reached"]);
});
