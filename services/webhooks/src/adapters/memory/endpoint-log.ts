import type { EndpointLog, EndpointView } from "../../application/admin-ports.ts";
import { type MemoryWorld, type StoredEndpoint, showEndpoint } from "./world.ts";

function view(world: MemoryWorld, stored: StoredEndpoint): EndpointView {
  const own = [...world.deliveries.values()].filter((delivery) => delivery.endpointId === stored.id);
  const count = (...states: readonly string[]): number =>
    own.filter((delivery) => states.includes(delivery.state)).length;
  const backlog = { pending: count("PENDING"), parked: count("PARKED", "SUSPENDED") };
  return { ...showEndpoint(stored), backlog };
}

function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}

export function memoryEndpointLog(world: MemoryWorld): EndpointLog {
  const visible = (scope: { applicationId: number; mode: string }): StoredEndpoint[] =>
    [...world.endpoints.values()]
      .filter((e) => e.applicationId === scope.applicationId && e.mode === scope.mode)
      .filter((e) => e.state !== "DELETED")
      .sort((a, b) => a.id - b.id);
  return {
    list: async (scope, { limit, after }) =>
      visible(scope)
        .filter((e) => e.id > (after ?? 0))
        .slice(0, limit)
        .map((e) => view(world, e)),
    byId: async (id, scope) => {
      const found = visible(scope).find((e) => e.id === id);
      return found ? view(world, found) : null;
    },
    stats: async (id, windowMs) => {
      const ended = world.attempts.filter(
        (a) => a.endpointId === id && a.outcome !== null && a.claimedAt > world.now - windowMs,
      );
      const times = ended.map((a) => a.totalMs ?? 0).sort((a, b) => a - b);
      const byOutcome: Record<string, number> = {};
      for (const { outcome } of ended) byOutcome[outcome ?? ""] = (byOutcome[outcome ?? ""] ?? 0) + 1;
      const counts = { attempts: ended.length, succeeded: byOutcome.OK ?? 0, byOutcome };
      return { ...counts, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
    },
    secretsOf: async (applicationId) =>
      [...world.endpoints.values()]
        .filter((e) => e.applicationId === applicationId)
        .flatMap((e) =>
          e.secrets.map(({ ciphertext, nonce, kekId, ...info }) => ({
            ...info,
            endpointId: e.id,
            mode: e.mode,
            sealed: { ciphertext, nonce, kekId },
          })),
        ),
    recovery: async (id, scope) => {
      const found = world.recoveries.get(id);
      return found && visible(scope).some((e) => e.id === found.endpointId) ? found : null;
    },
  };
}
