import type { ParkedEvents } from "../../application/admin-ports.ts";
import type { MemoryWorld } from "./world.ts";

export function memoryParkedEvents(world: MemoryWorld): ParkedEvents {
  return {
    list: async ({ includeResolved }, { limit, after }) => {
      const all = world.poison
        .filter((event) => includeResolved || event.resolvedAt === null)
        .map((event) => ({ ...event, position: `${event.parkedAt * 1_000}-${event.eventId}` }));
      const begin = after === null ? 0 : all.findIndex(({ position }) => position === after) + 1;
      return all.slice(begin, begin + limit);
    },
    byId: async (eventId) => world.poison.find((event) => event.eventId === eventId) ?? null,
  };
}
