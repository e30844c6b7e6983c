import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { create, toJsonString } from "@bufbuild/protobuf";
import { paymentReference } from "@oi/kernel/id";
import { cloudEventHeaders, type OutboxEvent } from "@oi/platform/events/envelope";
import { openNats } from "@oi/platform/events/nats-link";
import { type OutboxStore, startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { newEventId, systemRandom } from "@oi/platform/service/random";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { Mode } from "@oi/proto/common/v1/mode";
import { PaymentStatus } from "@oi/proto/payments/v1/payment";
import {
  ApplicationEventSchema,
  PaymentEventSchema,
  RefundEventSchema,
} from "@oi/proto/payments/v1/payments_events";
import { RefundOrigin, RefundStatus } from "@oi/proto/payments/v1/refund";
import { toTimestamp } from "@oi/proto/public/time";
import { testDatabase } from "@oi/testkit/postgres";
import { readConfig, type WebhooksConfig } from "../config.ts";

/** Seals the secrets of one test file; a process that it starts needs it too. */
export const KEK = `k1:${randomBytes(32).toString("base64")}`;

export function openDatabase() {
  const migrations = fileURLToPath(new URL("../../migrations", import.meta.url));
  return testDatabase({ service: "webhooks", migrations });
}

/** The service on free ports, towards loopback, with days shortened to moments. */
export function testConfig(env: Readonly<Record<string, string>>): Readonly<WebhooksConfig> {
  return readConfig({
    WEBHOOKS_KEKS: KEK,
    WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.0/8",
    WEBHOOKS_DEADLINE_MS: "2000",
    WEBHOOKS_LEASE_MS: "6000",
    TIME_SCALE: "0.00002",
    RPC_PORT: "0",
    OPS_PORT: "0",
    LOG_LEVEL: "silent",
    ...env,
  });
}

type Row = { readonly event: OutboxEvent; seq: number; publishes: number; streamSeq: number | null };

/** The payments service's side of the stream: the real relay over an outbox in memory. */
export function startProducer(natsUrl: string) {
  const rows: Row[] = [];
  let created = "";
  const unpublish = (lost: readonly Row[]): number => {
    for (const row of lost) row.streamSeq = null;
    return lost.length;
  };
  const isPublished = (row: Row): boolean => row.streamSeq !== null;
  const store: OutboxStore = {
    lead: async () => true,
    unpublished: async () =>
      rows
        .filter((row) => !isPublished(row))
        .map(({ event, seq, publishes }) => ({ ...event, seq: String(seq), createdAt: "", publishes })),
    markPublished: async (published) => {
      for (const { seq, streamSeq } of published) {
        const row = rows[Number(seq)];
        if (row) Object.assign(row, { streamSeq, publishes: row.publishes + 1 });
      }
    },
    enterEpoch: async (_, now) => {
      const isLost = created !== "" && created !== now;
      created = now;
      return isLost ? unpublish(rows.filter(isPublished)) : 0;
    },
    unpublishAbove: async () => 0,
    unpublishSeqs: async () => 0,
    saveAckFloor: async () => undefined,
    ensurePartitions: async () => undefined,
    [Symbol.asyncDispose]: async () => undefined,
  };
  const log = silentLogger();
  const link = openNats({ url: natsUrl, name: "producer" });
  const stream = { name: "PAYMENTS", subjects: ["payments.>"], replicas: 1, maxAgeDays: 7 };
  const relay = startOutboxRelay({ store, link, stream, log });
  return {
    publish: (event: OutboxEvent): void => {
      rows.push({ event, seq: rows.length, publishes: 0, streamSeq: null });
      relay.wake();
    },
    /** As after a crash between publish and mark: the same event under another message id. */
    publishAgain: (): void => {
      unpublish(rows);
      relay.wake();
    },
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]();
      await link[Symbol.asyncDispose]();
    },
  };
}

function envelope(subject: string, aggregate: string, version: number, payload: string): OutboxEvent {
  const id = newEventId(systemRandom(), Date.now());
  const headers = cloudEventHeaders({
    id,
    source: "test",
    type: subject,
    subject: aggregate,
    time: Date.now(),
  });
  return { id, subject, aggregate, version, headers, payload };
}

const scopeOf = (applicationId: number) => ({ applicationId: BigInt(applicationId), mode: Mode.TEST });

function paymentOf(applicationId: number, version: bigint, status: PaymentStatus = PaymentStatus.SUCCEEDED) {
  const at = toTimestamp(Date.now());
  return {
    ...scopeOf(applicationId),
    id: 100n,
    reference: paymentReference(systemRandom().bytes(16)),
    amount: { amountMinor: 150_000n, currency: "BDT" },
    status,
    customerReference: "c-1",
    gateway: "SSLCOMMERZ",
    checkoutUrl: "https://pay.example/c",
    createdAt: at,
    updatedAt: at,
    version,
  };
}

export function paymentEvent(applicationId: number, verb = "succeeded"): OutboxEvent {
  const payment = paymentOf(applicationId, 3n);
  const { amount, updatedAt: occurredAt, reference } = payment;
  const about = { ...scopeOf(applicationId), occurredAt, paymentId: 100n };
  const message = create(PaymentEventSchema, { ...about, amount, payment });
  return envelope(`payments.payment.${verb}`, reference, 3, toJsonString(PaymentEventSchema, message));
}

/** The gateway returned a part of the payment, or refused to. */
export function refundEvent(applicationId: number, verb: "succeeded" | "failed"): OutboxEvent {
  const isDone = verb === "succeeded";
  const payment = isDone
    ? paymentOf(applicationId, 4n, PaymentStatus.PARTIALLY_REFUNDED)
    : paymentOf(applicationId, 3n);
  const { updatedAt: occurredAt, createdAt, reference, version } = payment;
  const status = isDone ? RefundStatus.SUCCEEDED : RefundStatus.FAILED;
  const amount = { amountMinor: 2_500n, currency: "BDT" };
  const common = {
    ...scopeOf(applicationId),
    paymentId: 100n,
    amount,
    status,
    origin: RefundOrigin.MERCHANT,
  };
  const refund = {
    ...common,
    id: 7n,
    reason: "Wrong size",
    createdBy: `app:${applicationId}`,
    createdAt,
    updatedAt: occurredAt,
    version: 2n,
    ...(isDone ? { gatewayRefundId: "R-1" } : { failureReason: "Refused by the bank" }),
  };
  const message = create(RefundEventSchema, { ...common, occurredAt, refundId: 7n, payment, refund });
  const payload = toJsonString(RefundEventSchema, message);
  return envelope(`payments.refund.${verb}`, reference, Number(version), payload);
}

/** One that can be read, and that no database row can hold. */
export function unstorableEvent(applicationId: number): OutboxEvent {
  const event = paymentEvent(applicationId);
  return { ...event, payload: event.payload.replace('"c-1"', '"c-\\u0000"') };
}

export function brokenEvent(): OutboxEvent {
  return envelope("payments.payment.failed", "pay_x", 1, '{"payment":"not a payment"}');
}

export function applicationEvent(applicationId: number, version: number, webhookUrl?: string): OutboxEvent {
  const id = BigInt(applicationId);
  const application = { id, name: "Shop", version: BigInt(version), ...(webhookUrl ? { webhookUrl } : {}) };
  const message = create(ApplicationEventSchema, { applicationId: id, application });
  const payload = toJsonString(ApplicationEventSchema, message);
  return envelope("payments.application.updated", `app-${applicationId}`, version, payload);
}
