import { type DescMessage, fromJsonString, type MessageShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { DomainError } from "@oi/kernel/errors";
import { eventUuid } from "@oi/kernel/id";
import type { InboundEvent } from "@oi/platform/events/envelope";
import { Mode } from "@oi/proto/common/v1/mode";
import {
  LateReceiptEventSchema,
  type PaymentEvent,
  PaymentEventSchema,
} from "@oi/proto/payments/v1/payments_events";
import { modeFromProto } from "@oi/proto/public/scope";
import { fromTimestamp } from "@oi/proto/public/time";
import type { ReceivedEvent } from "../../application/ports.ts";
import type { ReadEvent } from "../../application/record-facts.ts";
import type { Sha256 } from "../../domain/canonical-bytes.ts";
import { inboxUuid } from "../../domain/event-identity.ts";
import { checkedFact, type Fact, type FactSource, type Settlement } from "../../domain/fact.ts";

/** The fields that a charge has in every event. */
type ChargeMessage = Pick<
  PaymentEvent,
  "applicationId" | "mode" | "occurredAt" | "paymentId" | "attemptId" | "gateway" | "amount" | "settlement"
>;

type Reader = (payload: string, source: FactSource) => Fact;

/** The subjects that move money. Every other subject of the stream is none of the ledger's business. */
const READERS: Readonly<Record<string, Reader>> = {
  "payments.payment.succeeded": (payload, source) => {
    const message = decode(PaymentEventSchema, payload);
    const gatewayTxnId = message.payment?.gatewayTxnId ?? null;
    return checkedFact({ kind: "CAPTURE", gatewayTxnId, ...chargeOf(message, source) });
  },
  "payments.late_receipt.recorded": (payload, source) => {
    const message = decode(LateReceiptEventSchema, payload);
    const receiptId = Number(message.receiptId);
    // The payment inside names the gateway's id of its own charge, which is not this one.
    return checkedFact({ kind: "LATE", receiptId, gatewayTxnId: null, ...chargeOf(message, source) });
  },
};

/** Newer fields are ignored; an enum name that is not known yet reads as absent and is refused as such. */
function decode<D extends DescMessage>(schema: D, payload: string): MessageShape<D> {
  return fromJsonString(schema, payload, { ignoreUnknownFields: true });
}

function chargeOf(message: ChargeMessage, source: FactSource) {
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
function settlementOf(message: ChargeMessage["settlement"]): Settlement | null {
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
    return { event, fact: read(inbound.payload, { eventUuid: event.uuid, subject: event.subject }) };
  } catch (error) {
    const problem = error instanceof DomainError ? "INVALID_FACT" : "UNDECODABLE";
    return { event, problem, error: error instanceof Error ? error.message : String(error) };
  }
}
