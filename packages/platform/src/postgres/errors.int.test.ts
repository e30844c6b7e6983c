import { createServer } from "node:net";
import { DomainError } from "@oi/kernel/errors";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { databaseConfig, type PlatformDatabase, platformDatabase } from "../testing/platform-database.ts";
import { type Database, openDatabase, openSession } from "./client.ts";
import { postgresCode, translateDatabaseError, violates } from "./errors.ts";

let platform: PlatformDatabase;
let database: Database;

beforeAll(async () => {
  platform = await platformDatabase();
  await platform.admin.unsafe(
    `create table thing (id int constraint thing_key primary key); grant all on thing to ${platform.test.appRole}`,
  );
  database = openDatabase({ ...platform.config, statementTimeoutMs: 300, lockTimeoutMs: 100 }, "errors");
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await platform[Symbol.asyncDispose]();
});

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.fail("it should have failed"),
    (error: unknown) => error,
  );

const UNAVAILABLE = {
  reason: "SERVICE_UNAVAILABLE",
  retryAfterSeconds: 1,
  metadata: { cause: "DATABASE_UNAVAILABLE" },
};

describe("the database's trouble", () => {
  it("is SERVICE_UNAVAILABLE when the backend is killed under a query, and the pool goes on", async () => {
    const victim = openDatabase(platform.config, "victim");
    const failure = failureOf(victim.run((sql) => sql`select pg_sleep(4)`));
    await eventually(async () => {
      const ended = await platform.admin`
        select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'victim' and query like '%pg_sleep%' and state = 'active'`;
      expect(ended).toHaveLength(1);
    });
    expect(await failure).toMatchObject(UNAVAILABLE);
    expect(await victim.run((sql) => sql`select 1 as one`)).toEqual([{ one: 1 }]);
    const begunMs = performance.now();
    await victim[Symbol.asyncDispose]();
    expect(performance.now() - begunMs, "closing it afterwards").toBeLessThan(2_500);
  });

  it("is SERVICE_UNAVAILABLE when the backend freezes, and its place is free again", async () => {
    const limits = { statementTimeoutMs: 300, poolMax: 1, waitMax: 0 };
    await using frozen = openDatabase({ ...platform.config, ...limits }, "frozen");
    const [backend] = await frozen.run((sql) => sql<{ pid: number }[]>`select pg_backend_pid() as pid`);
    const pid = backend?.pid ?? 0;
    process.kill(pid, "SIGSTOP");
    try {
      expect(await failureOf(frozen.run((sql) => sql`select 1`))).toMatchObject(UNAVAILABLE);
      expect(await frozen.run((sql) => sql`select 1 as one`)).toEqual([{ one: 1 }]);
    } finally {
      process.kill(pid, "SIGCONT");
    }
  });

  it("is DEADLINE_EXCEEDED when a statement takes too long: its outcome is not known", async () => {
    const failure = await failureOf(database.run((sql) => sql`select pg_sleep(5)`));
    expect(failure).toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    expect(postgresCode(failure)).toBe("57014");
  });

  it("is SERVICE_UNAVAILABLE when a lock is not given in time", async () => {
    await platform.admin.begin(async (transaction) => {
      await transaction`lock table thing`;
      const failure = await failureOf(database.run((sql) => sql`insert into thing values (1)`));
      expect(failure).toMatchObject(UNAVAILABLE);
      expect(postgresCode(failure)).toBe("55P03");
    });
  });

  it("is SERVICE_UNAVAILABLE when nobody listens, and quickly", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    await new Promise((resolve) => server.close(resolve));
    for (const host of ["127.0.0.1", "localhost"]) {
      await using away = openDatabase(databaseConfig(`postgres://u:p@${host}:${port}/d`), "away");
      expect(await failureOf(away.run((sql) => sql`select 1`))).toMatchObject(UNAVAILABLE);
      await expect(away.sql`select 1`).rejects.toThrow();
    }
  });

  it("is SERVICE_UNAVAILABLE when the server accepts and then says nothing", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address ? address.port : 0;
    const config = databaseConfig(`postgres://u:p@127.0.0.1:${port}/d`, { connectTimeoutMs: 200 });
    await using silent = openDatabase(config, "silent");
    const failure = await failureOf(silent.run((sql) => sql`select 1`));
    expect(failure).toMatchObject(UNAVAILABLE);
    expect(postgresCode(failure)).toBe("CONNECT_TIMEOUT");
    server.close();
  });

  it("is SERVICE_UNAVAILABLE when two transactions block one another", async () => {
    await platform.admin`insert into thing values (10), (11) on conflict do nothing`;
    const both = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
    const cross = (mine: 0 | 1): Promise<unknown> =>
      database.run((sql) =>
        sql.begin(async (transaction) => {
          await transaction`set local lock_timeout = 0`;
          await transaction`set local statement_timeout = 0`;
          await transaction`select from thing where id = ${10 + mine} for update`;
          both[mine].resolve();
          await both[mine === 0 ? 1 : 0].promise;
          await transaction`select from thing where id = ${11 - mine} for update`;
        }),
      );
    const outcomes = await Promise.allSettled([cross(0), cross(1)]);
    const failures = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason] : []));
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatchObject(UNAVAILABLE);
    expect(postgresCode(failures[0])).toBe("40P01");
  });
});

describe("everything else", () => {
  it("stays as it is: a broken key belongs to the store that knows its meaning", async () => {
    await platform.admin`insert into thing values (7) on conflict do nothing`;
    const failure = await failureOf(database.run((sql) => sql`insert into thing values (7)`));
    expect(failure).not.toBeInstanceOf(DomainError);
    expect(postgresCode(failure)).toBe("23505");
    expect(violates(failure, "thing_key")).toBe(true);
    expect(violates(failure, "other_key")).toBe(false);
    expect(violates(new Error("wrapped", { cause: failure }), "thing_key")).toBe(true);
  });

  it("stays as it is: a statement that is wrong is a bug", async () => {
    const failure = await failureOf(database.run((sql) => sql`select no_such_column`));
    expect(failure).not.toBeInstanceOf(DomainError);
    expect(postgresCode(failure)).toBe("42703");
  });

  it("is found in the chain of causes", () => {
    const inner = Object.assign(new Error("closed"), { code: "CONNECTION_CLOSED" });
    expect(translateDatabaseError(new Error("outer", { cause: inner }))).toMatchObject(UNAVAILABLE);
    for (const error of [null, undefined, "text", { code: "57014" }, new Error("no code")]) {
      expect(translateDatabaseError(error)).toBe(error);
    }
  });

  it.each(["08006", "53300", "53100", "57P01", "57P03", "ECONNRESET", "EPIPE", "ENOTFOUND", "EAI_AGAIN"])(
    "%s is trouble, too",
    (code) => {
      expect(translateDatabaseError(Object.assign(new Error("x"), { code }))).toMatchObject(UNAVAILABLE);
    },
  );
});

it("tells the owner of a session that it is gone", async () => {
  let lost = 0;
  const session = openSession(platform.config, "session", () => {
    lost += 1;
  });
  const [row] = await session<{ pid: number }[]>`select pg_backend_pid() as pid`;
  expect(lost).toBe(0);
  await platform.admin`select pg_terminate_backend(${row?.pid ?? 0})`;
  await eventually(() => expect(lost).toBe(1));
  expect(await session`select 1 as one`).toEqual([{ one: 1 }]);
  await session.end();
});
