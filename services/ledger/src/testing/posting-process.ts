import { setTimeout as pause } from "node:timers/promises";
import { openDatabase } from "@oi/platform/postgres/client";
import { postgresBooks } from "../adapters/postgres/books.ts";
import { groupCommit } from "../adapters/postgres/lane.ts";
import { postgresPostings } from "../adapters/postgres/postings.ts";
import { readConfig } from "../config.ts";
import { captured, draft } from "./facts.ts";

/**
 * A process to be killed: posts payments 1 to `count` of application 7 through a lane, each twice and many at once, and
 * prints the number of each payment whose posting was acknowledged.
 */
const [url = "", count = "0"] = process.argv.slice(2);
const { database: config } = readConfig({ LEDGER_DATABASE_URL: url, NATS_URL: "nats://127.0.0.1" });
await using database = openDatabase(config, "posting process");
const scope = { applicationId: 7, mode: "LIVE" } as const;
await postgresBooks(database).open(scope);
const lane = groupCommit(postgresPostings(database, { announce: () => null }), {
  lanes: 1,
  queueMax: 10_000,
  pause: (ms) => pause(ms),
});
const ids = Array.from({ length: Number(count) }, (_, i) => i + 1);
const client = async (): Promise<void> => {
  for (let paymentId = ids.shift(); paymentId !== undefined; paymentId = ids.shift()) {
    // The event is the payment's own, so that every run of this process brings the same one.
    const eventUuid = `00000000-0000-7000-8000-${String(paymentId).padStart(12, "0")}`;
    const made = draft(
      captured({ scope, paymentId, source: { eventUuid, subject: "payments.payment.succeeded" } }),
    );
    await Promise.all([lane.post(scope, [made]), lane.post(scope, [made])]);
    process.stdout.write(`${paymentId}\n`);
  }
};
await Promise.all(Array.from({ length: 40 }, client));
