import type { Clock } from "../service/clock.ts";
import type { Loop } from "../service/loop.ts";
import { startLoop } from "../service/loop.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Database } from "./client.ts";

const REFRESH_MS = 10_000;
const SKEW_ALARM_MS = 2_000;

export type DatabaseClock = Clock & AsyncDisposable;

/**
 * The database's time, carried on by this process's monotonic clock between readings: a jumping wall clock changes
 * nothing. Until the first reading the wall clock serves.
 */
export async function databaseClock(database: Database, log: Logger): Promise<DatabaseClock> {
  let offsetMs = Date.now() - performance.now();
  const read = async (): Promise<"idle"> => {
    const sentMs = performance.now();
    const [row] = await database.sql<{ ms: number }[]>`
      select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`;
    // The reading was made at some moment of the question: it says between which bounds the offset lies, and a quick
    // one bounds it well. What lies between them already is left alone, so that the time does not waver.
    if (row) offsetMs = Math.max(row.ms - performance.now(), Math.min(offsetMs, row.ms - sentMs));
    const skewMs = Math.round(Date.now() - performance.now() - offsetMs);
    if (Math.abs(skewMs) > SKEW_ALARM_MS)
      log.warn({ skewMs }, "this machine's clock differs from the database's");
    return "idle";
  };
  // The first question connects, which takes long.
  await read();
  await read();
  const loop: Loop = startLoop({ name: "database-clock", everyMs: REFRESH_MS, log, work: read });
  return {
    now: () => Math.round(performance.now() + offsetMs),
    [Symbol.asyncDispose]: () => loop[Symbol.asyncDispose](),
  };
}
