import { deliveryQueueContract } from "../../application/delivery-queue.contract.ts";
import { endpointStoreContract } from "../../application/endpoint-store.contract.ts";
import { eventInboxContract } from "../../application/event-inbox.contract.ts";
import type { Stores } from "../../application/stores-harness.contract.ts";
import { memoryDeliveryLog } from "./delivery-log.ts";
import { memoryDeliveryQueue } from "./delivery-queue.ts";
import { memoryEndpointStore } from "./endpoint-store.ts";
import { memoryEventInbox } from "./event-inbox.ts";
import { memoryWorld } from "./world.ts";

function open(): Stores {
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

eventInboxContract(open);
endpointStoreContract(open);
deliveryQueueContract(async () => open());
