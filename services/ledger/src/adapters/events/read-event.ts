import { type DescMessage, fromJsonString, type MessageShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { DomainError } from "@oi/kernel/errors";
import { eventUuid } from "@oi/kernel/id";
import type { InboundEvent } from "@oi/platform/events/envelope";
import { Mode } from "@oi/proto/common/v1/mode";
import {
  LateReceiptEventSchema,
  MismatchEventSchema,
  type PaymentEvent,
  PaymentEventSchema,
  RefundEventSchema,
} from "@oi/proto/payments/v1/payments_events";
import { RefundOrigin, RefundStatus } from "@oi/proto/payments/v1/refund";
import { modeFromProto } from "@oi/proto/public/scope";
import { fromTimestamp } from "@oi/proto/public/time";
import type { ReceivedEvent } from "../../application/ports.ts";
import type { ReadEvent } from "../../application/record-facts.ts";
import type { Sha256 } from "../../domain/canonical-bytes.ts";
import { inboxUuid } from "../../domain/event-identity.ts";
import {
  checkedFact,
  type Fact,
  type FactSource,
  type RefundFact,
  type Settlement,
} from "../../domain/fact.ts";

/** The fields that a movement of money has in every event. */
type MovementMessage = Pick<
  PaymentEvent,
  "applicationId" | "mode" | "occurredAt" | "paymentId" | "attemptId" | "gateway" | "amount" | "settlement"
>;

/** Null for an event that asks for no posting. */
type Reader = (payload: string, source: FactSource) => Fact | null;

/** The subjects that move money. Every other subject of the stream is none of the ledger's business. */
const READERS: Readonly<Record<string, Reader>> = {
  "payments.payment.succeeded": (payload, source) => {
    const message = decode(PaymentEventSchema, payload);
    const gatewayTxnId = message.payment?.gatewayTxnId ?? null;
    return checkedFact({ kind: "CAPTURE", gatewayTxnId, ...movementOf(message, source) });
  },
  "payments.late_receipt.recorded": (payload, source) => {
    const message = decode(LateReceiptEventSchema, payload);
    const receiptId = Number(message.receiptId);
    // The payment inside names the gateway's id of its own charge, which is not this one.
    return checkedFact({ kind: "LATE", receiptId, gatewayTxnId: null, ...movementOf(message, source) });
  },
  "payments.mismatch.confirmed": (payload, source) => {
    const message = decode(MismatchEventSchema, payload);
    const movement = movementOf(message, source);
    return checkedFact({
      ...movement,
      kind: "MISMATCH",
      gatewayTxnId: null,
      attemptId: Number(message.attemptId),
    });
  },
  // Until an operator agreed nothing is reserved; his agreement is an event of its own.
  "payments.refund.requested": (payload, source) =>
    refundOf("RESERVE", payload, source, (status) => status !== RefundStatus.AWAITING_APPROVAL),
  "payments.refund.approved": (payload, source) => refundOf("RESERVE", payload, source),
  "payments.refund.succeeded": (payload, source) => refundOf("SETTLE", payload, source),
  "payments.refund.failed": (payload, source) => refundOf("RELEASE", payload, source),
};

function refundOf(
  kind: RefundFact["kind"],
  payload: string,
  source: FactSource,
  moves: (status: RefundStatus) => boolean = () => true,
): Fact | null {
  const message = decode(RefundEventSchema, payload);
  if (message.status === RefundStatus.UNSPECIFIED) throw unreadable("status");
  if (!moves(message.status)) return null;
  return checkedFact<RefundFact>({
    ...movementOf(message, source),
    kind,
    gatewayTxnId: null,
    refundId: Number(message.refundId),
    origin: originOf(message.origin, message.originRef),
  });
}

function originOf(origin: RefundOrigin, ref: string): RefundFact["origin"] {
  switch (origin) {
    case RefundOrigin.MERCHANT:
      return { type: "MERCHANT" };
    case RefundOrigin.LATE_MONEY:
      return { type: "LATE_MONEY", ref };
    case RefundOrigin.MISMATCH:
      return { type: "MISMATCH", ref };
    default:
      throw unreadable("origin");
  }
}

/** Newer fields are ignored; an enum name that is not known yet reads as absent and is refused as such. */
function decode<D extends DescMessage>(schema: D, payload: string): MessageShape<D> {
  return fromJsonString(schema, payload, { ignoreUnknownFields: true });
}

function movementOf(message: MovementMessage, source: FactSource) {
  if (message.mode !== Mode.TEST && message.mode !== Mode.LIVE) throw unreadable("mode");
  const { amount } = message;
  if (!amount) throw unreadable("amount");
  return {
    source,
    scope: { applicationId: Number(message.applicationId), mode: modeFromProto(message.mode) },
    occurredAt: instantOf(message.occurredAt),
    paymentId: Number(message.paymentId),
    attemptId: message.attemptId === undefined ? null : Number(message.attemptId),
    gateway: message.gateway,
    amount: { amountMinor: amount.amountMinor, currency: amount.currency },
    settlement: settlementOf(message.settlement) ?? {
      currency: amount.currency,
      grossMinor: amount.amountMinor,
      storeMinor: null,
    },
  };
}

/** Without a word of the gateway the charge settles as charged, and its fee is unknown. */
function settlementOf(message: MovementMessage["settlement"]): Settlement | null {
  if (!message) return null;
  const { currency, grossMinor, storeMinor } = message;
  return { currency, grossMinor, storeMinor: storeMinor ?? null };
}

function instantOf(timestamp: Timestamp | undefined): number {
  if (!timestamp) throw unreadable("occurredAt");
  return fromTimestamp(timestamp);
}

function unreadable(field: string): DomainError {
  return new DomainError("VALIDATION_ERROR", `${field}: is missing or not known here`);
}

export function received(event: InboundEvent, sha256: Sha256): ReceivedEvent {
  return { ...event, uuid: inboxUuid(event, sha256) };
}

/** Reads an event of the stream PAYMENTS; null when it is none that the ledger posts. */
export function readEvent(inbound: InboundEvent, sha256: Sha256): ReadEvent | null {
  const read = READERS[inbound.subject];
  if (!read) return null;
  const event = received(inbound, sha256);
  if (!eventUuid(inbound.id)) return { event, problem: "UNDECODABLE", error: "ce-id: is no event id" };
  try {
    const fact = read(inbound.payload, { eventUuid: event.uuid, subject: event.subject });
    return fact ? { event, fact } : { event, ignored: true };
  } catch (error) {
    const problem = error instanceof DomainError ? "INVALID_FACT" : "UNDECODABLE";
    return { event, problem, error: error instanceof Error ? error.message : String(error) };
  }
}
