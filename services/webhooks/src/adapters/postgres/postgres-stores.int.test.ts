import { fileURLToPath } from "node:url";
import { readDatabase } from "@oi/platform/config/common";
import { readEnv } from "@oi/platform/config/env";
import { type Database, openDatabase } from "@oi/platform/postgres/client";
import { type TestDatabase, testDatabase } from "@oi/testkit/postgres";
import postgres from "postgres";
import { afterAll, beforeAll } from "vitest";
import { changeDeskContract } from "../../application/change-desk.contract.ts";
import { deliveryQueueContract } from "../../application/delivery-queue.contract.ts";
import { endpointHealthContract } from "../../application/endpoint-health.contract.ts";
import { endpointStoreContract } from "../../application/endpoint-store.contract.ts";
import { eventInboxContract } from "../../application/event-inbox.contract.ts";
import type { Outcome } from "../../domain/classify.ts";
import type { Stores } from "../../testing/stores.ts";
import { encodeNotice } from "../events/encode-notice.ts";
import { postgresChangeDesk } from "./change-desk.ts";
import { postgresDeliveryLog } from "./delivery-log.ts";
import { postgresDeliveryQueue } from "./delivery-queue.ts";
import { postgresEndpointLog } from "./endpoint-log.ts";
import { postgresEndpointStore } from "./endpoint-store.ts";
import { postgresEventInbox } from "./event-inbox.ts";
import { postgresParkedEvents } from "./parked-events.ts";

let given: TestDatabase;
let database: Database;
let admin: postgres.Sql;

beforeAll(async () => {
  const migrations = fileURLToPath(new URL("../../../migrations", import.meta.url));
  given = await testDatabase({ service: "webhooks", migrations });
  database = openDatabase(
    readEnv({ WEBHOOKS_DATABASE_URL: given.url }, (read) => readDatabase(read, "WEBHOOKS")),
    "test",
  );
  admin = postgres(given.adminUrl, { max: 2, onnotice: () => {} });
});

afterAll(async () => {
  await database[Symbol.asyncDispose]();
  await admin.end();
  await given[Symbol.asyncDispose]();
});

/** The database's clock cannot be moved, so everything it holds goes into the past instead. */
async function pass(ms: number): Promise<void> {
  const by = `${ms} milliseconds`;
  await admin`
    update delivery set next_at = next_at - ${by}::interval, first_due_at = first_due_at - ${by}::interval,
      lease_until = lease_until - ${by}::interval`;
  await admin`
    update endpoint set open_until = open_until - ${by}::interval, win_from = win_from - ${by}::interval,
      first_fail_at = first_fail_at - ${by}::interval`;
  await admin`
    update endpoint_secret set expires_at = expires_at - ${by}::interval`;
  await admin`update idempotency set answered_at = answered_at - ${by}::interval`;
}

function open(): Stores {
  return {
    inbox: postgresEventInbox(database),
    endpoints: postgresEndpointStore(database),
    queue: postgresDeliveryQueue(database, { encode: encodeNotice, timeScale: 1 }),
    log: postgresDeliveryLog(database),
    endpointLog: postgresEndpointLog(database),
    desk: postgresChangeDesk(database),
    parked: postgresParkedEvents(database),
    pass,
    warnings: async () => {
      const rows = await admin<{ subject: string; what: string }[]>`
        select subject, coalesce(payload::jsonb->>'hours', payload::jsonb->>'reason') as what
        from outbox where subject like 'webhooks.endpoint.%' order by seq`;
      return rows.map(
        ({ subject, what }) => `${subject.slice("webhooks.".length).toUpperCase().replace(".", "_")} ${what}`,
      );
    },
    told: async () => {
      const rows = await admin<{ id: string }[]>`
        select payload::jsonb->>'deliveryId' as id from outbox where subject = 'webhooks.delivery.parked' order by seq`;
      return rows.map((row) => Number(row.id));
    },
    outcomes: async (id) => {
      const rows = await admin<{ outcome: Outcome | null }[]>`
        select outcome from attempt where delivery_id = ${id} order by n`;
      return rows.map((row) => row.outcome);
    },
    poison: async () =>
      (await admin<{ event_id: string }[]>`select event_id from parked_event`).map((r) => r.event_id),
  };
}

eventInboxContract(open);
endpointStoreContract(open);
const openEmpty = async (): Promise<Stores> => {
  // What other tests left due would be claimed too.
  await admin`truncate delivery, attempt, outbox, recovery`;
  return open();
};
deliveryQueueContract(openEmpty);
changeDeskContract(openEmpty);
endpointHealthContract(openEmpty);
