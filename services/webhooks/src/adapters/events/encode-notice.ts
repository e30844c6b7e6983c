import { create, toJsonString } from "@bufbuild/protobuf";
import { cloudEventHeaders, type OutboxEvent } from "@oi/platform/events/envelope";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import {
  DeliveryParkedSchema,
  EndpointDisabledSchema,
  EndpointFailingSchema,
} from "@oi/proto/webhooks/v1/webhooks_events";
import type { Notice } from "../../domain/notice.ts";

const SOURCE = "oi/webhooks";

type Encoded = { readonly subject: string; readonly aggregate: string; readonly payload: string };

function encode(notice: Notice): Encoded {
  const { applicationId, mode, occurredAt, endpointId } = notice;
  const about = {
    applicationId: BigInt(applicationId),
    mode: modeToProto(mode),
    occurredAt: toTimestamp(occurredAt),
    endpointId: BigInt(endpointId),
  };
  const ofEndpoint = `endpoint-${endpointId}`;
  switch (notice.kind) {
    case "DELIVERY_PARKED": {
      const { deliveryId, eventId, lastError } = notice;
      const message = create(DeliveryParkedSchema, {
        ...about,
        deliveryId: BigInt(deliveryId),
        eventId,
        lastError,
      });
      return {
        subject: "webhooks.delivery.parked",
        aggregate: `delivery-${deliveryId}`,
        payload: toJsonString(DeliveryParkedSchema, message),
      };
    }
    case "ENDPOINT_FAILING": {
      const { failingSince, hours, lastError } = notice;
      const message = create(EndpointFailingSchema, {
        ...about,
        failingSince: toTimestamp(failingSince),
        hours,
        lastError,
      });
      return {
        subject: "webhooks.endpoint.failing",
        aggregate: ofEndpoint,
        payload: toJsonString(EndpointFailingSchema, message),
      };
    }
    case "ENDPOINT_DISABLED": {
      const message = create(EndpointDisabledSchema, { ...about, reason: notice.reason });
      return {
        subject: "webhooks.endpoint.disabled",
        aggregate: ofEndpoint,
        payload: toJsonString(EndpointDisabledSchema, message),
      };
    }
  }
}

/** What operators are told, as it travels on stream WEBHOOKS. */
export function encodeNotice(notice: Notice): OutboxEvent {
  const { subject, aggregate, payload } = encode(notice);
  const { id, occurredAt: time } = notice;
  const headers = cloudEventHeaders({ id, source: SOURCE, type: subject, subject: aggregate, time });
  return { id, subject, aggregate, version: 1, headers, payload };
}
