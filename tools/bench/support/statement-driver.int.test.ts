import { testDatabase } from "@oi/testkit/postgres";
import postgres from "postgres";
import { expect, it } from "vitest";
import type { Load } from "./clients.ts";
import { cpuTimes } from "./cpu.ts";
import type { StatementLoad } from "./statement-driver.ts";
import { startWorker } from "./worker.ts";

const SCRIPT = new URL("./statement-driver.ts", import.meta.url);

it("creates whole payments: row, history, idempotent answer and event, one each", async () => {
  await using database = await testDatabase({
    service: "payments",
    migrations: "services/payments/migrations",
  });
  await using driver = startWorker<StatementLoad, Load>(SCRIPT);
  const { count, failures } = await driver.run({ url: database.url, clients: 2, seconds: 0.3 });
  expect(failures).toEqual({});
  expect(count).toBeGreaterThan(0);
  await using sql = Object.assign(postgres(database.adminUrl, { max: 1 }), {
    [Symbol.asyncDispose]: () => sql.end(),
  });
  const [rows] = await sql`
    select (select count(*)::int from payment) as payments, (select count(*)::int from payment_history) as history,
           (select count(*)::int from idempotency) as answers, (select count(*)::int from outbox) as events`;
  expect(rows).toEqual({ payments: count, history: count, answers: count, events: count });
  expect(cpuTimes({ driver: [driver.pid] }).driver).toBeGreaterThan(0);
});

it("says what went wrong in the worker", async () => {
  await using driver = startWorker<StatementLoad, Load>(SCRIPT);
  const url = "postgres://nobody@127.0.0.1:1/nothing";
  await expect(driver.run({ url, clients: 1, seconds: 0.1 })).rejects.toThrow(/ECONNREFUSED/);
});
