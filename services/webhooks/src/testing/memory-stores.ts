import { memoryChangeDesk } from "../adapters/memory/change-desk.ts";
import { memoryDeliveryLog } from "../adapters/memory/delivery-log.ts";
import { memoryDeliveryQueue } from "../adapters/memory/delivery-queue.ts";
import { memoryEndpointLog } from "../adapters/memory/endpoint-log.ts";
import { memoryEndpointStore } from "../adapters/memory/endpoint-store.ts";
import { memoryEventInbox } from "../adapters/memory/event-inbox.ts";
import { memoryParkedEvents } from "../adapters/memory/parked-events.ts";
import { memorySecretShelf } from "../adapters/memory/secret-shelf.ts";
import { memoryWorld } from "../adapters/memory/world.ts";
import type { Stores } from "./stores.ts";

/** All stores over one world, with a look behind them. */
export function openMemoryStores(): Stores {
  const world = memoryWorld();
  return {
    inbox: memoryEventInbox(world),
    endpoints: memoryEndpointStore(world),
    queue: memoryDeliveryQueue(world),
    log: memoryDeliveryLog(world),
    endpointLog: memoryEndpointLog(world),
    desk: memoryChangeDesk(world),
    parked: memoryParkedEvents(world),
    shelf: memorySecretShelf(world),
    pass: async (ms) => {
      world.now += ms;
    },
    told: async () => world.outbox.flatMap((n) => (n.kind === "DELIVERY_PARKED" ? [n.deliveryId] : [])),
    warnings: async () =>
      world.outbox.flatMap((n) => {
        if (n.kind === "ENDPOINT_FAILING") return [`${n.kind} ${n.hours}`];
        return n.kind === "ENDPOINT_DISABLED" ? [`${n.kind} ${n.reason}`] : [];
      }),
    outcomes: async (id) => world.attempts.filter((a) => a.deliveryId === id).map((a) => a.outcome),
    poison: async () => world.poison.map((event) => event.eventId),
  };
}
