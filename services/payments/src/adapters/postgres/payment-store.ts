import { DomainError, notFound, VersionConflict } from "@oi/kernel/errors";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { postgresCode, violates } from "@oi/platform/postgres/errors";
import type { Creation, IdempotencyKey, PaymentStore } from "../../application/ports.ts";
import { checkAmount } from "../../domain/application.ts";
import type { PaymentsEvent } from "../../domain/events.ts";
import type { OpenPayment } from "../../domain/payment.ts";
import { decodeAnswer, RENDER_VERSION } from "./answer-codec.ts";
import { commitChange } from "./commit-statement.ts";
import { insertPayment } from "./create-statement.ts";
import { idBlocks } from "./id-blocks.ts";
import { listPayments, readFile } from "./payment-queries.ts";
import { type ApplicationRow, type PaymentRow, toApplication, toPayment } from "./rows.ts";

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
