import { memoryDeliveryLog } from "../adapters/memory/delivery-log.ts";
import { memoryDeliveryQueue } from "../adapters/memory/delivery-queue.ts";
import { memoryEndpointStore } from "../adapters/memory/endpoint-store.ts";
import { memoryEventInbox } from "../adapters/memory/event-inbox.ts";
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
    pass: async (ms) => {
      world.now += ms;
    },
    told: async () => world.outbox.map((notice) => notice.deliveryId),
    outcomes: async (id) => world.attempts.filter((a) => a.deliveryId === id).map((a) => a.outcome),
    poison: async () => world.poison.map((event) => event.eventId),
  };
}
