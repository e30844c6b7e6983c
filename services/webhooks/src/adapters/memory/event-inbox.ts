import type { EventInbox, Fanout } from "../../application/ports.ts";
import { followTarget, rememberTarget } from "./application-target.ts";
import { type MemoryWorld, nextId, type StoredEndpoint } from "./world.ts";

function queue(world: MemoryWorld, { event }: Fanout, endpoint: StoredEndpoint): void {
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

export function memoryEventInbox(world: MemoryWorld): EventInbox {
  return {
    commitFanout: async (fanouts) => {
      const before = world.deliveries.size;
      let events = 0;
      for (const fanout of fanouts) {
        if (world.inbox.has(fanout.event.id)) continue;
        world.inbox.set(fanout.event.id, "APPLIED");
        world.bodies.set(fanout.event.id, fanout.body);
        events += 1;
        for (const endpoint of world.endpoints.values()) {
          if (isTaker(fanout, endpoint)) queue(world, fanout, endpoint);
        }
      }
      return { events, deliveries: world.deliveries.size - before };
    },
    commitTarget: async ({ eventId, applicationId, version, target }) => {
      if (world.inbox.has(eventId)) return false;
      world.inbox.set(eventId, "APPLIED");
      if (!rememberTarget(world, applicationId, version, target)) return false;
      followTarget(world, applicationId);
      return true;
    },
    park: async (event) => {
      if (world.inbox.has(event.eventId)) return false;
      world.inbox.set(event.eventId, "PARKED");
      world.poison.push(event);
      return true;
    },
  };
}
