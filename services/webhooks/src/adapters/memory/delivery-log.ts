import type { DeliveryFilter, DeliveryLog } from "../../application/admin-ports.ts";
import { type Delivery, shownStatus } from "../../domain/delivery.ts";
import { takes } from "../../domain/filter.ts";
import { bodyOf, type MemoryWorld, type StoredDelivery } from "./world.ts";

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
    body: bodyOf(world, eventId),
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
    (filter.from === null || delivery.createdAt >= filter.from) &&
    (filter.to === null || delivery.createdAt < filter.to) &&
    (filter.paymentReference === null || delivery.paymentReference === filter.paymentReference)
  );
}

/** Whether a row comes after the one at which the page before ended. */
function isAfter<T extends { readonly position: string }>(
  all: readonly T[],
  row: T,
  after: string | null,
): boolean {
  return after === null || all.indexOf(row) > all.findIndex(({ position }) => position === after);
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
    listDue: async (scope, filter, { limit, after }) =>
      visible(scope)
        .filter((delivery) => delivery.status === "PENDING" && passes(delivery, filter))
        .map((delivery) => ({
          ...delivery,
          position: `${(delivery.nextAttemptAt ?? 0) * 1_000}-${delivery.id}`,
        }))
        .sort((a, b) => (a.nextAttemptAt ?? 0) - (b.nextAttemptAt ?? 0) || a.id - b.id)
        .filter((delivery, _, all) => isAfter(all, delivery, after))
        .slice(0, limit),
    attempts: async (scope, filter, { limit, after }) => {
      const wanted = new Set(
        visible(scope)
          .filter((d) =>
            "deliveryId" in filter
              ? d.id === filter.deliveryId
              : "endpointId" in filter
                ? d.endpointId === filter.endpointId
                : d.paymentReference === filter.paymentReference,
          )
          .map((d) => d.id),
      );
      return world.attempts
        .filter((attempt) => wanted.has(attempt.deliveryId))
        .map((a) => ({ ...a, position: `${a.claimedAt * 1_000}-${a.deliveryId}-${a.number}` }))
        .sort((a, b) => b.claimedAt - a.claimedAt || b.deliveryId - a.deliveryId || b.number - a.number)
        .filter((attempt, _, all) => isAfter(all, attempt, after))
        .slice(0, limit);
    },
    events: async (scope, types, { limit, after }) =>
      world.events
        .map(({ event, body }, i) => ({ event, body, position: `${i + 1}-${event.id}` }))
        .filter(({ event }) => event.applicationId === scope.applicationId && event.mode === scope.mode)
        .filter(({ event }) => types.length === 0 || takes(types, event.type))
        .filter(({ position }) => Number.parseInt(position, 10) > Number.parseInt(after ?? "0", 10))
        .slice(0, limit)
        .map(({ event, body, position }) => ({
          id: event.id,
          type: event.type,
          paymentReference: event.aggregate,
          sequence: event.sequence,
          occurredAt: event.occurredAt,
          body,
          position,
        })),
    byId: async (id, scope) => visible(scope).find((delivery) => delivery.id === id) ?? null,
  };
}
