import type { DeliveryFilter, DeliveryLog } from "../../application/ports.ts";
import { type Delivery, shownStatus } from "../../domain/delivery.ts";
import type { MemoryWorld, StoredDelivery } from "./world.ts";

function show(world: MemoryWorld, row: StoredDelivery): Delivery {
  const status = shownStatus(row.state, world.endpoints.get(row.endpointId)?.state ?? "DELETED");
  const { id, applicationId, mode, endpointId, eventId, type, attempts, lastError, lastAttemptAt } = row;
  return {
    id,
    applicationId,
    mode,
    endpointId,
    eventId,
    type,
    attempts,
    lastError,
    lastAttemptAt,
    schemaVersion: 1,
    body: world.bodies.get(eventId) ?? "",
    status,
    lastResponseStatus: row.lastStatus,
    nextAttemptAt: status === "PENDING" ? row.nextAt : null,
    deliveredAt: row.deliveredAt,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
    paymentReference: row.aggregate,
    sequence: row.sequence,
  };
}

function passes(delivery: Delivery, filter: DeliveryFilter): boolean {
  return (
    (filter.endpointId === null || delivery.endpointId === filter.endpointId) &&
    (filter.type === null || delivery.type === filter.type) &&
    (filter.status === null || delivery.status === filter.status) &&
    (filter.eventId === null || delivery.eventId === filter.eventId) &&
    (filter.paymentReference === null || delivery.paymentReference === filter.paymentReference)
  );
}

export function memoryDeliveryLog(world: MemoryWorld): DeliveryLog {
  const visible = (scope: { applicationId: number; mode: string }): Delivery[] =>
    [...world.deliveries.values()]
      .filter((row) => row.applicationId === scope.applicationId && row.mode === scope.mode)
      .map((row) => show(world, row));
  return {
    list: async (scope, filter, { limit, after }) =>
      visible(scope)
        .filter((delivery) => delivery.id < (after ?? Number.POSITIVE_INFINITY) && passes(delivery, filter))
        .sort((a, b) => b.id - a.id)
        .slice(0, limit),
    byId: async (id, scope) => visible(scope).find((delivery) => delivery.id === id) ?? null,
  };
}
