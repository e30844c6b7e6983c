import { create, type DescMessage, type MessageShape, toJsonString } from "@bufbuild/protobuf";
import { cloudEventHeaders, type OutboxEvent } from "@oi/platform/events/envelope";
import { newEventId, type Random } from "@oi/platform/service/random";
import type { Application as ApplicationMessage } from "@oi/proto/payments/v1/application";
import type { Payment as PaymentMessage } from "@oi/proto/payments/v1/payment";
import {
  ApplicationEventSchema,
  LateReceiptEventSchema,
  MismatchEventSchema,
  PaymentEventSchema,
  RefundEventSchema,
} from "@oi/proto/payments/v1/payments_events";
import type { Refund as RefundMessage } from "@oi/proto/payments/v1/refund";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import type { Application } from "../../domain/application.ts";
import type { Charge } from "../../domain/charge.ts";
import type {
  ApplicationUpdated,
  LateReceiptRecorded,
  MismatchConfirmed,
  PaymentChanged,
  PaymentsEvent,
  RefundChanged,
} from "../../domain/events.ts";
import type { Payment } from "../../domain/payment.ts";
import type { Refund } from "../../domain/refund.ts";

type Mappers = {
  readonly random: Random;
  readonly paymentMessage: (payment: Payment) => PaymentMessage;
  readonly refundMessage: (refund: Refund) => RefundMessage;
  readonly applicationMessage: (application: Application) => ApplicationMessage;
};

/** Turns a domain event into the row that is stored with the change: proto3 JSON and CloudEvents headers. */
export function eventEncoder(mappers: Mappers): (event: PaymentsEvent) => OutboxEvent {
  return (event) => {
    const id = newEventId(mappers.random, event.occurredAt);
    switch (event.kind) {
      case "payment":
        return encodePayment(id, event, mappers);
      case "late_receipt":
        return encodeLateReceipt(id, event, mappers);
      case "mismatch":
        return encodeMismatch(id, event, mappers);
      case "refund":
        return encodeRefund(id, event, mappers);
      case "application":
        return encodeApplication(id, event, mappers);
    }
  };
}

function outboxEvent<S extends DescMessage>(
  about: { id: string; subject: string; aggregate: string; version: number; occurredAt: number },
  schema: S,
  message: MessageShape<S>,
): OutboxEvent {
  const { id, subject, aggregate, version, occurredAt } = about;
  const headers = cloudEventHeaders({
    id,
    source: "oi/payments",
    type: subject,
    subject: aggregate,
    time: occurredAt,
  });
  return { id, subject, aggregate, version, headers, payload: toJsonString(schema, message) };
}

/** What the gateway expects to credit; the ledger books the fee from it. */
function settlementOf(charge: Charge) {
  const { currency, amountMinor: grossMinor } = charge.gross;
  const sameCurrency = charge.settled?.currency === currency;
  return {
    currency,
    grossMinor,
    ...(charge.settled && sameCurrency ? { storeMinor: charge.settled.amountMinor } : {}),
  };
}

function commonFields({ payment, occurredAt }: Exclude<PaymentsEvent, ApplicationUpdated>) {
  return {
    applicationId: BigInt(payment.scope.applicationId),
    mode: modeToProto(payment.scope.mode),
    occurredAt: toTimestamp(occurredAt),
    paymentId: BigInt(payment.id),
    gateway: payment.gateway.toLowerCase(),
  };
}

function encodePayment(id: string, event: PaymentChanged, { paymentMessage }: Mappers): OutboxEvent {
  const { payment, charge, attemptId } = event;
  const message = create(PaymentEventSchema, {
    ...commonFields(event),
    amount: charge?.charged ?? payment.amount,
    payment: paymentMessage(payment),
    ...(attemptId === null ? {} : { attemptId: BigInt(attemptId) }),
    ...(charge ? { settlement: settlementOf(charge) } : {}),
  });
  const { occurredAt } = event;
  const subject = `payments.${event.type}`;
  return outboxEvent(
    { id, subject, aggregate: payment.reference, version: payment.version, occurredAt },
    PaymentEventSchema,
    message,
  );
}

function encodeLateReceipt(id: string, event: LateReceiptRecorded, { paymentMessage }: Mappers): OutboxEvent {
  const { payment, charge, occurredAt } = event;
  const message = create(LateReceiptEventSchema, {
    ...commonFields(event),
    attemptId: BigInt(charge.attemptId),
    receiptId: BigInt(charge.id),
    amount: charge.charged,
    settlement: settlementOf(charge),
    payment: paymentMessage(payment),
  });
  const subject = "payments.late_receipt.recorded";
  return outboxEvent(
    { id, subject, aggregate: payment.reference, version: payment.version, occurredAt },
    LateReceiptEventSchema,
    message,
  );
}

function encodeMismatch(id: string, event: MismatchConfirmed, { paymentMessage }: Mappers): OutboxEvent {
  const { payment, charge, occurredAt } = event;
  const message = create(MismatchEventSchema, {
    ...commonFields(event),
    attemptId: BigInt(charge.attemptId),
    amount: charge.charged,
    settlement: settlementOf(charge),
    payment: paymentMessage(payment),
  });
  const subject = "payments.mismatch.confirmed";
  return outboxEvent(
    { id, subject, aggregate: payment.reference, version: payment.version, occurredAt },
    MismatchEventSchema,
    message,
  );
}

function encodeRefund(
  id: string,
  event: RefundChanged,
  { paymentMessage, refundMessage }: Mappers,
): OutboxEvent {
  const { payment, refund, attemptId, occurredAt } = event;
  const { status, origin, originRef, ...whole } = refundMessage(refund);
  const { amount, gatewayAmount } = refund;
  // What the gateway takes back from us; only where it settles in another currency than it charged.
  const converted = gatewayAmount.currency !== amount.currency;
  const message = create(RefundEventSchema, {
    ...commonFields(event),
    attemptId: BigInt(attemptId),
    amount,
    refundId: BigInt(refund.id),
    status,
    origin,
    originRef,
    payment: paymentMessage(payment),
    refund: { ...whole, status, origin, originRef },
    ...(converted
      ? { settlement: { currency: gatewayAmount.currency, grossMinor: gatewayAmount.amountMinor } }
      : {}),
  });
  const subject = `payments.${event.type}`;
  return outboxEvent(
    { id, subject, aggregate: payment.reference, version: payment.version, occurredAt },
    RefundEventSchema,
    message,
  );
}

function encodeApplication(
  id: string,
  { application, occurredAt }: ApplicationUpdated,
  mappers: Mappers,
): OutboxEvent {
  const message = create(ApplicationEventSchema, {
    applicationId: BigInt(application.id),
    occurredAt: toTimestamp(occurredAt),
    application: mappers.applicationMessage(application),
  });
  const aggregate = `application:${application.id}`;
  const { version } = application;
  return outboxEvent(
    { id, subject: "payments.application.updated", aggregate, version, occurredAt },
    ApplicationEventSchema,
    message,
  );
}
