import type { Stores } from "../../application/stores-harness.contract.ts";
import { memoryDeliveryLog } from "./delivery-log.ts";
import { memoryDeliveryQueue } from "./delivery-queue.ts";
import { memoryEndpointStore } from "./endpoint-store.ts";
import { memoryEventInbox } from "./event-inbox.ts";
import { memoryWorld } from "./world.ts";

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
