import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createLogger, silentLogger } from "../telemetry/logger.ts";
import { type PlatformDatabase, platformDatabase } from "../testing/platform-database.ts";
import { type Database, openDatabase } from "./client.ts";
import { databaseClock } from "./clock.ts";

let platform: PlatformDatabase;
let database: Database;

beforeAll(async () => {
  platform = await platformDatabase();
  database = openDatabase(platform.config, "clock");
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

it("tells the database's time in whole milliseconds", async () => {
  await using clock = await databaseClock(database, silentLogger());
  const before = clock.now();
  const [row] = await database.sql<{ ms: string }[]>`
    select (extract(epoch from clock_timestamp()) * 1000)::bigint::text as ms`;
  const after = clock.now();
  expect(Number.isInteger(before)).toBe(true);
  expect(Number(row?.ms)).toBeGreaterThanOrEqual(before - 50);
  expect(Number(row?.ms)).toBeLessThanOrEqual(after + 50);
});

it("goes on steadily when this machine's clock jumps, and says so", async () => {
  const lines: string[] = [];
  const log = createLogger({
    service: "test",
    level: "warn",
    destination: { write: (line) => void lines.push(line) },
  });
  const realNow = Date.now();
  const wall = vi.spyOn(Date, "now");
  try {
    await using steady = await databaseClock(database, log);
    const before = steady.now();
    expect(lines).toEqual([]);
    wall.mockReturnValue(realNow + 3_600_000);
    expect(steady.now() - before).toBeLessThan(1_000);
    await using skewed = await databaseClock(database, log);
    expect(Math.abs(skewed.now() - steady.now())).toBeLessThan(100);
    const { skewMs } = JSON.parse(lines[0] ?? "{}") as { skewMs?: number };
    expect(Math.abs((skewMs ?? 0) - 3_600_000)).toBeLessThan(5_000);
  } finally {
    wall.mockRestore();
  }
});

it("is not put wrong by a question that takes long, such as the first one, which has to connect", async () => {
  let asked = 0;
  const slow = {
    sql: async (...query: Parameters<typeof database.sql>) => {
      asked += 1;
      // The answer is of the end of the wait, the middle of the question is not.
      if (asked === 1) await sleep(400);
      return database.sql(...query);
    },
  } as unknown as Database;
  await using clock = await databaseClock(slow, silentLogger());
  const [row] = await database.sql<{ ms: number }[]>`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`;
  expect(Math.abs((row?.ms ?? 0) - clock.now())).toBeLessThan(150);
});

it("never goes back within a reading", async () => {
  await using clock = await databaseClock(database, silentLogger());
  let last = clock.now();
  await eventually(() => {
    const now = clock.now();
    expect(now).toBeGreaterThanOrEqual(last);
    last = now;
  });
});
