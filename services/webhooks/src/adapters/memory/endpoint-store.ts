import type { EndpointStore, NewDefault } from "../../application/ports.ts";
import { followTarget, rememberTarget } from "./application-target.ts";
import { type MemoryWorld, nextId, type StoredEndpoint } from "./world.ts";

function newEndpoint(
  world: MemoryWorld,
  applicationId: number,
  { id, mode, secret }: NewDefault,
): StoredEndpoint {
  return {
    id,
    applicationId,
    mode,
    url: null,
    hostKey: null,
    isDefault: true,
    state: "ENABLED",
    disabledReason: null,
    eventTypes: ["*"],
    schemaVersion: 1,
    version: 1,
    createdAt: world.now,
    updatedAt: world.now,
    cap: 4,
    failStreak: 0,
    lastServed: Number.NEGATIVE_INFINITY,
    secrets: [{ ...secret, version: 1 }],
  };
}

export function memoryEndpointStore(world: MemoryWorld): EndpointStore {
  const defaults = (applicationId: number): StoredEndpoint[] =>
    [...world.endpoints.values()].filter((e) => e.applicationId === applicationId && e.isDefault);
  return {
    defaults: async (applicationId) => defaults(applicationId),
    reserveIds: async (count) => Array.from({ length: count }, () => nextId(world)),
    commitDefaults: async ({ applicationId, version, target, endpoints }) => {
      rememberTarget(world, applicationId, version, target);
      const created = endpoints.length > 0 && defaults(applicationId).length === 0;
      if (created) {
        for (const made of endpoints) world.endpoints.set(made.id, newEndpoint(world, applicationId, made));
      }
      followTarget(world, applicationId);
      return { created, endpoints: defaults(applicationId) };
    },
    list: async (scope, { limit, after }) =>
      [...world.endpoints.values()]
        .filter(
          (e) => e.applicationId === scope.applicationId && e.mode === scope.mode && e.state !== "DELETED",
        )
        .filter((e) => e.id > (after ?? 0))
        .sort((a, b) => a.id - b.id)
        .slice(0, limit),
  };
}
