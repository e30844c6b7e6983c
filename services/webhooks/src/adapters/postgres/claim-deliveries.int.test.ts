import { fileURLToPath } from "node:url";
import { readDatabase } from "@oi/platform/config/common";
import { readEnv } from "@oi/platform/config/env";
import { type Database, openDatabase } from "@oi/platform/postgres/client";
import { type TestDatabase, testDatabase } from "@oi/testkit/postgres";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { UNSENT } from "../../application/attempt-delivery.ts";
import type { Claim, ClaimLimits, DeliveryQueue } from "../../application/ports.ts";
import { encodeNotice } from "../events/encode-notice.ts";
import { postgresDeliveryQueue } from "./delivery-queue.ts";

let given: TestDatabase;
let admin: postgres.Sql;
const databases: Database[] = [];
const queues: DeliveryQueue[] = [];

beforeAll(async () => {
  const migrations = fileURLToPath(new URL("../../../migrations", import.meta.url));
  given = await testDatabase({ service: "webhooks", migrations });
  admin = postgres(given.adminUrl, { max: 2, onnotice: () => {} });
  // Four processes: each has a pool of its own.
  for (let i = 0; i < 4; i++) {
    const config = readEnv({ WEBHOOKS_DATABASE_URL: given.url }, (read) => readDatabase(read, "WEBHOOKS"));
    const database = openDatabase(config, `claimer-${i}`, 2);
    databases.push(database);
    queues.push(postgresDeliveryQueue(database, { encode: encodeNotice, timeScale: 1 }));
  }
});

afterAll(async () => {
  for (const database of databases) await database[Symbol.asyncDispose]();
  await admin.end();
  await given[Symbol.asyncDispose]();
});

beforeEach(async () => {
  await admin`truncate endpoint, endpoint_secret, endpoint_history, recovery, event, event_body, delivery, attempt, outbox, inbox`;
});

/** `perEndpoint[i]` waiting deliveries for endpoint i; hosts and applications are shared as the functions say. */
async function fill(
  perEndpoint: readonly number[],
  hostOf: (i: number) => string = (i) => `h${i}:443`,
  appOf: (i: number) => number = (i) => i,
): Promise<void> {
  const n = perEndpoint.length;
  const each = Array.from({ length: n }, (_, i) => i);
  await admin`
    insert into endpoint (application_id, mode, url, host_key)
    select a, 'LIVE', 'https://h.example/' || i, h
    from unnest(${each.map(appOf)}::bigint[], ${each.map(hostOf)}::text[], ${each}::int[]) as x (a, h, i)`;
  await admin`
    with e as (select id, application_id, row_number() over (order by id) - 1 as i from endpoint),
    wanted as (
      select e.id, e.application_id, i, k from e
      join unnest(${[...perEndpoint]}::int[]) with ordinality as c (n, o) on c.o - 1 = e.i
      cross join lateral generate_series(1, c.n) as k),
    ev as (
      insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
      select 'e' || i || '-' || k, application_id, 'LIVE', 't', 'p' || i || '-' || k, 1, now(), '{}' from wanted)
    insert into delivery (event_id, endpoint_id, application_id, mode, type, aggregate, sequence, schema_version, style,
      filter_version, next_at, first_due_at)
    select 'e' || i || '-' || k, id, application_id, 'LIVE', 't', 'p' || i || '-' || k, 1, 1, 'FULL', 1,
      now() - interval '1 minute', now() - interval '1 minute' from wanted`;
  await admin`analyze delivery`;
}

const limits = (worker: number, change: Partial<ClaimLimits> = {}): ClaimLimits => ({
  worker: `w${worker}`,
  slots: 64,
  testSlots: 64,
  suspectSlots: 128,
  hostCap: 8,
  applicationCap: 16,
  applicationCaps: {},
  leaseMs: 45_000,
  ...change,
});

function done(claim: Claim) {
  return {
    ...UNSENT,
    claim,
    endpointId: 0,
    finding: { outcome: "OK", error: null },
    verdict: { kind: "DELIVERED" },
    retryAfterMs: null,
    notice: null,
  } as const;
}

it("never breaks a cap and never leases a row twice under four claimers at once", async () => {
  // 20 endpoints, five to a host, ten to an application: 4, 8 and 16 are the caps.
  await fill(
    Array.from({ length: 20 }, () => 40),
    (i) => `h${i % 4}:443`,
    (i) => i % 2,
  );
  const seen = new Set<string>();
  let violations = 0;
  let samples = 0;
  let isOver = false;
  const claimer = async (queue: DeliveryQueue, i: number): Promise<void> => {
    while (!isOver) {
      const claims = await queue.claim(limits(i, { slots: 1 + (samples % 16) }));
      for (const claim of claims) {
        expect(seen.has(`${claim.deliveryId}/${claim.attempt}`)).toBe(false);
        seen.add(`${claim.deliveryId}/${claim.attempt}`);
      }
      await queue.record(claims.map(done));
    }
  };
  const sampler = async (): Promise<void> => {
    while (seen.size < 800) {
      const [row] = await admin<{ endpoint: number; host: number; app: number }[]>`
        with l as (select e.id, e.host_key, e.application_id from delivery d join endpoint e on e.id = d.endpoint_id
                   where d.state = 'LEASED')
        select coalesce((select max(n) from (select count(*)::int n from l group by id) x), 0) as endpoint,
               coalesce((select max(n) from (select count(*)::int n from l group by host_key) x), 0) as host,
               coalesce((select max(n) from (select count(*)::int n from l group by application_id) x), 0) as app`;
      samples += 1;
      if (row && (row.endpoint > 4 || row.host > 8 || row.app > 16)) violations += 1;
    }
    isOver = true;
  };
  await Promise.all([sampler(), ...queues.map(claimer)]);
  expect(violations).toBe(0);
  expect(samples).toBeGreaterThan(10);
  const [left] = await admin<
    { n: number }[]
  >`select count(*)::int as n from delivery where state <> 'DELIVERED'`;
  expect(left?.n).toBe(0);
});

it("serves every endpoint soon although one is flooded", async () => {
  await fill([20_000, ...Array.from({ length: 199 }, () => 5)]);
  const [queue] = queues;
  if (!queue) throw new Error("no queue");
  const served = new Set<number>();
  let claimed = 0;
  const begun = performance.now();
  for (let turn = 0; turn < 8 && served.size < 200; turn++) {
    const claims = await queue.claim(limits(0));
    claimed += claims.length;
    const rows = await admin<{ endpoint_id: string }[]>`
      select distinct endpoint_id from delivery where id = any(${claims.map((c) => c.deliveryId)}::bigint[])`;
    for (const row of rows) served.add(Number(row.endpoint_id));
    await queue.record(claims.map(done));
  }
  expect(served.size).toBe(200);
  expect(claimed).toBeLessThan(8 * 64 + 1);
  expect(performance.now() - begun).toBeLessThan(5_000);
});

it("gives what is slow or failing a share of its own, so that it cannot take every slot", async () => {
  await fill(Array.from({ length: 40 }, () => 10));
  await admin`update endpoint set fail_streak = 3 where id in (select id from endpoint order by id limit 30)`;
  const [queue] = queues;
  const claims = (await queue?.claim(limits(0, { slots: 100, suspectSlots: 5 }))) ?? [];
  const rows = await admin<{ suspect: boolean; n: number }[]>`
    select e.fail_streak > 0 as suspect, count(*)::int as n from delivery d join endpoint e on e.id = d.endpoint_id
    where d.id = any(${claims.map((c) => c.deliveryId)}::bigint[]) group by 1 order by 1`;
  expect(rows.map(({ suspect, n }) => [suspect, n])).toEqual([
    [false, 40],
    [true, 5],
  ]);
});

it("finds due rows by an index, however many others wait", async () => {
  await fill([5_000]);
  await admin`update delivery set next_at = now() + interval '1 day' where id % 100 <> 0`;
  await admin`analyze delivery`;
  const plan = await admin<{ "QUERY PLAN": string }[]>`
    explain select id from delivery where endpoint_id = (select min(id) from endpoint) and state = 'PENDING'
      and next_at <= now() order by next_at, id limit 4`;
  expect(plan.map((line) => line["QUERY PLAN"]).join("\n")).toMatch(/Index (Only )?Scan using delivery_due/);
});

/** What the indexes and scans of `delivery` and `attempt` have read so far. */
async function rowsRead(session: Database): Promise<number> {
  await session.run((sql) => sql`select pg_stat_force_next_flush()`);
  const [row] = await admin<{ n: number }[]>`
    select ((select sum(idx_tup_read) from pg_stat_user_indexes where relname ~ '^(delivery|attempt)')
      + (select sum(seq_tup_read) from pg_stat_user_tables where relname ~ '^(delivery|attempt)'))::int as n`;
  return row?.n ?? 0;
}

it("reads few rows of a large backlog, although its plans were made while nothing waited", async () => {
  const ENDPOINTS = 40;
  await fill(Array.from({ length: ENDPOINTS }, () => 25));
  await admin`update delivery set state = 'DELIVERED', done_at = now()`;
  await admin`alter table delivery set (autovacuum_enabled = off)`;
  await admin`vacuum (analyze) delivery`;
  const config = readEnv({ WEBHOOKS_DATABASE_URL: given.url }, (read) => readDatabase(read, "WEBHOOKS"));
  // One connection: a plan lives as long as that.
  await using session = openDatabase(config, "one", 1);
  const queue = postgresDeliveryQueue(session, { encode: encodeNotice, timeScale: 1 });
  const turn = async (): Promise<number> => {
    const claims = await queue.claim(limits(0, { hostCap: 64, applicationCap: 64 }));
    await queue.record(claims.map(done));
    await queue.lost(10);
    await queue.overdue(3_600_000, 10);
    return claims.length;
  };
  await admin`update delivery set state = 'PENDING', done_at = null where event_id like '%-1'`;
  for (let i = 0; i < 12; i++) await turn();
  await admin`
    with ev as (
      insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
      select 'flood-' || i, 0, 'LIVE', 't', 'f' || i, 1, now(), '{}' from generate_series(1, 20000) i returning id)
    insert into delivery (event_id, endpoint_id, application_id, mode, type, aggregate, sequence, schema_version, style,
      filter_version)
    select ev.id, e.id, 0, 'LIVE', 't', ev.id, 1, 1, 'FULL', 1 from ev
    join endpoint e on e.application_id = case when ev.id like '%77' then right(ev.id, 3)::int % ${ENDPOINTS} else 0 end`;
  const before = await rowsRead(session);
  expect(await turn()).toBeGreaterThan(0);
  expect((await rowsRead(session)) - before).toBeLessThan(5_000);
  await admin`alter table delivery reset (autovacuum_enabled)`;
});
