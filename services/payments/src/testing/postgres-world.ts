import { type Database, openDatabase } from "@oi/platform/postgres/client";
import { testDatabase } from "@oi/testkit/postgres";
import postgres, { type Sql } from "postgres";
import { postgresApplicationStore } from "../adapters/postgres/application-store.ts";
import { postgresCallbackStore } from "../adapters/postgres/callback-store.ts";
import { postgresCredentialStore } from "../adapters/postgres/credential-store.ts";
import { postgresInquiryQueue } from "../adapters/postgres/inquiry-queue.ts";
import { type EventEncoder, postgresPaymentStore } from "../adapters/postgres/payment-store.ts";
import { postgresReceiptStore } from "../adapters/postgres/receipt-store.ts";
import { postgresRefundQueue } from "../adapters/postgres/refund-queue.ts";
import { postgresRefundStore } from "../adapters/postgres/refund-store.ts";
import { postgresReviewStore } from "../adapters/postgres/review-store.ts";
import { postgresTimelineStore } from "../adapters/postgres/timeline-store.ts";
import type { CallbackOutcome } from "../domain/callback.ts";
import type { Step } from "../domain/payment.ts";
import { uniqueNumber } from "./samples.ts";
import { publicationOf, type StoreWorld } from "./store-world.ts";

/** The stores on a PostgreSQL of their own, as the service's role; `admin` sees and may do everything. */
export type PostgresWorld = StoreWorld & {
  readonly admin: Sql;
  /** The service's own role. */
  readonly app: Sql;
  readonly url: string;
  /** Wake-ups of the relay so far. */
  readonly wakeUps: () => number;
};

const LEASE_MS = 30_000;

const encodeEvent: EventEncoder = (event) => {
  const { type, aggregate, version } = publicationOf(event);
  const payload = JSON.stringify({
    receiptId: ("charge" in event && event.charge?.id) || null,
    note: 'a "quoted" \\ text',
  });
  return {
    id: `evt_${uniqueNumber()}`,
    subject: `payments.${type}`,
    aggregate,
    version,
    headers: { "ce-type": type },
    payload,
  };
};

export async function postgresWorld(lockTimeoutMs = 500): Promise<PostgresWorld> {
  const given = await testDatabase({ migrations: "services/payments/migrations", service: "payments" });
  const limits = { connectTimeoutMs: 2_000, statementTimeoutMs: 5_000, idleTransactionTimeoutMs: 5_000 };
  const config = { url: given.url, poolMax: 10, waitMax: 64, lockTimeoutMs, ...limits };
  const database = openDatabase(config, "payments-test");
  const admin = postgres(given.adminUrl, { max: 2, onnotice: () => undefined });
  let wakeUps = 0;
  const onEvents = (): void => {
    wakeUps += 1;
  };
  return {
    ...postgresStores(database, onEvents),
    url: given.url,
    admin,
    app: database.sql,
    wakeUps: () => wakeUps,
    // The database runs on this machine, so this clock is its clock.
    now: () => Date.now(),
    ...hands(admin),
    [Symbol.asyncDispose]: async () => {
      await database[Symbol.asyncDispose]();
      await admin.end();
      await given[Symbol.asyncDispose]();
    },
  };
}

export function postgresStores(database: Database, onEvents: () => void = () => {}) {
  const ports = { database, encodeEvent, onEvents };
  return {
    payments: postgresPaymentStore(ports),
    queue: postgresInquiryQueue(database, LEASE_MS),
    refunds: postgresRefundStore(ports),
    timeline: postgresTimelineStore(database),
    credentials: postgresCredentialStore(database),
    receipts: postgresReceiptStore(database),
    reviews: postgresReviewStore(database),
    refundQueue: postgresRefundQueue(database, LEASE_MS),
    callbacks: postgresCallbackStore(database),
    applications: postgresApplicationStore(ports),
  };
}

function hands(admin: Sql) {
  return {
    endLeases: async () => {
      await admin`update gateway_attempt set inquiry_lease_until = clock_timestamp() - interval '1 second'
        where inquiry_lease_until is not null`;
      await admin`update refund_attempt set lease_until = clock_timestamp() - interval '1 second'
        where lease_until is not null`;
    },
    endCredential: async (id: number) => {
      await admin`update credential set expires_at = clock_timestamp() - interval '1 second' where id = ${id}`;
    },
    history: async (paymentId: number): Promise<readonly Step[]> => {
      const rows = await admin<(Omit<Step, "version"> & { version: string })[]>`
        select version, from_status as "from", to_status as "to", cause from payment_history
        where payment_id = ${paymentId} order by version`;
      return rows.map((row) => ({ ...row, version: Number(row.version) }));
    },
    published: async (aggregate: string) => {
      const rows = await admin<{ subject: string; version: string }[]>`
        select subject, version from outbox where aggregate = ${aggregate} order by seq`;
      return rows.map(({ subject, version }) => ({
        type: subject.slice("payments.".length),
        version: Number(version),
      }));
    },
    callbackOutcomes: async (paymentId: number): Promise<readonly CallbackOutcome[]> => {
      const rows = await admin<{ outcome: CallbackOutcome }[]>`
        select outcome from gateway_callback where matched_payment_id = ${paymentId} order by id`;
      return rows.map(({ outcome }) => outcome);
    },
    audited: async (applicationId: number): Promise<readonly string[]> => {
      const rows = await admin<{ said: string }[]>`
        select actor || ' ' || action as said from audit_log where application_id = ${applicationId} order by id`;
      return rows.map(({ said }) => said);
    },
    inquiries: async (paymentId: number): Promise<readonly string[]> => {
      const rows = await admin<{ said: string }[]>`
        select operation || ' ' || outcome as said from gateway_inquiry where payment_id = ${paymentId} order by id`;
      return rows.map(({ said }) => said);
    },
  };
}
