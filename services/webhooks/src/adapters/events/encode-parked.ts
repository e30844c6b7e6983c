import { create, toJsonString } from "@bufbuild/protobuf";
import { cloudEventHeaders, type OutboxEvent } from "@oi/platform/events/envelope";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import { DeliveryParkedSchema } from "@oi/proto/webhooks/v1/webhooks_events";
import type { DeliveryParked } from "../../domain/parked.ts";

const SUBJECT = "webhooks.delivery.parked";
const SOURCE = "oi/webhooks";

/** A parked delivery as it travels on stream WEBHOOKS. */
export function encodeParked(parked: DeliveryParked): OutboxEvent {
  const aggregate = `delivery-${parked.deliveryId}`;
  const message = create(DeliveryParkedSchema, {
    applicationId: BigInt(parked.applicationId),
    mode: modeToProto(parked.mode),
    occurredAt: toTimestamp(parked.occurredAt),
    deliveryId: BigInt(parked.deliveryId),
    endpointId: BigInt(parked.endpointId),
    eventId: parked.eventId,
    lastError: parked.lastError,
  });
  return {
    id: parked.id,
    subject: SUBJECT,
    aggregate,
    version: 1,
    headers: cloudEventHeaders({
      id: parked.id,
      source: SOURCE,
      type: SUBJECT,
      subject: aggregate,
      time: parked.occurredAt,
    }),
    payload: toJsonString(DeliveryParkedSchema, message),
  };
}
