import { formatInstant } from "@oi/kernel/instant";
import type { TestDatabase } from "@oi/testkit/postgres";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { beginProbe, type Fact, type Health, NEW_HEALTH, settle } from "../../domain/breaker.ts";
import { openDatabase } from "../../testing/running-app.ts";

let database: TestDatabase;
let admin: postgres.Sql;
beforeAll(async () => {
  database = await openDatabase();
  admin = postgres(database.adminUrl, { max: 2, onnotice: () => {} });
});
afterAll(async () => {
  await admin.end();
  await database[Symbol.asyncDispose]();
});

/** mulberry32: the same seed gives the same histories. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const T0 = 1_780_567_200_000;
const OUTCOMES = ["OK", "HTTP", "TIMEOUT", "CONNECT", "DNS"] as const;
const STATUSES = [null, 200, 410, 429, 500, 502, 503] as const;

it("settles endpoints as the model of the domain does, over 26,000 attempts", async () => {
  const ENDPOINTS = 400;
  const rows = await admin<{ id: string }[]>`
    insert into endpoint (application_id, mode, url, host_key)
    select i, 'LIVE', 'https://h.example/' || i, 'h' || i from generate_series(1, ${ENDPOINTS}::int) i returning id`;
  const random = seeded(42);
  const model = new Map<string, Health>(rows.map(({ id }) => [id, NEW_HEALTH]));
  let at = T0;
  for (let round = 0; round < 13; round++) {
    const facts = rows.map(({ id }, i) => {
      // Some endpoints are well, some sick, some in between.
      const sickness = (i % 5) / 5;
      const own: Fact[] = Array.from({ length: 5 }, () => {
        at += Math.floor(random() * 90);
        const outcome = random() < sickness ? OUTCOMES[1 + Math.floor(random() * 4)] : "OK";
        const status = STATUSES[Math.floor(random() * STATUSES.length)] ?? null;
        return { outcome: outcome ?? "OK", status, totalMs: Math.floor(random() * 1_200), at };
      });
      model.set(
        id,
        own.reduce((health, fact) => settle(health, fact, 1), model.get(id) ?? NEW_HEALTH),
      );
      return {
        endpoint_id: id,
        facts: own.map(({ totalMs, ...fact }) => ({
          ...fact,
          total_ms: totalMs,
          at: formatInstant(fact.at),
        })),
      };
    });
    await admin`select record_attempts('[]'::jsonb, ${JSON.stringify(facts)}::text::jsonb, 1)`;
    if (round % 2 === 0) continue;
    await admin`update endpoint set breaker = 'HALF_OPEN' where breaker = 'OPEN'`;
    for (const [id, health] of model) model.set(id, beginProbe(health));
  }
  const ms = (column: string) => admin`(extract(epoch from ${admin(column)}) * 1000)::bigint::text`;
  const stored = await admin<Record<string, unknown>[]>`
    select id, breaker, ${ms("open_until")} as "openUntil", open_seconds as "openSeconds", cap, ok_streak as "okStreak",
           fail_streak as "failStreak", ${ms("win_from")} as "winFrom", win_total as "winTotal",
           win_failed as "winFailed", ${ms("first_fail_at")} as "firstFailAt", fail_count as "failCount",
           ${ms("last_ok_at")} as "lastOkAt", warned from endpoint order by id`;
  const times = ["openUntil", "winFrom", "firstFailAt", "lastOkAt"];
  const seen = stored.map(({ id, ...row }) => [
    id,
    Object.fromEntries(
      Object.entries(row).map(([name, v]) => [name, times.includes(name) && v !== null ? Number(v) : v]),
    ),
  ]);
  expect(seen).toEqual([...model].sort(([a], [b]) => Number(a) - Number(b)));
  const states = new Set(stored.map((row) => row.breaker));
  expect(states).toEqual(new Set(["CLOSED", "OPEN"]));
});
