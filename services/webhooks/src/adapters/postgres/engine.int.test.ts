import { test } from "@fast-check/vitest";
import { afterAll, beforeAll } from "vitest";
import { runHistory } from "../../testing/engine.ts";
import { histories } from "../../testing/engine-steps.ts";
import { openPostgresStores, type PostgresStores } from "../../testing/postgres-stores.ts";

const RUNS = Number(process.env.POSTGRES_HISTORIES ?? 6);
/** How late the model's clock may be: it asks for the time after the database answered. */
const SLACK_MS = 20_000;

let given: PostgresStores;
beforeAll(async () => {
  given = await openPostgresStores();
});
afterAll(() => given[Symbol.asyncDispose]());

test.prop([histories], { numRuns: RUNS, endOnFailure: true })(
  "the functions of the database do what the model says over every history",
  async (history) => {
    await given.admin`truncate delivery, attempt, outbox, recovery`;
    await runHistory(given.stores, { runsByItself: true, slackMs: SLACK_MS }, history);
  },
  300_000,
);
