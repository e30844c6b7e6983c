import { fromJsonString } from "@bufbuild/protobuf";
import { eventUuid } from "@oi/kernel/id";
import type { InboundEvent } from "@oi/platform/events/envelope";
import { Mode } from "@oi/proto/common/v1/mode";
import type { Payment } from "@oi/proto/payments/v1/payment";
import {
  ApplicationEventSchema,
  type PaymentEvent,
  PaymentEventSchema,
  type RefundEvent,
  RefundEventSchema,
} from "@oi/proto/payments/v1/payments_events";
import type { Refund } from "@oi/proto/payments/v1/refund";
import { paymentDto } from "@oi/proto/public/payment-dto";
import { refundDto } from "@oi/proto/public/refund-dto";
import { modeFromProto } from "@oi/proto/public/scope";
import { fromTimestamp } from "@oi/proto/public/time";
import type { ArrivedEvent } from "../../application/accept-events.ts";
import { type EventType, typeOfSubject } from "../../domain/event.ts";

const APPLICATION_UPDATED = "payments.application.updated";

export type TargetUpdate = {
  readonly eventId: string;
  readonly subject: string;
  readonly applicationId: number;
  readonly version: number;
  readonly url: string | null;
};

/** What an inbound event means here. OTHER subjects concern nobody outside. */
export type Decoded =
  | { readonly kind: "PUBLIC"; readonly arrived: ArrivedEvent }
  | { readonly kind: "TARGET"; readonly update: TargetUpdate }
  | { readonly kind: "OTHER" }
  | { readonly kind: "UNDECODABLE"; readonly error: unknown };

/** Fields of a newer producer are no reason to stop. */
const LENIENT = { ignoreUnknownFields: true };

function demand(claim: boolean, message: string): asserts claim {
  if (!claim) throw new TypeError(message);
}

function positive(value: bigint, name: string): number {
  const number = Number(value);
  demand(Number.isSafeInteger(number) && number > 0, `${name} is not a positive number`);
  return number;
}

/** The event as it is told; raises for one whose parts contradict each other. */
function publicEvent(
  inbound: InboundEvent,
  type: EventType,
  { payment, occurredAt, mode, applicationId }: PaymentEvent | RefundEvent,
  dataOf: (payment: Payment) => object,
): ArrivedEvent {
  demand(payment !== undefined, "the event holds no payment");
  demand(occurredAt !== undefined, "the event holds no time");
  demand(mode === Mode.TEST || mode === Mode.LIVE, "the event holds no mode");
  // A payment of one application must never reach the endpoint of another.
  demand(payment.applicationId === applicationId, "the payment belongs to another application");
  demand(payment.mode === mode, "the payment belongs to the other mode");
  demand(payment.reference !== "", "the payment has no reference");
  return {
    snapshot: inbound.payload,
    event: {
      id: inbound.id,
      subject: inbound.subject,
      type,
      applicationId: positive(applicationId, "applicationId"),
      mode: modeFromProto(mode),
      aggregate: payment.reference,
      sequence: positive(payment.version, "payment.version"),
      occurredAt: fromTimestamp(occurredAt),
      data: dataOf(payment),
    },
  };
}

function refundOf(payment: Payment, refund: Refund | undefined): Refund {
  demand(refund !== undefined, "the event holds no refund");
  demand(refund.paymentId === payment.id, "the refund belongs to another payment");
  demand(refund.applicationId === payment.applicationId, "the refund belongs to another application");
  demand(refund.mode === payment.mode, "the refund belongs to the other mode");
  return refund;
}

function decodePublic(inbound: InboundEvent, type: EventType): ArrivedEvent {
  if (!type.startsWith("refund."))
    return publicEvent(
      inbound,
      type,
      fromJsonString(PaymentEventSchema, inbound.payload, LENIENT),
      paymentDto,
    );
  const message = fromJsonString(RefundEventSchema, inbound.payload, LENIENT);
  return publicEvent(inbound, type, message, (payment) => refundDto(refundOf(payment, message.refund)));
}

function decodeTarget({ id, subject, payload }: InboundEvent): TargetUpdate {
  const { application, applicationId } = fromJsonString(ApplicationEventSchema, payload, LENIENT);
  demand(application !== undefined, "the event holds no application");
  demand(application.id === applicationId, "the event is about another application");
  return {
    eventId: id,
    subject,
    applicationId: positive(applicationId, "applicationId"),
    version: positive(application.version, "application.version"),
    url: application.webhookUrl ?? null,
  };
}

/** Never raises: what cannot be understood is an answer too. */
export function decodeEvent(inbound: InboundEvent): Decoded {
  const type = typeOfSubject(inbound.subject);
  const isTarget = inbound.subject === APPLICATION_UPDATED;
  if (type === null && !isTarget) return { kind: "OTHER" };
  try {
    // The id becomes the webhook-id: a full stop in it would make two contents sign alike.
    demand(eventUuid(inbound.id) !== null, "the event has no id");
    if (type !== null) return { kind: "PUBLIC", arrived: decodePublic(inbound, type) };
    return { kind: "TARGET", update: decodeTarget(inbound) };
  } catch (error) {
    return { kind: "UNDECODABLE", error };
  }
}
