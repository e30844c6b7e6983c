import type { EventInbox, Fanout } from "../../application/ports.ts";
import type { DeliveryKind } from "../../domain/delivery.ts";
import type { PublicEvent } from "../../domain/event.ts";
import { followTarget, rememberTarget } from "./application-target.ts";
import { type MemoryWorld, nextId, type StoredEndpoint } from "./world.ts";

export function queueDelivery(
  world: MemoryWorld,
  event: PublicEvent,
  endpoint: Pick<StoredEndpoint, "id" | "state">,
  kind: DeliveryKind = "AUTO",
): number {
  const id = nextId(world);
  const { id: eventId, applicationId, mode, type, aggregate, sequence } = event;
  world.deliveries.set(id, {
    id,
    eventId,
    endpointId: endpoint.id,
    applicationId,
    mode,
    type,
    aggregate,
    sequence,
    state: endpoint.state === "DISABLED" ? "SUSPENDED" : "PENDING",
    kind,
    round: 1,
    tries: 0,
    attempts: 0,
    nextAt: world.now,
    firstDueAt: world.now,
    lease: null,
    lastStatus: null,
    lastError: null,
    lastAttemptAt: null,
    deliveredAt: null,
    createdAt: world.now,
    updatedAt: world.now,
  });
  return id;
}

function isTaker({ event, patterns }: Fanout, endpoint: StoredEndpoint): boolean {
  return (
    endpoint.applicationId === event.applicationId &&
    endpoint.mode === event.mode &&
    endpoint.state !== "DELETED" &&
    endpoint.url !== null &&
    endpoint.eventTypes.some((entry) => patterns.includes(entry))
  );
}

/** False for an event that was applied before; one that was parked is solved by this. */
function hear(world: MemoryWorld, eventId: string): boolean {
  if (world.inbox.get(eventId) === "APPLIED") return false;
  world.inbox.set(eventId, "APPLIED");
  const at = world.poison.findIndex((event) => event.eventId === eventId);
  const parked = world.poison[at];
  if (parked) world.poison[at] = { ...parked, resolvedAt: world.now };
  return true;
}

export function memoryEventInbox(world: MemoryWorld): EventInbox {
  return {
    commitFanout: async (fanouts) => {
      const before = world.deliveries.size;
      let events = 0;
      for (const fanout of fanouts) {
        if (!hear(world, fanout.event.id)) continue;
        world.events.push({ event: fanout.event, body: fanout.body, receivedAt: world.now });
        events += 1;
        for (const endpoint of world.endpoints.values()) {
          if (isTaker(fanout, endpoint)) queueDelivery(world, fanout.event, endpoint);
        }
      }
      return { events, deliveries: world.deliveries.size - before };
    },
    commitTarget: async ({ eventId, applicationId, version, target }) => {
      if (!hear(world, eventId)) return false;
      if (!rememberTarget(world, applicationId, version, target)) return false;
      followTarget(world, applicationId);
      return true;
    },
    park: async (event) => {
      if (world.inbox.has(event.eventId)) return false;
      world.inbox.set(event.eventId, "PARKED");
      world.poison.push({ ...event, parkedAt: world.now, resolvedAt: null });
      return true;
    },
  };
}
