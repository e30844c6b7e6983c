import { DomainError, notFound, VersionConflict } from "@oi/kernel/errors";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { postgresCode, violates } from "@oi/platform/postgres/errors";
import type {
  Creation,
  IdempotencyKey,
  PaymentFile,
  PaymentFilter,
  PaymentStore,
} from "../../application/ports.ts";
import { checkAmount } from "../../domain/application.ts";
import type { PaymentsEvent } from "../../domain/events.ts";
import type { OpenPayment } from "../../domain/payment.ts";
import { decodeAnswer, RENDER_VERSION } from "./answer-codec.ts";
import { commitChange } from "./commit-statement.ts";
import { insertPayment } from "./create-statement.ts";
import { idBlocks } from "./id-blocks.ts";
import {
  type ApplicationRow,
  type AttemptRow,
  type PaymentRow,
  toApplication,
  toAttempt,
  toPayment,
} from "./rows.ts";

export type EventEncoder = (event: PaymentsEvent, receiptId?: number) => OutboxEvent;

type Ports = {
  readonly database: Database;
  readonly encodeEvent: EventEncoder;
  readonly onEvents: () => void;
};

/** Payments in PostgreSQL. `onEvents` wakes the relay after a commit that wrote events. */
export function postgresPaymentStore({ database, encodeEvent, onEvents }: Ports): PaymentStore {
  const nextChargeId = idBlocks(database, "charge_id");
  return {
    nextId: idBlocks(database, "payment_id"),
    create: async (payment, event, request) => {
      const encoded = encodeEvent(event);
      const insert = (sql: Sql) => insertPayment(sql, payment, encoded, request);
      const answeredAt = await database
        .run(insert)
        .catch((error) => Promise.reject(keyInProgress(error, request.idempotency)));
      if (!answeredAt) return explain(database, payment, request.idempotency);
      onEvents();
      const { requestId: firstRequestId } = request;
      return {
        payment,
        replayed: false,
        answeredAt: answeredAt.getTime(),
        firstRequestId,
        renderVersion: RENDER_VERSION,
      };
    },
    byId: (id, scope) =>
      database.run(async (sql) => {
        const [row] = await sql<PaymentRow[]>`
          select * from payment where id = ${id} and application_id = ${scope.applicationId} and mode = ${scope.mode}`;
        return row ? toPayment(row) : null;
      }),
    byReference: (reference, scope) =>
      database.run(async (sql) => {
        const [row] = await sql<PaymentRow[]>`
          select * from payment where reference = ${reference} and application_id = ${scope.applicationId} and mode = ${scope.mode}`;
        return row ? toPayment(row) : null;
      }),
    list: (filter, scope) => database.run((sql) => listPayments(sql, filter, scope)),
    fileByReference: (reference) => database.run((sql) => readFile(sql, reference)),
    commit: async (change) => {
      const charges = await Promise.all(
        change.charges.map(async (charge) => ({ ...charge, id: await nextChargeId() })),
      );
      const receiptId = (event: PaymentsEvent): number | undefined =>
        "charge" in event
          ? charges.find((charge) => charge.gatewayRef === event.charge?.gatewayRef)?.id
          : undefined;
      const events = change.events.map((event) => encodeEvent(event, receiptId(event)));
      const ids = await database
        .run((sql) => commitChange(sql, change, charges, events))
        .catch((error) => Promise.reject(raceLost(error)));
      if (!ids) throw new VersionConflict("the payment changed meanwhile");
      if (events.length > 0) onEvents();
      return change.attempts.map((attempt) =>
        attempt.id === 0 ? { ...attempt, id: ids.shift() ?? 0 } : attempt,
      );
    },
  };
}

/** Somebody else opened a session or recorded the charge at the same moment: load and decide again. */
function raceLost(error: unknown): unknown {
  const raced = [
    "gateway_attempt_one_open",
    "gateway_attempt_payment_id_no_key",
    "charge_account_gateway_ref_key",
    "charge_settles_once",
  ];
  return raced.some((name) => violates(error, name))
    ? new VersionConflict("another commit came first", { cause: error })
    : error;
}

function keyInProgress(error: unknown, key: IdempotencyKey | null): unknown {
  if (key === null || postgresCode(error) !== "55P03") return error;
  return new DomainError(
    "IDEMPOTENCY_IN_PROGRESS",
    "The first request with this Idempotency-Key is still running.",
    {
      retryAfterSeconds: 1,
      cause: error,
    },
  );
}

type StoredAnswer = {
  fingerprint: Buffer;
  answer: Buffer;
  request_id: string;
  render_version: number;
  answered_at: Date;
};

/** Why nothing was inserted: a key that exists (its answer is given again), an unknown application, or its limits. */
async function explain(
  database: Database,
  payment: OpenPayment,
  key: IdempotencyKey | null,
): Promise<Creation> {
  const { applicationId, mode } = payment.scope;
  const stored = key
    ? await database.run(async (sql) => {
        const [row] = await sql<StoredAnswer[]>`
          select fingerprint, answer, request_id, render_version, answered_at from idempotency
          where application_id = ${applicationId} and mode = ${mode} and route = ${key.route} and key = ${key.key}`;
        return row;
      })
    : undefined;
  if (stored && key) return replay(stored, key);
  const [row] = await database.run(
    (sql) => sql<ApplicationRow[]>`select * from application where id = ${applicationId}`,
  );
  if (!row) throw notFound("Application");
  checkAmount(toApplication(row), payment.amount);
  throw new DomainError("SERVICE_UNAVAILABLE", "The application's settings are just changing.", {
    retryAfterSeconds: 1,
  });
}

function replay(stored: StoredAnswer, { fingerprint }: IdempotencyKey): Creation {
  if (Buffer.compare(stored.fingerprint, fingerprint) !== 0) {
    throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "This Idempotency-Key was used with another request.");
  }
  return {
    payment: decodeAnswer(stored.answer),
    replayed: true,
    answeredAt: stored.answered_at.getTime(),
    firstRequestId: stored.request_id,
    renderVersion: stored.render_version,
  };
}

/** Counting stops where pages end, so that a customer with a million payments costs no more than one with ten thousand. */
const COUNT_LIMIT = 10_000;

async function listPayments(sql: Sql, filter: PaymentFilter, scope: OpenPayment["scope"]) {
  const at = (instant: number | null): Date | null => (instant === null ? null : new Date(instant));
  const column = { createdAt: sql`created_at`, updatedAt: sql`updated_at`, amountMinor: sql`amount_minor` }[
    filter.sortBy
  ];
  const direction = filter.ascending ? sql`asc` : sql`desc`;
  const where = sql`
    application_id = ${scope.applicationId} and mode = ${scope.mode}
    ${filter.customerReference === null ? sql`` : sql`and customer_reference = ${filter.customerReference}`}
    ${filter.reference === null ? sql`` : sql`and reference = ${filter.reference}`}
    ${filter.status === null ? sql`` : sql`and status = ${filter.status}`}
    ${filter.from === null ? sql`` : sql`and created_at >= ${at(filter.from)}`}
    ${filter.to === null ? sql`` : sql`and created_at <= ${at(filter.to)}`}`;
  const [rows, [count]] = await Promise.all([
    sql<PaymentRow[]>`
      select * from payment where ${where} order by ${column} ${direction}, id ${direction}
      limit ${filter.limit} offset ${filter.skip}`,
    sql<
      { n: number }[]
    >`select count(*)::int as n from (select 1 from payment where ${where} limit ${COUNT_LIMIT}) as counted`,
  ]);
  return { payments: rows.map(toPayment), total: count?.n ?? 0 };
}

type FileRow = PaymentRow & {
  attempts: AttemptJson[];
  known_charges: string[];
  application_name: string;
  awaiting: boolean;
};
type AttemptJson = Omit<AttemptRow, "failed_at" | "doubt_at" | "next_inquiry_at" | "created_at"> & {
  failed_at: string | null;
  doubt_at: string | null;
  next_inquiry_at: string | null;
  created_at: string;
};

/** Payment, attempts and charges from one snapshot, in one round trip. */
async function readFile(sql: Sql, reference: string): Promise<PaymentFile | null> {
  const [row] = await sql<FileRow[]>`
    select p.*, a.name as application_name,
      coalesce((select jsonb_agg(to_jsonb(t) order by t.no) from gateway_attempt t where t.payment_id = p.id), '[]') as attempts,
      coalesce((select array_agg(c.gateway_ref) from charge c where c.payment_id = p.id), '{}') as known_charges,
      exists (select from gateway_callback c where c.matched_payment_id = p.id and c.outcome = 'PENDING_VERIFICATION') as awaiting
    from payment p join application a on a.id = p.application_id where p.reference = ${reference}`;
  if (!row) return null;
  return {
    payment: toPayment(row),
    attempts: row.attempts.map(attemptFromJson),
    knownCharges: row.known_charges,
    applicationName: row.application_name,
    awaitingConfirmation: row.awaiting,
  };
}

function attemptFromJson(json: AttemptJson) {
  const at = (text: string | null): Date | null => (text === null ? null : new Date(text));
  return toAttempt({
    ...json,
    failed_at: at(json.failed_at),
    doubt_at: at(json.doubt_at),
    next_inquiry_at: at(json.next_inquiry_at),
    created_at: new Date(json.created_at),
  });
}
