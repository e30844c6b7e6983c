import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres, { type Sql } from "postgres";
import { afterAll, afterEach, beforeEach, describe, expect, inject, it } from "vitest";
import { MigrationError, migrate, roleOf } from "./migrate.ts";

const root = mkdtempSync(join(tmpdir(), "oi-migrate-"));
const admin = postgres(inject("postgresAdminUrl"), { max: 1, onnotice: () => {} });
const suffix = Math.random().toString(36).slice(2, 10);
const names: string[] = [];
let count = 0;
let folder: string;
let ownerUrl: string;
let sql: Sql;

/** Needs quoting, to prove that it is quoted; `$&` would be replaced by a careless replacement. */
const ROLE = `app "$&" ${suffix}`;
const QUOTED_ROLE = `"${ROLE.replaceAll('"', '""')}"`;

beforeEach(async () => {
  count += 1;
  folder = join(root, `service${count}`, "migrations");
  mkdirSync(folder, { recursive: true });
  if (count === 1) await admin.unsafe(`create role ${QUOTED_ROLE} nologin`);
  const name = `migrate_${suffix}_${count}`;
  names.push(name);
  await admin.unsafe(`create database ${name}`);
  const url = new URL(inject("postgresAdminUrl"));
  url.pathname = `/${name}`;
  ownerUrl = url.href;
  sql = postgres(ownerUrl, { max: 2, onnotice: () => {} });
});

afterEach(() => sql.end({ timeout: 1 }));

afterAll(async () => {
  for (const name of names) await admin.unsafe(`drop database if exists ${name} with (force)`);
  await admin.unsafe(`drop role if exists ${QUOTED_ROLE}`);
  await admin.end({ timeout: 1 });
  rmSync(root, { recursive: true, force: true });
});

function write(file: string, text: string): void {
  writeFileSync(join(folder, file), text);
}

const run = () => migrate({ ownerUrl, appRole: ROLE, folder });

const platformFiles = async (): Promise<string[]> =>
  (await sql`select name from schema_migration where name like 'platform/%' order by name`).map(
    (row) => row.name as string,
  );

async function asApp<T>(work: (app: Sql) => Promise<T>): Promise<T> {
  return (await sql.begin(async (transaction) => {
    await transaction.unsafe(`set local role ${QUOTED_ROLE}`);
    return work(transaction as unknown as Sql);
  })) as T;
}

it("applies the platform's files first, then the service's in the order of their numbers", async () => {
  write("0002_fill_thing.sql", "insert into thing values (1);");
  write("0001_create_thing.sql", "create table thing (id int);");
  write("README.md", "not SQL");
  const { applied, total } = await run();
  const platform = await platformFiles();
  expect(platform[0]).toBe("platform/0001_create_outbox.sql");
  expect(applied).toEqual([
    ...platform,
    `service${count}/0001_create_thing.sql`,
    `service${count}/0002_fill_thing.sql`,
  ]);
  expect(total).toBe(applied.length);
  expect(await sql`select id from thing`).toEqual([{ id: 1 }]);
});

it("applies nothing twice, and later only what is new", async () => {
  write("0001_create_thing.sql", "create table thing (id int);");
  const first = await run();
  expect(await run()).toEqual({ applied: [], total: first.total });
  write("0002_fill_thing.sql", "insert into thing values (1);");
  expect(await run()).toEqual({ applied: [`service${count}/0002_fill_thing.sql`], total: first.total + 1 });
});

it("refuses a history that was edited, and touches nothing", async () => {
  write("0001_create_thing.sql", "create table thing (id int);");
  await run();
  write("0001_create_thing.sql", "create table thing (id bigint);");
  write("0002_create_other.sql", "create table other (id int);");
  await expect(run()).rejects.toThrow(MigrationError);
  await expect(run()).rejects.toThrow(/0001_create_thing\.sql was edited after it was applied/);
  expect(await sql`select to_regclass('other') as other`).toEqual([{ other: null }]);
});

it("leaves nothing of a file that fails, and keeps what came before it", async () => {
  write("0001_create_thing.sql", "create table thing (id int);");
  write("0002_break.sql", "create table half (id int); insert into thing values (1); select no_such_column;");
  await expect(run()).rejects.toThrow(/0002_break\.sql: .*no_such_column.*Nothing of this file was applied/);
  expect(await sql`select to_regclass('half') as half`).toEqual([{ half: null }]);
  expect(await sql`select id from thing`).toEqual([]);
  write("0002_break.sql", "create table half (id int);");
  expect((await run()).applied).toEqual([`service${count}/0002_break.sql`]);
});

it("lets two migrators run at once: each file is applied by one of them", async () => {
  for (let i = 1; i <= 5; i++) {
    write(`000${i}_create_thing.sql`, `create table thing${i} (id int); select pg_sleep(0.02);`);
  }
  const results = await Promise.all([run(), run(), run()]);
  const applied = results.flatMap((result) => result.applied);
  expect(applied).toHaveLength(results[0].total);
  expect(new Set(applied).size).toBe(applied.length);
});

describe("the service's login", () => {
  it("is granted what the files say, under its own name", async () => {
    write("0001_create_thing.sql", "create table thing (id int); grant select, insert on thing to :app;");
    await run();
    await asApp((app) => app`insert into thing values (1)`);
    expect(await asApp((app) => app`select id from thing`)).toEqual([{ id: 1 }]);
    await expect(asApp((app) => app`delete from thing`)).rejects.toThrow(/permission denied/);
  });

  it("may not change the schema, nor see or rewrite its history", async () => {
    await run();
    await expect(asApp((app) => app`create table other (id int)`)).rejects.toThrow(/permission denied/);
    await expect(asApp((app) => app`drop table outbox`)).rejects.toThrow(/must be owner/);
    await expect(asApp((app) => app`select from schema_migration`)).rejects.toThrow(/permission denied/);
  });

  it("may use the outbox, but takes no event out of it", async () => {
    await run();
    await asApp(
      (app) => app`insert into outbox (id, subject, aggregate, version, headers, payload)
                   values ('evt_1', 'a.b', 'a:1', 1, '{}', '{}')`,
    );
    await asApp((app) => app`update outbox set published_at = clock_timestamp()`);
    await asApp((app) => app`select ensure_outbox_partitions()`);
    await expect(asApp((app) => app`delete from outbox`)).rejects.toThrow(/permission denied/);
  });

  it("is no part of a longer word or of a cast", async () => {
    write(
      "0001_create_thing.sql",
      "create domain app as text; create domain apple as text; create table thing as select 'a'::app as a, 'b'::apple as b;",
    );
    await run();
    expect(await sql`select a, b from thing`).toEqual([{ a: "a", b: "b" }]);
  });
});

it("finds the login's name in a URL", () => {
  expect(roleOf("postgres://payments_app:p@h/d")).toBe("payments_app");
  expect(roleOf("postgres://pay%40ments:p@h/d")).toBe("pay@ments");
  expect(roleOf("postgres://h/d")).toBe("postgres");
});
