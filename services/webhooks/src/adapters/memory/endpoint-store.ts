import type { EndpointStore, NewDefault } from "../../application/ports.ts";
import { followTarget, rememberTarget } from "./application-target.ts";
import { type MemoryWorld, newStoredEndpoint, nextId, type StoredEndpoint, showEndpoint } from "./world.ts";

function newDefault(
  world: MemoryWorld,
  applicationId: number,
  { id, mode, secret }: NewDefault,
): StoredEndpoint {
  const nothing = { url: null, hostKey: null, isDefault: true, eventTypes: ["*"], description: "" };
  const made = newStoredEndpoint(world, { id, applicationId, mode, ...nothing });
  const info = { algorithm: "v1", activeFrom: world.now, expiresAt: null, revokedAt: null } as const;
  return { ...made, secrets: [{ ...secret, ...info, version: 1 }] };
}

export function memoryEndpointStore(world: MemoryWorld): EndpointStore {
  const defaults = (applicationId: number): StoredEndpoint[] =>
    [...world.endpoints.values()].filter((e) => e.applicationId === applicationId && e.isDefault);
  return {
    defaults: async (applicationId) => defaults(applicationId).map(showEndpoint),
    reserveIds: async (count) => Array.from({ length: count }, () => nextId(world)),
    commitDefaults: async ({ applicationId, version, target, endpoints }) => {
      rememberTarget(world, applicationId, version, target);
      const created = endpoints.length > 0 && defaults(applicationId).length === 0;
      if (created) {
        for (const made of endpoints) world.endpoints.set(made.id, newDefault(world, applicationId, made));
      }
      followTarget(world, applicationId);
      return { created, endpoints: defaults(applicationId).map(showEndpoint) };
    },
  };
}
