import { afterAll, beforeAll, expect, it } from "vitest";
import { insertEvents } from "../testing/outbox-rows.ts";
import { type PlatformDatabase, platformDatabase } from "../testing/platform-database.ts";
import { postgresOutboxStore } from "./outbox-store.ts";

let platform: PlatformDatabase;

beforeAll(async () => {
  platform = await platformDatabase();
});

afterAll(() => platform[Symbol.asyncDispose]());

const ensure = async (): Promise<void> => {
  await using store = postgresOutboxStore(platform.config, "partitions");
  await store.ensurePartitions();
};

/** `days` from today on the database's calendar, as in a partition's name. */
async function day(days: number): Promise<string> {
  const [row] = await platform.admin`
    select to_char((clock_timestamp() at time zone 'UTC')::date + ${days}::int, 'YYYYMMDD') as day`;
  return row?.day;
}

const partitions = async (): Promise<string[]> =>
  (
    await platform.admin`
      select c.relname as name from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'outbox'::regclass order by 1`
  ).map((row) => row.name);

async function makeDay(days: number): Promise<string> {
  const name = `outbox_${await day(days)}`;
  await platform.admin.unsafe(`
    create table ${name} partition of outbox
    for values from ('${await day(days)}Z') to ('${await day(days + 1)}Z');
    alter table ${name} owner to ${new URL(platform.test.ownerUrl).username}`);
  return name;
}

async function insertAt(days: number, id: string, published: boolean): Promise<void> {
  await platform.admin`
    insert into outbox (id, subject, aggregate, version, headers, payload, created_at, published_at)
    values (${id}, 's', 'a', 1, '{}', '{}', clock_timestamp() + make_interval(days => ${days}),
            case when ${published} then clock_timestamp() end)`;
}

it("makes today and the coming week, each from midnight to midnight in UTC", async () => {
  const names = await partitions();
  for (let days = 0; days <= 7; days++) expect(names).toContain(`outbox_${await day(days)}`);
  expect(names).toContain("outbox_default");
  await insertEvents(platform.admin, 1, 1);
  const [row] = await platform.admin`select tableoid::regclass::text as home from outbox where id = 'evt_1'`;
  expect(row?.home).toBe(`outbox_${await day(0)}`);
});

it("may run at any time: nothing is made twice", async () => {
  const before = await partitions();
  await ensure();
  await ensure();
  expect(await partitions()).toEqual(before);
});

it("makes a day again that is missing, as the service's own login", async () => {
  await platform.admin.unsafe(`drop table outbox_${await day(7)}`);
  await ensure();
  expect(await partitions()).toContain(`outbox_${await day(7)}`);
});

it("goes on when the default partition holds events of a missing day already", async () => {
  const names = [await day(5), await day(6)].map((at) => `outbox_${at}`);
  for (const name of names) await platform.admin.unsafe(`drop table ${name}`);
  await insertAt(5, "evt_early", false);
  await ensure();
  expect(await partitions()).not.toContain(names[0]);
  expect(await partitions()).toContain(names[1]);
  const rows =
    await platform.admin`select tableoid::regclass::text as home from outbox where id = 'evt_early'`;
  expect(rows).toEqual([{ home: "outbox_default" }]);
});

it("drops days older than a fortnight, but none that holds an unpublished event", async () => {
  const kept = await makeDay(-14);
  const done = await makeDay(-15);
  const open = await makeDay(-16);
  const empty = await makeDay(-40);
  await insertAt(-14, "evt_kept", true);
  await insertAt(-15, "evt_done", true);
  await insertAt(-16, "evt_open", false);
  await insertAt(-16, "evt_beside", true);
  await ensure();
  const names = await partitions();
  expect(names).toContain(kept);
  expect(names).not.toContain(done);
  expect(names).not.toContain(empty);
  expect(names).toContain(open);
  await platform.admin`update outbox set published_at = clock_timestamp() where id = 'evt_open'`;
  await ensure();
  expect(await partitions()).not.toContain(open);
});

it("gives up quickly when a long reader is in its way, so that writers do not queue behind it", async () => {
  await platform.admin.unsafe(`drop table outbox_${await day(7)}`);
  await platform.admin.begin(async (reader) => {
    await reader`select count(*) from outbox`;
    const begunMs = performance.now();
    await expect(ensure()).rejects.toThrow(/lock timeout/);
    expect(performance.now() - begunMs).toBeLessThan(1_500);
  });
  await ensure();
  expect(await partitions()).toContain(`outbox_${await day(7)}`);
});
