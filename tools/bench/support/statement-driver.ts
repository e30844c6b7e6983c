import { randomBytes } from "node:crypto";
import { create, toJsonString } from "@bufbuild/protobuf";
import { paymentReference } from "@oi/kernel/id";
import { cloudEventHeaders, type OutboxEvent } from "@oi/platform/events/envelope";
import { newEventId, systemRandom } from "@oi/platform/service/random";
import { Mode } from "@oi/proto/common/v1/mode";
import { PaymentEventSchema } from "@oi/proto/payments/v1/payments_events";
import { toTimestamp } from "@oi/proto/public/time";
import postgres from "postgres";
import { insertPayment } from "../../../services/payments/src/adapters/postgres/create-statement.ts";
import { paymentMapper } from "../../../services/payments/src/adapters/rpc/payment-message.ts";
import { newPayment } from "../../../services/payments/src/domain/payment.ts";
import { keepAsking, type Load } from "./clients.ts";
import { answerTasks } from "./worker.ts";

export type StatementLoad = { readonly url: string; readonly clients: number; readonly seconds: number };

const random = systemRandom();
let sql: postgres.Sql | null = null;
let applicationId = 0;
let ids = 0;

function samplePayment(id: number, now: number) {
  const wish = {
    scope: { applicationId, mode: "TEST" as const },
    amount: { amountMinor: 125_050n, currency: "BDT" },
    customer: { reference: `cust_${id % 1_000}`, email: null, phone: null, name: null },
    productName: "Pro plan",
    redirectUrl: null,
    expiresInSeconds: null,
  };
  return newPayment(wish, { id, reference: paymentReference(random.bytes(16)) }, now);
}

/** The row of the outbox is encoded once, as the service does it: its size counts here, its words do not. */
function sampleEvent(): OutboxEvent {
  const time = Date.now();
  const payment = samplePayment(1, time);
  const id = newEventId(random, time);
  const subject = "payments.payment.created";
  const aggregate = payment.reference;
  const message = create(PaymentEventSchema, {
    applicationId: BigInt(applicationId),
    mode: Mode.TEST,
    occurredAt: toTimestamp(time),
    paymentId: BigInt(payment.id),
    gateway: "sslcommerz",
    amount: payment.amount,
    payment: paymentMapper("http://localhost:8080")(payment),
  });
  const headers = cloudEventHeaders({ id, source: "oi/payments", type: subject, subject: aggregate, time });
  return { id, subject, aggregate, version: 1, headers, payload: toJsonString(PaymentEventSchema, message) };
}

async function connect(url: string, clients: number): Promise<postgres.Sql> {
  const connected = postgres(url, { max: clients, onnotice: () => undefined });
  const rows = await connected<{ id: string }[]>`
    insert into application (name, receipts_enabled, late_payment_policy) values ('Bench', true, 'REFUND') returning id`;
  applicationId = Number(rows[0]?.id);
  return connected;
}

/** The statement by which payments creates a payment, and nothing else of the service: one round trip each. */
async function insertPayments({ url, clients, seconds }: StatementLoad): Promise<Load> {
  sql ??= await connect(url, clients);
  const driver = sql;
  const template = sampleEvent();
  const fingerprint = randomBytes(32);
  const ask = async (): Promise<string | null> => {
    ids += 1;
    const now = Date.now();
    const payment = samplePayment(ids, now);
    const event = { ...template, id: newEventId(random, now), aggregate: payment.reference };
    const idempotency = { route: "POST /payments", key: `bench-${ids}`, fingerprint };
    const answeredAt = await insertPayment(driver, payment, event, {
      requestId: `req_${ids}`,
      idempotency,
    });
    return answeredAt === null ? "no row" : null;
  };
  return keepAsking({ clients, seconds, ask });
}

answerTasks(insertPayments);
