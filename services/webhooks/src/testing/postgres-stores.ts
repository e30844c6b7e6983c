import { readDatabase } from "@oi/platform/config/common";
import { readEnv } from "@oi/platform/config/env";
import { type Database, openDatabase as openPool } from "@oi/platform/postgres/client";
import postgres from "postgres";
import { encodeNotice } from "../adapters/events/encode-notice.ts";
import { postgresChangeDesk } from "../adapters/postgres/change-desk.ts";
import { postgresDeliveryLog } from "../adapters/postgres/delivery-log.ts";
import { postgresDeliveryQueue } from "../adapters/postgres/delivery-queue.ts";
import { postgresEndpointLog } from "../adapters/postgres/endpoint-log.ts";
import { postgresEndpointStore } from "../adapters/postgres/endpoint-store.ts";
import { postgresEventInbox } from "../adapters/postgres/event-inbox.ts";
import { postgresParkedEvents } from "../adapters/postgres/parked-events.ts";
import { postgresSecretShelf } from "../adapters/postgres/secret-shelf.ts";
import type { Outcome } from "../domain/classify.ts";
import { openDatabase } from "./running-app.ts";
import type { Stores } from "./stores.ts";

/** The database's clock cannot be moved, so everything it holds goes into the past instead. */
async function pass(admin: postgres.Sql, ms: number): Promise<void> {
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

function storesOver(database: Database, admin: postgres.Sql): Stores {
  return {
    inbox: postgresEventInbox(database),
    endpoints: postgresEndpointStore(database),
    queue: postgresDeliveryQueue(database, { encode: encodeNotice, timeScale: 1 }),
    log: postgresDeliveryLog(database),
    endpointLog: postgresEndpointLog(database),
    desk: postgresChangeDesk(database),
    parked: postgresParkedEvents(database),
    shelf: postgresSecretShelf(database),
    pass: (ms) => pass(admin, ms),
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

/** A migrated database of its own, all stores over it, and its owner's look behind them. */
export type PostgresStores = AsyncDisposable & {
  readonly stores: Stores;
  readonly database: Database;
  readonly admin: postgres.Sql;
};

export async function openPostgresStores(): Promise<PostgresStores> {
  const given = await openDatabase();
  const config = readEnv({ WEBHOOKS_DATABASE_URL: given.url }, (read) => readDatabase(read, "WEBHOOKS"));
  const database = openPool(config, "test");
  const admin = postgres(given.adminUrl, { max: 2, onnotice: () => {} });
  return {
    stores: storesOver(database, admin),
    database,
    admin,
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await admin.end();
      await given[Symbol.asyncDispose]();
    },
  };
}
