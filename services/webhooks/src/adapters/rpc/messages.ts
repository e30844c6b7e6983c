import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Scope } from "@oi/kernel/scope";
import type { Mode } from "@oi/proto/common/v1/mode";
import { modeFromProto, modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import { type DeliverySchema, DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import {
  Breaker,
  type EndpointSchema,
  type EndpointSecretSchema,
  EndpointState,
} from "@oi/proto/webhooks/v1/endpoint";
import type { EndpointView } from "../../application/admin-ports.ts";
import type { Delivery } from "../../domain/delivery.ts";
import type { Endpoint } from "../../domain/endpoint.ts";
import type { SecretInfo } from "../../domain/rotation.ts";

export function toScope(request: { readonly applicationId: bigint; readonly mode: Mode }): Scope {
  return { applicationId: Number(request.applicationId), mode: modeFromProto(request.mode) };
}

export function toEndpointMessage(endpoint: Endpoint): MessageInitShape<typeof EndpointSchema> {
  return {
    id: BigInt(endpoint.id),
    applicationId: BigInt(endpoint.applicationId),
    mode: modeToProto(endpoint.mode),
    ...(endpoint.url === null ? {} : { url: endpoint.url }),
    isDefault: endpoint.isDefault,
    state: EndpointState[endpoint.state],
    ...(endpoint.disabledReason === null ? {} : { disabledReason: endpoint.disabledReason }),
    eventTypes: [...endpoint.eventTypes],
    schemaVersion: endpoint.schemaVersion,
    version: BigInt(endpoint.version),
    createdAt: toTimestamp(endpoint.createdAt),
    updatedAt: toTimestamp(endpoint.updatedAt),
    breaker: Breaker[endpoint.breaker],
    cap: endpoint.cap,
    description: endpoint.description,
    ...(endpoint.openUntil === null ? {} : { openUntil: toTimestamp(endpoint.openUntil) }),
    ...(endpoint.lastOkAt === null ? {} : { lastOkAt: toTimestamp(endpoint.lastOkAt) }),
    ...(endpoint.firstFailAt === null ? {} : { firstFailAt: toTimestamp(endpoint.firstFailAt) }),
  };
}

export function toViewMessage(view: EndpointView): MessageInitShape<typeof EndpointSchema> {
  return { ...toEndpointMessage(view), ...view.backlog };
}

export function toSecretMessage(secret: SecretInfo): MessageInitShape<typeof EndpointSecretSchema> {
  return {
    version: secret.version,
    algorithm: secret.algorithm,
    activeFrom: toTimestamp(secret.activeFrom),
    ...(secret.expiresAt === null ? {} : { expiresAt: toTimestamp(secret.expiresAt) }),
    ...(secret.revokedAt === null ? {} : { revokedAt: toTimestamp(secret.revokedAt) }),
  };
}

export function toDeliveryMessage(delivery: Delivery): MessageInitShape<typeof DeliverySchema> {
  const { nextAttemptAt, lastAttemptAt, deliveredAt, lastResponseStatus, lastError } = delivery;
  return {
    id: BigInt(delivery.id),
    applicationId: BigInt(delivery.applicationId),
    mode: modeToProto(delivery.mode),
    endpointId: BigInt(delivery.endpointId),
    eventId: delivery.eventId,
    type: delivery.type,
    schemaVersion: delivery.schemaVersion,
    payload: delivery.body,
    deliveryStatus: DeliveryStatus[delivery.status],
    attempts: delivery.attempts,
    ...(lastResponseStatus === null ? {} : { lastResponseStatus }),
    ...(lastError === null ? {} : { lastError }),
    ...(nextAttemptAt === null ? {} : { nextAttemptAt: toTimestamp(nextAttemptAt) }),
    ...(lastAttemptAt === null ? {} : { lastAttemptAt: toTimestamp(lastAttemptAt) }),
    ...(deliveredAt === null ? {} : { deliveredAt: toTimestamp(deliveredAt) }),
    createdAt: toTimestamp(delivery.createdAt),
    updatedAt: toTimestamp(delivery.updatedAt),
    paymentReference: delivery.paymentReference,
    sequence: BigInt(delivery.sequence),
  };
}
