import { DomainError, notFound, VersionConflict } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { violates } from "@oi/platform/postgres/errors";
import type { Creation, IdempotencyKey, PaymentStore } from "../../application/ports.ts";
import { checkAmount } from "../../domain/application.ts";
import type { PaymentsEvent } from "../../domain/events.ts";
import type { OpenPayment, Payment } from "../../domain/payment.ts";
import { RENDER_VERSION } from "./answer-codec.ts";
import { readCheckout } from "./checkout-query.ts";
import { commitChange } from "./commit-statement.ts";
import { insertPayment } from "./create-statement.ts";
import { idBlocks } from "./id-blocks.ts";
import { keyInProgress, storedAnswer } from "./idempotency-rows.ts";
import { listPayments, readFile } from "./payment-queries.ts";
import { type ApplicationRow, type PaymentRow, toApplication, toPayment } from "./rows.ts";

export type EventEncoder = (event: PaymentsEvent) => OutboxEvent;

type Ports = {
  readonly database: Database;
  readonly encodeEvent: EventEncoder;
  readonly onEvents: () => void;
};

/** Payments in PostgreSQL. `onEvents` wakes the relay after a commit that wrote events. */
export function postgresPaymentStore({ database, encodeEvent, onEvents }: Ports): PaymentStore {
  return {
    nextId: idBlocks(database, "payment_id"),
    nextChargeId: idBlocks(database, "charge_id"),
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
    checkoutByReference: (reference) => database.run((sql) => readCheckout(sql, reference)),
    fileByReference: (reference) => database.run((sql) => readFile(sql, reference)),
    answered: async <T extends object>(scope: Scope, key: IdempotencyKey) =>
      (await storedAnswer<T>(database, scope, key))?.resource ?? null,
    purgeAnswers: (olderThanMs, limit) =>
      database.run(async (sql) => {
        const gone = await sql`
          delete from idempotency where ctid = any(array(
            select ctid from idempotency where answered_at < clock_timestamp() - ${`${olderThanMs} milliseconds`}::interval
            order by answered_at limit ${limit}))`;
        return gone.count;
      }),
    commit: async (change) => {
      const events = change.events.map(encodeEvent);
      const ids = await database
        .run((sql) => commitChange(sql, change, events))
        .catch((error) => Promise.reject(keyInProgress(raceLost(error), change.answer?.key ?? null)));
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
    "charge_mismatch_once",
    "idempotency_pkey",
    "refund_system_once",
    "refund_receipt_once",
    "refund_attempt_refund_id_no_key",
  ];
  if (violates(error, "refund_attempt_executed_once")) {
    return new DomainError("INVALID_OPERATION_STATE", "Another refund has this id of the gateway already.", {
      cause: error,
    });
  }
  return raced.some((name) => violates(error, name))
    ? new VersionConflict("another commit came first", { cause: error })
    : error;
}

/** Why nothing was inserted: a key that exists (its answer is given again), an unknown application, or its limits. */
async function explain(
  database: Database,
  payment: OpenPayment,
  key: IdempotencyKey | null,
): Promise<Creation> {
  const { applicationId } = payment.scope;
  const stored = key && (await storedAnswer<Payment>(database, payment.scope, key));
  if (stored) {
    const { resource, ...answer } = stored;
    return { payment: resource, replayed: true, ...answer };
  }
  const [row] = await database.run(
    (sql) => sql<ApplicationRow[]>`select * from application where id = ${applicationId}`,
  );
  if (!row) throw notFound("Application");
  checkAmount(toApplication(row), payment.amount);
  throw new DomainError("SERVICE_UNAVAILABLE", "The application's settings are just changing.", {
    retryAfterSeconds: 1,
  });
}
