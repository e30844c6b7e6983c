import type { SecretContext, SecretShelf } from "../../application/ports.ts";
import type { MemoryWorld } from "./world.ts";

const isAfter = (one: SecretContext, other: SecretContext | null): boolean =>
  other === null ||
  one.endpointId > other.endpointId ||
  (one.endpointId === other.endpointId && one.version > other.version);

export function memorySecretShelf(world: MemoryWorld): SecretShelf {
  return {
    sealedByOthers: async (kekId, { after, limit }) =>
      [...world.endpoints.values()]
        .flatMap(({ id, secrets }) =>
          secrets.map(({ version, ciphertext, nonce, kekId: by }) => ({
            endpointId: id,
            version,
            algorithm: "v1" as const,
            sealed: { ciphertext, nonce, kekId: by },
          })),
        )
        .filter((secret) => secret.sealed.kekId !== kekId && isAfter(secret, after))
        .sort((a, b) => (isAfter(a, b) ? 1 : -1))
        .slice(0, limit),
    replace: async ({ endpointId, version, sealed: before }, sealed) => {
      const endpoint = world.endpoints.get(endpointId);
      const isThere = endpoint?.secrets.some((s) => s.version === version && s.nonce === before.nonce);
      if (!endpoint || !isThere) return false;
      const secrets = endpoint.secrets.map((s) => (s.version === version ? { ...s, ...sealed } : s));
      world.endpoints.set(endpointId, { ...endpoint, secrets });
      return true;
    },
  };
}
